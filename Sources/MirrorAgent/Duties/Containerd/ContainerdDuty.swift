import KubeCore
import MirrorAPI
import MirrorPlanner

/// The containerd of a node: nothing is approved, claimed or restarted. The agent looks at its configuration, reports,
/// and writes at most one file.
struct ContainerdDuty: HostDuty {
    func hasRecord(of mirror: String, on agent: isolated NodeAgent) throws(HostError) -> Bool {
        try agent.containerdRecord(mirror) != nil
    }

    func gather(
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp,
        on agent: isolated NodeAgent
    ) async throws -> Gathered<ContainerdInput>? {
        guard let mirrorNodes else { return nil }
        let input = try await agent.gatherContainerd(mirror, mirrorNodes[mirror], now)
        var target = AgentInput(now: now, options: agent.options, mirror: mirror, host: HostView())
        target.live = LiveView(mirrorNode: input.mirrorNode)
        return Gathered(input: input, target: target)
    }

    func decide(_ input: ContainerdInput) -> AgentDecision { ContainerdDecision.decide(input) }

    /// Its seeds are pods, which say themselves that they are there.
    func daemon(of mirrorNode: MirrorNode) -> SeedDaemon? { nil }
}
