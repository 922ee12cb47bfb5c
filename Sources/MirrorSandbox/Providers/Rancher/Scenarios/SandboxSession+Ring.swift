import MirrorAPI
import MirrorPlanner

extension SandboxSession {
    /// Servers that ask each other for peers without end, once without the operator and once with it.
    ///
    /// With `keep` or `bare` it ends well when its task is cancelled while it waits for that.
    ///
    /// - Throws: `ScenarioFailure` where the symptom did not show or did not go, or where another cluster has no room.
    func runRing(_ distribution: RancherDistribution, _ wishes: SandboxScenario.Wishes) async throws {
        let blueprint = { FleetBlueprint.ring(distribution, servers: servers, network: $0) }
        if wishes.bare { return try await withFleet("fleet", index: 1, blueprint, runBare) }
        let scenario = RingScenario(RingScenario.Settings(distribution, servers: servers), say: say)
        let ring = blueprint("127.0.0")
        say(
            "\(servers) \(distribution.provider.rawValue) servers of version \(ring.version), "
                + "each told to join another one, in a ring"
        )
        let control = try await withFleet("control", index: 1, blueprint) { fleet, _ in
            try await scenario.control(fleet)
        }
        try await withFleet("cure", index: 2, blueprint) { fleet, cluster in
            let (before, after) = try await scenario.cure(fleet, api: cluster.api)
            let outcome = RingScenario.Outcome(
                before: before,
                after: after,
                controlBefore: control.0,
                controlAfter: control.1
            )
            report(outcome, scenario)
            if let complaint = scenario.verdict(on: outcome) { throw ScenarioFailure(complaint) }
            if wishes.keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(cluster.kubeconfig)")
                await Self.untilCancelled()
            }
        }
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
}
