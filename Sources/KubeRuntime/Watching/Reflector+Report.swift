import KubeCore
import Logging
import Metrics
import Synchronization

extension Reflector {
    /// Brings the gauges of the store's age and size up to date every `interval`, until the task is cancelled.
    public func recordProgress(every interval: Duration = .seconds(5)) async {
        let age = Gauge(label: "kube_runtime_store_age_seconds", dimensions: resourceDimension)
        let objects = Gauge(label: "kube_runtime_store_objects", dimensions: resourceDimension)
        while !Task.isCancelled {
            age.record(health.age.inSeconds)
            objects.record(store.count)
            try? await time.sleep(for: interval)
        }
    }

    func heard() {
        let now = time.now
        record.withLock { $0.lastHeard = now }
        server.heard()
    }

    func unreadable(_ keys: [ObjectKey], _ reason: String) {
        record.withLock { $0.unreadable += keys.count }
        Counter(label: "kube_runtime_unreadable_objects_total", dimensions: resourceDimension).increment(by: keys.count)
        let now = time.now
        // A page may be full of them, and the next one, too.
        guard record.withLock({ $0.unreadableLines.isDue(reason, at: now) }) else { return }
        for key in keys.prefix(10) {
            logger.warning(
                "Object cannot be read and is kept as it was known before",
                metadata: ["key": "\(key)", "error": "\(reason)"]
            )
        }
    }

    private var resourceDimension: [(String, String)] { [("resource", Object.resource.plural)] }

    func report(_ note: WatcherNote?) {
        guard let note, !Task.isCancelled else { return }
        record.withLock { $0.take(note) }
        switch note {
        case .relist(let reason):
            count("kube_runtime_relists_total", reason.rawValue)
            logger.info("List begins", metadata: ["reason": "\(reason.rawValue)"])
        case .noStreamingLists(let error):
            logger.log(
                level: server.isNews(.streamingLists) ? .info : .debug,
                "The server has no streaming lists: lists come by pages",
                metadata: ["error": "\(error)"]
            )
        case .noBookmarks:
            logger.log(
                level: server.isNews(.bookmarksOnRequest) ? .info : .debug,
                "The server sends no bookmarks where nothing happens: silence of a watch is no sign of a fault"
            )
        case .silence:
            Counter(label: "kube_runtime_watch_silences_total", dimensions: resourceDimension).increment()
            logger.debug("Watch is silent: the server is asked by a live read")
        case .restart(let reason):
            count("kube_runtime_watch_restarts_total", reason.rawValue)
            logger.debug("Watch is opened again", metadata: ["reason": "\(reason.rawValue)"])
        case .failure(let error, let delay):
            count("kube_runtime_watch_restarts_total", WatcherNote.Restart.failed.rawValue)
            let now = time.now
            let isNews = !error.wasReported && record.withLock { $0.failures.isDue("\(error)", at: now) }
            logger.log(
                level: isNews ? .warning : .debug,
                "List or watch failed",
                metadata: ["error": "\(error)", "retryAfter": "\(delay)"]
            )
        }
    }

    private func count(_ label: String, _ reason: String) {
        Counter(label: label, dimensions: resourceDimension + [("reason", reason)]).increment()
    }
}
