import MirrorAPI

extension SandboxSession {
    /// Upgrades a fleet from another release to this one and back, once when it is settled and once within a step.
    ///
    /// - Throws: `ScenarioFailure` where anything was restarted, rewritten or written.
    package func upgrade(from old: UpgradeScenario.Edition) async throws {
        let new = UpgradeScenario.Edition(name: "this release", executable: executable, crds: crds)
        let ring = RingScenario.Settings(provider: provider, servers: servers, deadline: 120)
        let settings = UpgradeScenario.Settings(old: old, new: new, ring: ring)
        say("\(servers) \(provider.rawValue) servers in a ring, healed by \(old.name)")
        try await withFleet("settled", index: 1) { fleet, cluster in
            try await UpgradeScenario(settings, fleet: fleet, cluster: cluster, say: say).settled()
        }
        say("another such ring, and an exchange within each of its two steps")
        try await withFleet("midway", index: 2) { fleet, cluster in
            try await UpgradeScenario(settings, fleet: fleet, cluster: cluster, say: say).midway()
        }
        say("0 restarts, 0 rewritten files, 0 writes of specifications, forth and back")
    }
}
