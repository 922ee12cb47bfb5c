import MirrorAPI
import MirrorPlanner

extension SandboxSession {
    /// Upgrades a fleet from another release to this one and back, once when it is settled and once within a step.
    ///
    /// - Throws: `ScenarioFailure` where anything was restarted, rewritten or written.
    func upgrade(_ distribution: RancherDistribution, from old: ProductEdition) async throws {
        let new = ProductEdition(name: "this release", executable: programs.product, crds: crds)
        let ring = RingScenario.Settings(distribution, servers: servers, deadline: 120)
        let settings = UpgradeScenario.Settings(old: old, new: new, ring: ring)
        let blueprint = { FleetBlueprint.ring(distribution, servers: servers, network: $0) }
        say("\(servers) \(distribution.provider.rawValue) servers in a ring, healed by \(old.name)")
        try await withFleet("settled", index: 1, blueprint) { fleet, cluster in
            try await UpgradeScenario(settings, fleet: fleet, cluster: cluster, say: say).settled()
        }
        say("another such ring, and an exchange within each of its two steps")
        try await withFleet("midway", index: 2, blueprint) { fleet, cluster in
            try await UpgradeScenario(settings, fleet: fleet, cluster: cluster, say: say).midway()
        }
        say("0 restarts, 0 rewritten files, 0 writes of specifications, forth and back")
    }
}
