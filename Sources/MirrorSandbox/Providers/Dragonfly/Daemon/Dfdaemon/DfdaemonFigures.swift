/// What a daemon counts.
struct DfdaemonFigures: Codable, Hashable, Sendable {
    var downloads = 0
    var failedDownloads = 0
    var sourceBytes: Int64 = 0
    var peerBytes: Int64 = 0
    var localBytes: Int64 = 0
    /// Bytes that it gave to others.
    var uploadedBytes: Int64 = 0
    var uploads = 0
    var failedUploads = 0
    /// Tasks that its last clean-up removed, and how many clean-ups there were.
    var collected = 0
    var collections = 0
    /// The last error of an announcement.
    var lastAnnounceError: String?

    init() {}

    /// The metrics, under the names of dragonflyoss/client `dragonfly-client-metric/src/lib.rs`.
    func metrics(disk: TaskStore.Usage, openFiles: Int, mostFiles: Int, version: String) -> String {
        let lines: [(String, String, String)] = [
            ("dragonfly_client_disk_space_total", "gauge", "\(disk.total)"),
            ("dragonfly_client_disk_usage_space_total", "gauge", "\(disk.used)"),
            (#"dragonfly_client_download_task_total{type="0",tag="",app="",priority="0"}"#, "counter", "\(downloads)"),
            (
                #"dragonfly_client_download_task_failure_total{type="0",tag="",app="",priority="0"}"#, "counter",
                "\(failedDownloads)"
            ),
            (#"dragonfly_client_download_traffic{type="BACK_TO_SOURCE",task_type="0"}"#, "counter", "\(sourceBytes)"),
            (#"dragonfly_client_download_traffic{type="REMOTE_PEER",task_type="0"}"#, "counter", "\(peerBytes)"),
            (#"dragonfly_client_download_traffic{type="LOCAL_PEER",task_type="0"}"#, "counter", "\(localBytes)"),
            (#"dragonfly_client_upload_traffic{task_type="0"}"#, "counter", "\(uploadedBytes)"),
            ("dragonfly_client_concurrent_upload_piece_total", "gauge", "0"),
            (#"dragonfly_client_version{git_version="\#(version)"}"#, "gauge", "1"),
            ("process_open_fds", "gauge", "\(openFiles)"), ("process_max_fds", "gauge", "\(mostFiles)"),
        ]
        return PrometheusText.of(lines)
    }
}

/// Figures as Prometheus reads them.
enum PrometheusText {
    /// - Parameter rows: name with its labels, type, value; those of one name follow each other.
    static func of(_ rows: [(String, String, String)]) -> String {
        var text = ""
        var last = ""
        for (name, type, value) in rows {
            let plain = String(name.prefix { $0 != "{" })
            if plain != last { text += "# TYPE \(plain) \(type)\n" }
            text += "\(name) \(value)\n"
            last = plain
        }
        return text
    }
}
