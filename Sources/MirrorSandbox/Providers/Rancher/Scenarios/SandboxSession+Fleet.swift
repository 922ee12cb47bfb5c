import Logging

extension SandboxSession {
    /// - Parameters:
    ///   - blueprint: the fleet in a network.
    ///   - adjust: changes what the fleet is made from.
    func withFleet<Result: Sendable>(
        _ name: String,
        index: Int,
        _ blueprint: (String) -> FleetBlueprint,
        adjust: (inout SimulatedFleet.Settings) -> Void = { _ in },
        _ body: (SimulatedFleet, SandboxCluster) async throws -> Result
    ) async throws -> Result {
        let folder = "\(directory)/\(name)"
        let cluster =
            if let kubeconfig { try SandboxCluster.external(kubeconfig: kubeconfig) } else {
                try await SandboxCluster.embedded(in: folder, host: listen.host, port: listen.port)
            }
        // A loopback network of its own for each fleet on this machine.
        let network = "127.\(80 + index).\(Int.random(in: 1...250))"
        let blueprint = blueprint(network)
        // Before anything is created, and outside of what is cleaned up: all that `end` deletes is then of this run.
        try await cluster.requireRoom(forNodes: blueprint.hosts.map(\.name))
        try await cluster.prepare(crds: crds, namespace: "p2pmirror-system")
        var settings = SimulatedFleet.Settings(
            blueprint: blueprint,
            directory: folder,
            programs: programs,
            kubeconfig: cluster.kubeconfig
        )
        adjust(&settings)
        let fleet = try SimulatedFleet(settings, api: cluster.api, logger: Logger(label: "fleet"))
        do {
            let result = try await body(fleet, cluster)
            await Self.end(fleet, cluster)
            return result
        } catch {
            await Self.end(fleet, cluster)
            throw error
        }
    }

    /// In a task of its own: after Ctrl-C this one is cancelled, and each request of it would fail.
    private static func end(_ fleet: SimulatedFleet, _ cluster: SandboxCluster) async {
        await Task {
            await fleet.stop()
            await cluster.end(ofNodes: fleet.settings.blueprint.hosts.map(\.name))
        }.value
    }

    func runBare(_ fleet: SimulatedFleet, _ cluster: SandboxCluster) async throws {
        try await fleet.start()
        say("export KUBECONFIG=\(cluster.kubeconfig)")
        await Self.untilCancelled()
    }
}
