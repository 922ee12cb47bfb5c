import KubeCore
import MirrorAPI
import MirrorPlanner

/// The service of a distribution: its files, its restarts one at a time, and the announcement of its seed.
struct ServiceDuty: HostDuty {
    /// Whatever no other duty has a record of is looked for in a journal.
    func hasRecord(of mirror: String, on agent: isolated NodeAgent) throws(HostError) -> Bool { false }

    func gather(
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp,
        on agent: isolated NodeAgent
    ) async throws -> Gathered<AgentInput>? {
        let (input, fault) = try await agent.gather(mirror, mirrorNodes, now)
        return Gathered(input: input, target: input, fault: fault)
    }

    func decide(_ input: AgentInput) -> AgentDecision { AgentDecision.decide(input) }

    func daemon(of mirrorNode: MirrorNode) -> SeedDaemon? {
        guard let distribution = RancherDistribution(mirrorNode.spec.provider) else { return nil }
        return distribution.defaultProbes.first.map { probe in
            SeedDaemon(unit: distribution.unit(of: mirrorNode.spec.role), probe: probe)
        }
    }
}
