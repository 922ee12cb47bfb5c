import KubeCore
import Logging
package import MirrorAPI
import MirrorPlanner

/// One run of `p2pmirror sandbox`: clusters, fleets, scenario and report.
package struct SandboxSession: Sendable {
    package let provider: Provider
    package let servers: Int
    package let directory: String
    package let crds: String
    package let listen: (host: String, port: UInt16)
    package let kubeconfig: String?
    package let executable: String
    package let say: @Sendable (String) -> Void

    package init(
        provider: Provider,
        servers: Int,
        directory: String,
        crds: String,
        listen: (host: String, port: UInt16),
        kubeconfig: String?,
        executable: String,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.provider = provider
        self.servers = servers
        self.directory = directory
        self.crds = crds
        self.listen = listen
        self.kubeconfig = kubeconfig
        self.executable = executable
        self.say = say
    }

    /// With `keep` or `bare` it ends well when its task is cancelled while it waits for that.
    ///
    /// - Throws: `ScenarioFailure` where the symptom did not show or did not go, or where another cluster has no room.
    package func run(keep: Bool, bare: Bool) async throws {
        if bare {
            return try await withFleet("fleet", index: 1, runBare)
        }
        let scenario = RingScenario(RingScenario.Settings(provider: provider, servers: servers), say: say)
        let ring = FleetBlueprint.ring(provider: provider, servers: servers, network: "127.0.0")
        say(
            "\(servers) \(provider.rawValue) servers of version \(ring.version), "
                + "each told to join another one, in a ring"
        )
        let control = try await withFleet("control", index: 1) { fleet, _ in try await scenario.control(fleet) }
        try await withFleet("cure", index: 2) { fleet, cluster in
            let (before, after) = try await scenario.cure(fleet, api: cluster.api)
            let outcome = RingScenario.Outcome(
                before: before,
                after: after,
                controlBefore: control.0,
                controlAfter: control.1
            )
            report(outcome, scenario)
            if let complaint = scenario.verdict(on: outcome) { throw ScenarioFailure(complaint) }
            if keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(cluster.kubeconfig)")
                await Self.untilCancelled()
            }
        }
    }

    func runBare(_ fleet: SimulatedFleet, _ cluster: SandboxCluster) async throws {
        try await fleet.start()
        say("export KUBECONFIG=\(cluster.kubeconfig)")
        await Self.untilCancelled()
    }

    private func report(_ outcome: RingScenario.Outcome, _ scenario: RingScenario) {
        say("")
        let table = WindowTable([
            ("before", outcome.before), ("after", outcome.after), ("control, first", outcome.controlBefore),
            ("control, later", outcome.controlAfter),
        ])
        for line in table.lines { say(line) }
        say("requests for peers down by \(WindowTable.rounded(outcome.reduction)) %; windows of equal length, each")
        say("with one search for peers by each server; CPU is that of each server's own process")
    }

    /// - Parameters:
    ///   - blueprint: given a network; nil for a ring.
    ///   - adjust: changes what the fleet is made from.
    func withFleet<Result: Sendable>(
        _ name: String,
        index: Int,
        blueprint: ((String) -> FleetBlueprint)? = nil,
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
        let blueprint =
            blueprint?(network) ?? FleetBlueprint.ring(provider: provider, servers: servers, network: network)
        // Before anything is created, and outside of what is cleaned up: all that `end` deletes is then of this run.
        try await cluster.requireRoom(for: blueprint)
        try await cluster.prepare(crds: crds, namespace: "p2pmirror-system")
        var settings = SimulatedFleet.Settings(
            blueprint: blueprint,
            directory: folder,
            executable: executable,
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
            await cluster.end(of: fleet.settings.blueprint)
        }.value
    }

    static func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }
}
