import KubeCore
import Logging
import Synchronization

extension DfdaemonService {
    /// How one download went, for whoever asked for it.
    struct Download: Codable, Hashable, Sendable {
        var task: String
        var size: Int64
        var sourceBytes: Int64 = 0
        var peerBytes: Int64 = 0
        var localBytes: Int64 = 0
        /// Seconds until it knew from whom to get it, and until it had it.
        var waited = 0.0
        var seconds = 0.0
        /// Why it went to the source.
        var reason = ""
        /// Why it failed.
        var error: String?
        /// Parents that it tried in vain.
        var failedParents = 0

        init(task: String, size: Int64) {
            self.task = task
            self.size = size
        }
    }

    /// Files up to this size are taken from the source without a scheduler (dragonflyoss/client
    /// `dragonfly-client/src/resource/task.rs`).
    static let smallFile: Int64 = 4 << 20

    /// Gets a task, once however many ask for it.
    func download(_ task: String, size: Int64) async -> Download {
        let running = state.withLock { state in
            if let running = state.running[task] { return running }
            let running = Task { await self.get(task, size: size) }
            state.running[task] = running
            return running
        }
        let result = await running.value
        state.withLock { $0.running[task] = nil }
        return result
    }

    private func get(_ task: String, size: Int64) async -> Download {
        var download = Download(task: task, size: size)
        let begin = ContinuousClock().now
        if store.has(task) {
            download.localBytes = size
        } else {
            await get(&download, since: begin)
        }
        download.seconds = Self.seconds(ContinuousClock().now - begin)
        let result = download
        state.withLock { state in
            state.figures.downloads += 1
            if result.error != nil { state.figures.failedDownloads += 1 }
            state.figures.sourceBytes += result.sourceBytes
            state.figures.peerBytes += result.peerBytes
            state.figures.localBytes += result.localBytes
        }
        return result
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private func get(_ download: inout Download, since begin: ContinuousClock.Instant) async {
        if download.size <= Self.smallFile {
            download.reason = "small files skip the scheduler"
        } else if await getFromParents(&download, since: begin) {
            return await report(download.task, .succeeded, peerBytes: download.peerBytes)
        }
        if download.waited == 0 { download.waited = Self.seconds(ContinuousClock().now - begin) }
        do {
            let (host, port) = Self.split(identity.source) ?? ("", 0)
            download.sourceBytes = try await fetch(
                download.task,
                from: (host, UInt16(clamping: port)),
                path: "/blobs/\(download.task)?size=\(download.size)&by=\(hostID)"
            )
            await report(download.task, .succeeded, sourceBytes: download.sourceBytes, peerBytes: download.peerBytes)
        } catch {
            logger.error("download task failed: \(error)")
            download.error = "\(error)"
            await report(download.task, .failed)
        }
    }

    /// Gets a task from those that its scheduler names; false where it is to come from the source.
    private func getFromParents(_ download: inout Download, since begin: ContinuousClock.Instant) async -> Bool {
        var blocked: [String] = []
        for _ in 0..<max(1, settings.maxScheduleCount) {
            let directions: SchedulerDirections
            switch await register(download, blocked) {
            case .success(let found): directions = found
            case .failure(let words):
                download.reason = words.description
                return false
            }
            if download.waited == 0 { download.waited = Self.seconds(ContinuousClock().now - begin) }
            guard !directions.parents.isEmpty else {
                download.reason = directions.reason
                return false
            }
            for parent in directions.parents {
                do {
                    download.peerBytes = try await fetch(
                        download.task,
                        from: (parent.ip, settings.piecePort),
                        path: "/tasks/\(download.task)"
                    )
                    return true
                } catch {
                    logger.warning("parent \(parent.peerID) failed: \(error)")
                    download.failedParents += 1
                    blocked.append(parent.peerID)
                }
            }
        }
        download.reason = "max schedule count \(settings.maxScheduleCount) exceeded"
        return false
    }

    private func register(
        _ download: Download,
        _ blocked: [String]
    ) async -> Result<SchedulerDirections, PieceFetch.Failure> {
        let task = download.task
        let call = SchedulerRegistration(
            hostID: hostID,
            peerID: peerID(of: task),
            taskID: task,
            size: download.size,
            blocked: blocked
        )
        switch await ask(SchedulerRegistration.path, call, of: task) {
        case nil: return .failure(PieceFetch.Failure(description: SchedulerChoice.none))
        case .failed(let fault): return .failure(PieceFetch.Failure(description: fault.description))
        case .answered(let bytes):
            guard let directions = try? JSONCoding.decode(SchedulerDirections.self, from: bytes) else {
                return .failure(PieceFetch.Failure(description: "the scheduler's answer can't be read"))
            }
            return .success(directions)
        }
    }

    /// Gets a task's bytes onto the disk.
    private func fetch(_ task: String, from place: (String, UInt16), path: String) async throws -> Int64 {
        guard reaches(place.0) else {
            try await Task.sleep(for: scale.connectTimeout)
            throw PieceFetch.Failure(description: "no connection in time")
        }
        let writer = try store.begin(task)
        do {
            let count = try await PieceFetch.get(place.0, place.1, path, connect: scale.connectTimeout) {
                try writer.write($0)
            }
            store.end(task, writer, complete: true)
            return count
        } catch {
            store.end(task, writer, complete: false)
            throw error
        }
    }

    /// What a child gets that asks for a task: all of it, once it is there.
    func upload(_ task: String) async -> [UInt8]? {
        if let running = state.withLock({ $0.running[task] }) { _ = await running.value }
        let bytes = store.read(task)
        state.withLock { state in
            if let bytes {
                state.figures.uploads += 1
                state.figures.uploadedBytes += Int64(bytes.count)
            } else {
                state.figures.failedUploads += 1
            }
        }
        return bytes
    }
}
