import KubeCore
import MirrorAPI

/// A step that its agent has ended, of a mirror that may not act now.
///
/// Nothing is begun by giving the Lease back, and while it is held no other mirror can do anything. It rests on nothing
/// that the mirror says but how long a node must have been well.
struct EndedStep {
    private let lease: Lease
    private let holder: DisruptionHolder
    private let agent: MirrorNodeStatus.Agent

    /// Nil where the mirror has no such step, or where the node does not show that it is well.
    init?(ofMirror mirror: String, _ snapshot: Snapshot) {
        guard snapshot.staleness == nil, let lease = snapshot.disruption, let holder = DisruptionHolder(lease),
            lease.metadata.annotations[AnnotationKey.holderMirror] == mirror,
            let taken = lease.spec?.acquireTime?.timestamp, let epoch = lease.spec?.leaseTransitions,
            let object = snapshot.mirrorNodes.first(where: {
                $0.spec.mirrorName == mirror && $0.spec.nodeName == holder.node
            }), holder.isFor(object, takenAt: taken), let agent = object.status?.agent,
            agent.revision == holder.revision, agent.epoch == epoch, agent.phase == .applied || agent.phase == .failed,
            let node = snapshot.nodes.first(where: { $0.metadata.name == holder.node }),
            node.metadata.uid ?? "" == object.spec.nodeUID, object.spec.provider.rules.hasRecovered(node)
        else { return nil }
        self.lease = lease
        self.holder = holder
        self.agent = agent
    }

    /// - Parameter seconds: how long the node must have been well after its restart.
    func released(_ reason: Reason, _ why: String, after seconds: Int, at now: Timestamp) -> StepOutcome {
        let end = agent.restartedAt.map { $0 + seconds } ?? now
        guard now >= end else { return StepOutcome(deadline: end) }
        let message = "The step on \(holder.node) is over (\(agent.phase.rawValue)), and its node is well; \(why)"
        return StepOutcome(
            writes: [.releaseDisruption(from: lease, reason: reason, message: message)],
            notes: [Note(.normal, node: holder.node, reason: reason, message: message)]
        )
    }
}
