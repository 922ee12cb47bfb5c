import MirrorAPI
import MirrorPlanner

extension SandboxScenario {
    static func ring(of distribution: RancherDistribution) -> SandboxScenario {
        SandboxScenario(
            name: "\(distribution.program)-ring",
            summary: "\(distribution.provider.rawValue) servers that ask each other for peers without end"
        ) { session, wishes in
            try await session.runRing(distribution, wishes)
        }
    }

    static func seedIncidents(of distribution: RancherDistribution) -> [SandboxScenario] {
        SandboxSession.SeedIncident.allCases.map { incident in
            SandboxScenario(name: incident.rawValue, summary: incident.summary) { session, wishes in
                try await session.run(incident, distribution, wishes)
            }
        }
    }

    static func upgrade(of distribution: RancherDistribution) -> SandboxScenario {
        SandboxScenario(
            name: "upgrade",
            summary: "the release of --previous heals the ring, this one is put in its place and taken back; fails "
                + "where a service was restarted, a file rewritten or a specification written",
            isExchange: true
        ) { session, wishes in
            guard let previous = wishes.previous else {
                throw ScenarioFailure("the scenario upgrade needs another release to upgrade from")
            }
            try await session.upgrade(distribution, from: previous)
        }
    }
}
