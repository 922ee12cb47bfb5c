import KubeCore
import MirrorAPI

/// What the MirrorNode of a node of a distribution is to say.
struct MirrorNodeSpecs {
    private let assessment: Assessment
    private let fleet: Fleet
    /// The node for which this mirror holds the disruption Lease: its setting stays until the step is over.
    private let frozen: String?
    /// Nil where nothing is restored.
    private let restore: RestorePlanning?

    init(_ assessment: Assessment, frozen: String?) {
        self.assessment = assessment
        fleet = assessment.fleet
        self.frozen = frozen
        restore =
            fleet.mirror.spec.deletionPolicy == .restore
            ? RestorePlanning(fleet, assessment.topology.graph, wanted: assessment.settings) : nil
    }

    /// - Parameters:
    ///   - number: of a server; nil for an agent.
    ///   - agent: number of an agent; nil for a server.
    ///   - present: the MirrorNode as it is.
    func spec(of node: RancherNode, _ number: Int?, _ agent: Int?, _ present: MirrorNode?) -> MirrorNodeSpec {
        var spec = MirrorNodeSpec(
            mirrorName: fleet.mirror.metadata.name,
            nodeName: node.name,
            nodeUID: node.uid,
            provider: fleet.mirror.spec.provider,
            role: node.role,
            desired: present?.spec.desired,
            revision: present?.spec.revision,
            announceIntervalSeconds: node.isSeed
                ? fleet.mirror.spec.liveness.announceIntervalSeconds : nil
        )
        // Under Observe nothing is wished for; what an Enforce before it wished for is kept.
        if fleet.mirror.spec.mode == .enforce, frozen != node.name {
            spec.desired = assessment.desired(of: node, server: number, agent: agent, present)
            let isOther =
                spec.desired != present?.spec.desired
                && (spec.desired?.effect ?? "none") != (present?.spec.desired?.effect ?? "none")
            if isOther || spec.revision.map(MirrorNodePlanning.isCountTooLong) == true {
                spec.revision = MirrorNodePlanning.revision(after: present?.spec.revision, spec.desired)
            }
        }
        // Where nothing was ever asked for, no file of ours can be; unless another MirrorNode asked for it, which went
        // with its definitions, and the agent has found the file.
        let mayHoldFiles = spec.revision != nil || present?.status?.agent?.host?.written != nil
        if let restore, mayHoldFiles { spec.deletionPolicy = policy(restore, number) }
        return spec
    }

    /// An agent of the distribution has no edge: its registries may be restored at any time.
    private func policy(_ restore: RestorePlanning, _ number: Int?) -> DeletionPolicy? {
        number.map { restore.isAllowed[$0] } ?? true ? .restore : nil
    }
}
