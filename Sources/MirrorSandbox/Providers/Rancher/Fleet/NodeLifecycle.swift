import KubeCore
import Synchronization

/// The node controller's part: a node whose daemon has ended is no longer Ready, once its grace is over.
final class NodeLifecycle: Sendable {
    private let api: KubeAPI
    private let blueprint: FleetBlueprint
    private let grace: Duration
    private let waiting = Mutex<[Task<Void, Never>]>([])

    init(_ api: KubeAPI, _ blueprint: FleetBlueprint, grace: Duration) {
        self.api = api
        self.blueprint = blueprint
        self.grace = grace
    }

    /// - Parameter supervisor: knows whether the daemon runs again by then.
    func daemonEnded(_ unit: String, _ supervisor: Supervisor) async {
        let name = unit.prefix { $0 != "/" }
        guard unit.contains("/"), let host = blueprint.host(String(name)) else { return }
        guard grace > .zero else { return await markUnknown(host) }
        let starts = supervisor.state(of: unit)?.starts
        let wait = Task {
            try? await Task.sleep(for: grace)
            guard !Task.isCancelled, supervisor.state(of: unit)?.starts == starts else { return }
            await markUnknown(host)
        }
        waiting.withLock { $0.append(wait) }
    }

    /// Marks no node any more.
    func stop() {
        waiting.withLock { waiting in
            for wait in waiting { wait.cancel() }
            waiting = []
        }
    }

    private func markUnknown(_ host: FleetBlueprint.Host) async {
        let publisher = NodePublisher(api, NodeAdvertisement(host: host, blueprint: blueprint))
        try? await publisher.report(ready: "Unknown", voter: host.hasEtcdMember, now: WallClock.now().timestamp)
    }
}
