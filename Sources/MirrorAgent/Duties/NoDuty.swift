import KubeCore
import MirrorAPI
import MirrorPlanner

/// Nothing: what is wanted of nodes with such a mirror is done by pods alone, and no MirrorNode is made for one.
struct NoDuty: HostDuty {
    func hasRecord(of mirror: String, on agent: isolated NodeAgent) throws(HostError) -> Bool { false }

    func gather(
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp,
        on agent: isolated NodeAgent
    ) async throws -> Gathered<Never>? { nil }

    func decide(_ input: Never) -> AgentDecision {}

    func daemon(of mirrorNode: MirrorNode) -> SeedDaemon? { nil }
}
