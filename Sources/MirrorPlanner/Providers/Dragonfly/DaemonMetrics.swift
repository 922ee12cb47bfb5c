import KubeCore

/// What a daemon or a scheduler exports that tells how it fares.
///
/// Names: dragonflyoss/client `dragonfly-client-metric/src/lib.rs`; dragonflyoss/dragonfly
/// `scheduler/metrics/metrics.go`; `process_*` are those of every Prometheus client.
package struct DaemonMetrics: Codable, Hashable, Sendable {
    /// Bytes of the file system that its content is on; the threshold of its clean-up does not count here.
    package var diskTotal: Double?
    package var diskUsed: Double?
    package var openFiles: Double?
    package var fileLimit: Double?
    /// Bytes given to others.
    package var uploaded: Double?
    /// Bytes taken from the source, from other daemons, and found in its own content.
    package var fromSource: Double?
    package var fromPeers: Double?
    package var fromItself: Double?

    package init(
        diskTotal: Double? = nil,
        diskUsed: Double? = nil,
        openFiles: Double? = nil,
        fileLimit: Double? = nil,
        uploaded: Double? = nil,
        fromSource: Double? = nil,
        fromPeers: Double? = nil,
        fromItself: Double? = nil
    ) {
        self.diskTotal = diskTotal
        self.diskUsed = diskUsed
        self.openFiles = openFiles
        self.fileLimit = fileLimit
        self.uploaded = uploaded
        self.fromSource = fromSource
        self.fromPeers = fromPeers
        self.fromItself = fromItself
    }

    /// Reads a page in the text format of Prometheus. What is no number in it counts for nothing.
    package init(page: String) {
        self.init()
        for line in page.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let end = line.lastIndex(of: " "), let value = Double(line[line.index(after: end)...]),
                value.isFinite, (0...9e18).contains(value)
            else { continue }
            let series = line[..<end]
            let name = series.prefix { $0 != "{" && $0 != " " }
            take(name, series.dropFirst(name.count), value)
        }
    }

    private mutating func take(_ name: Substring, _ labels: Substring, _ value: Double) {
        func add(_ path: WritableKeyPath<DaemonMetrics, Double?>) {
            self[keyPath: path] = (self[keyPath: path] ?? 0) + value
        }
        switch name {
        case "dragonfly_client_disk_space_total": diskTotal = value
        case "dragonfly_client_disk_usage_space_total": diskUsed = value
        case "process_open_fds": openFiles = value
        case "process_max_fds": fileLimit = value
        case "dragonfly_client_upload_traffic": add(\.uploaded)
        case "dragonfly_client_download_traffic", "dragonfly_scheduler_traffic":
            if labels.contains("type=\"BACK_TO_SOURCE\"") { add(\.fromSource) }
            if labels.contains("type=\"REMOTE_PEER\"") { add(\.fromPeers) }
            if labels.contains("type=\"LOCAL_PEER\"") { add(\.fromItself) }
        default: break
        }
    }

    /// In whole percent, rounded down; nil where it can't be told.
    package var diskUsedPercent: Int? { Self.percent(diskUsed, of: diskTotal) }
    package var filesUsedPercent: Int? { Self.percent(openFiles, of: fileLimit) }

    private static func percent(_ part: Double?, of whole: Double?) -> Int? {
        guard let part, let whole, whole > 0 else { return nil }
        return Int(min(100, part / whole * 100))
    }
}
