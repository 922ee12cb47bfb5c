import MirrorAPI
import MirrorPlanner

extension SandboxSession {
    /// Which seed scenario.
    enum SeedIncident: String, CaseIterable, Sendable {
        case crashedPeer = "crashed-peer"
        case diskFull = "disk-full"

        var summary: String {
            switch self {
            case .crashedPeer: "a seed that dies without saying goodbye"
            case .diskFull: "a seed whose disk is full (needs user namespaces: unshare -Urm)"
            }
        }
    }

    /// An incident of one seed, once without the operator and once with it.
    ///
    /// - Throws: `ScenarioFailure` where symptom, eviction or readmission did not show in their time.
    func run(
        _ incident: SeedIncident,
        _ distribution: RancherDistribution,
        _ wishes: SandboxScenario.Wishes
    ) async throws {
        let scenario = try await scenario(incident, distribution)
        let settings = scenario.settings
        if wishes.bare { return try await withSeeds("fleet", index: 1, settings, runBare) }
        let version = settings.blueprint(network: "127.0.0").version
        say(
            "\(settings.servers) \(distribution.provider.rawValue) servers of version \(version) in a star and "
                + "\(settings.agents) agents, each a peer of the others\n\(scenario.incident)"
        )
        say("control run, without the operator: two windows of \(settings.searches / 4) s")
        let control = try await withSeeds("control", index: 1, settings) { fleet, cluster in
            try await fleet.start()
            try await fleet.untilWhole(settings, cluster.api)
            return try await scenario.control(fleet)
        }
        try await withSeeds("cure", index: 2, settings) { fleet, cluster in
            try await fleet.start()
            try await fleet.untilWhole(settings, cluster.api)
            say("the same with the operator:")
            let outcome = try await scenario.cure(fleet, api: cluster.api)
            report(outcome, control)
            if let complaint = outcome.complaint(control: control) { throw ScenarioFailure(complaint) }
            if wishes.keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(cluster.kubeconfig)")
                await Self.untilCancelled()
            }
        }
    }

    private func scenario(
        _ incident: SeedIncident,
        _ distribution: RancherDistribution
    ) async throws -> any SeedScenario {
        var settings = SeedScenarioSettings(distribution, servers: servers)
        switch incident {
        case .crashedPeer: return CrashedPeerScenario(settings, say: say)
        case .diskFull:
            try await ContentVolume.requireAllowed()
            settings.contentMebibytes = DiskFullScenario.mebibytes
            return DiskFullScenario(settings, say: say)
        }
    }

    private func withSeeds<Result: Sendable>(
        _ name: String,
        index: Int,
        _ settings: SeedScenarioSettings,
        _ body: (SimulatedFleet, SandboxCluster) async throws -> Result
    ) async throws -> Result {
        try await withFleet(
            name,
            index: index,
            settings.blueprint,
            adjust: settings.adjust,
            body
        )
    }

    private func report(_ outcome: SeedOutcome, _ control: (SearchWindow, SearchWindow)) {
        say("")
        let columns = [
            ("before", outcome.before), ("evicted", outcome.evicted), ("back", outcome.back),
            ("control, first", control.0), ("control, later", control.1),
        ]
        for line in SearchTable.lines(columns, culprit: outcome.culprit) { say(line) }
        say(
            "windows of equal length, each with one search by a newcomer every 250 ms, which dials every address that a"
        )
        say("server hands out, and pulls a layer there")
        say("")
        say("seconds since the incident's begin:")
        for line in ExpectedTime.lines(outcome.times, after: outcome.begin) { say(line) }
        say("\(outcome.culprit): \(outcome.states.map(\.rawValue).joined(separator: ", "))")
        for remark in outcome.remarks { say(remark) }
    }
}
