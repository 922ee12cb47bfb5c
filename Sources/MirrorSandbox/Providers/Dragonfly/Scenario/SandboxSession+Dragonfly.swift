import KubeCore
import Logging
import MirrorAPI

extension SandboxScenario {
    static var dragonflyDiskFull: SandboxScenario {
        SandboxScenario(
            name: "dragonfly-disk-full",
            summary:
                "a seed of Dragonfly whose disk is full and whose health says SERVING (embedded API server only; it "
                + "has a number of nodes of its own; needs user namespaces: unshare -Urm)"
        ) { session, wishes in
            try await session.runDragonflyDiskFull(wishes)
        }
    }

    /// Scenarios that are not offered yet.
    package static var unlisted: [SandboxScenario] { [dragonflyDiskFull] }
}

extension SandboxSession {
    func runDragonflyDiskFull(_ wishes: SandboxScenario.Wishes) async throws {
        try await ContentVolume.requireAllowed()
        let settings = DragonflyDiskFull.Settings()
        say(
            "Dragonfly v2.5.1 with clients v1.5.1. Its times are a \(settings.factor)th of the chart's, and so are those of "
                + "its code that no setting has"
        )
        let scenario = DragonflyDiskFull(settings: settings) { say("control: \($0)") }
        let control = try await withDragonfly("control", index: 5, listen: listen, claims: scenario.claims) {
            pods,
            source in
            let run = try await scenario.runControl(pods, source)
            if wishes.keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(pods.settings.kubeconfig)")
                await Self.untilCancelled()
            }
            return run
        }
        say("")
        let columns = [
            ("control: before", control.before), ("disk full", control.during), ("later", control.after),
        ]
        for line in DragonflyTable.lines(columns, seed: "seed-client-0") { say(line) }
        if let missing = control.missingSymptom { throw ScenarioFailure("the symptom did not show: \(missing)") }
    }

    /// A cluster of Pods of its own, with a source beside it.
    func withDragonfly<Result: Sendable>(
        _ name: String,
        index: Int,
        listen: (host: String, port: UInt16),
        claims: [String: Int] = [:],
        enforcement: PolicyEnforcement = PolicyEnforcement(),
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
        settings.claims = claims
        settings.enforcement = enforcement
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
}
