import KubeCore
import Logging
import MirrorAPI

/// One run: a simulated release on a cluster of its own, with clients that get tasks, and the operator where somebody
/// looks after it.
struct DragonflyStage: Sendable {
    /// What it is made from.
    struct Plan: Sendable {
        var release = DragonflyRelease()
        var nodes = 6
        /// MiB of the disk of each seed, by its number; of those that are missing 1024.
        var disks: [Int: Int] = [:]
        /// What the administrator applies; nil where nobody looks after the release.
        var mirror: P2PMirror?

        fileprivate var claims: [String: Int] {
            let numbers = 0..<release.seeds
            return Dictionary(
                uniqueKeysWithValues: numbers.map {
                    ("storage-\(DragonflyRelease.name)-seed-client-\($0)", disks[$0] ?? 1_024)
                }
            )
        }
    }

    let fleet: SimulatedDragonfly
    /// Tells the tasks apart that belong to the first seed.
    var load: DragonflyLoad
    /// What the operator says; nil where there is none.
    let follower: ConditionFollower?
    let say: @Sendable (String) -> Void

    static let firstSeed = "\(DragonflyRelease.name)-seed-client-0"

    /// Waits until that is so, looking often.
    ///
    /// - Parameter isDone: whether it is.
    func wait(for what: String, within seconds: Double, _ isDone: () async throws -> Bool) async throws {
        let end = ContinuousClock().now + .seconds(seconds)
        while ContinuousClock().now < end {
            if try await isDone() { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw ScenarioFailure("\(what) did not come within \(Int(seconds)) s")
    }
}

extension SandboxSession {
    /// Sets a stage up, runs on it, and clears it away.
    ///
    /// - Parameters:
    ///   - name: of the run, for people.
    ///   - index: of its network; no other run has it at the same time.
    func onStage<Result: Sendable>(
        _ name: String,
        index: Int,
        _ plan: DragonflyStage.Plan,
        listen: (host: String, port: UInt16)? = nil,
        _ body: @escaping @Sendable (DragonflyStage) async throws -> Result
    ) async throws -> Result {
        let tell: @Sendable (String) -> Void = { say("\(name): \($0)") }
        let place = listen ?? (self.listen.host, 0)
        return try await withCluster(name, index: index, listen: place, plan) { pods, source in
            var release = plan.release
            release.source = source.authority
            let fleet = try await SimulatedDragonfly.started(on: pods, release, nodes: plan.nodes)
            tell("\(release.schedulers) schedulers, \(release.seeds) seeds, \(plan.nodes) clients are up")
            var load = DragonflyLoad(fleet: fleet, source: source)
            load.ring = (await fleet.schedulerFigures()).compactMap(\.figures).first?.ring ?? []
            load.seed = "\(await fleet.address(ofPod: DragonflyStage.firstSeed) ?? ""):4000"
            guard let mirror = plan.mirror else {
                return try await body(DragonflyStage(fleet: fleet, load: load, follower: nil, say: tell))
            }
            let follower = ConditionFollower(pods.objects.api, name: DragonflyMirror.name, say: tell)
            let stage = DragonflyStage(fleet: fleet, load: load, follower: follower, say: tell)
            return try await follower.following {
                try await DragonflyMirror.start(mirror, on: pods, follower)
                return try await body(stage)
            }
        }
    }

    /// A cluster of Pods of its own, with a source beside it.
    private func withCluster<Result: Sendable>(
        _ name: String,
        index: Int,
        listen: (host: String, port: UInt16),
        _ plan: DragonflyStage.Plan,
        _ body: @Sendable (PodCluster, SourceServer) async throws -> Result
    ) async throws -> Result {
        let folder = "\(directory)/\(name)"
        let cluster = try await SandboxCluster.embedded(in: folder, host: listen.host, port: listen.port)
        var settings = PodCluster.Settings(
            directory: folder,
            programs: programs,
            kubeconfig: cluster.kubeconfig,
            network: "127.\(80 + index).\(Int.random(in: 1...250))"
        )
        settings.claims = plan.claims
        settings.timeFactor = plan.release.factor
        settings.hasNames = plan.release.discovery == .name
        let source = try await SourceServer(address: "\(settings.network).1")
        source.start()
        let pods = try PodCluster(settings, api: cluster.api, logger: Logger(label: "pods"))
        let result: Swift.Result<Result, any Error>
        do {
            try await cluster.prepare(crds: crds, namespace: settings.leaseNamespace)
            pods.start()
            result = .success(try await body(pods, source))
        } catch {
            result = .failure(error)
        }
        // In a task of its own: after Ctrl-C this one is cancelled, and each request of it would fail.
        await Task {
            await pods.stop()
            await source.stop()
            await cluster.end(ofNodes: [])
        }.value
        return try result.get()
    }

    /// What is simulated, and how fast.
    static func dragonflyWords(factor: Int) -> String {
        """
        Dragonfly v2.5.1 with clients v1.5.1. Its times are those of the chart divided by \(factor), and so are \
        those of its code that no setting has, and what the operator waits for them
        """
    }
}
