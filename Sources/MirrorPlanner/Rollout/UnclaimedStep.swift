import KubeCore
import MirrorAPI

/// A step that no agent has begun, of a mirror that may not act now.
///
/// A hold that left an approval open would not hold: the agent could claim it as long as it is good. So the approval is
/// taken back, and the Lease after it. What is claimed or was carried out is left alone. It rests on nothing that the
/// mirror says, so that it works for one that can't be read too.
struct UnclaimedStep {
    private let lease: Lease
    private let holder: DisruptionHolder
    private let object: MirrorNode
    /// The approval that an agent may still claim.
    let approval: MirrorNodeSpec.Approval?

    /// Nil where the mirror has no such step, or where it can't be told.
    init?(ofMirror mirror: String, _ snapshot: Snapshot) {
        guard snapshot.staleness == nil, let lease = snapshot.disruption, let holder = DisruptionHolder(lease),
            lease.metadata.annotations[AnnotationKey.holderMirror] == mirror,
            let taken = lease.spec?.acquireTime?.timestamp, let epoch = lease.spec?.leaseTransitions,
            let node = snapshot.nodes.first(where: { $0.metadata.name == holder.node })
        else { return nil }
        let objects = snapshot.mirrorNodes.filter {
            $0.spec.mirrorName == mirror && $0.spec.nodeName == holder.node
        }
        guard objects.count == 1, let object = objects.first, object.spec.nodeUID == node.metadata.uid ?? "",
            !object.isClaimed
        else { return nil }
        // Another one than the Lease was taken for knows nothing of what its predecessor's agent had begun.
        guard holder.isFor(object, takenAt: taken) else { return nil }
        if let agent = object.status?.agent, agent.revision == holder.revision, agent.epoch == epoch,
            agent.phase != .refused, agent.phase != .idle
        {
            return nil
        }
        self.lease = lease
        self.holder = holder
        self.object = object
        approval = object.spec.approval.flatMap { $0.epoch == epoch ? $0 : nil }
    }

    /// What to say of the approval until it is gone; nil where there is none.
    var warning: String? {
        approval.map {
            "the approval of \(holder.node) is open until \($0.expires) and is being taken back: its agent may still "
                + "restart the service"
        }
    }

    /// First the approval; once that is seen to be gone, the Lease.
    func takenBack(_ reason: Reason, _ why: String) -> StepOutcome {
        let name = object.metadata.name
        guard approval != nil else {
            let message = "The step on \(holder.node) was not begun and is given up: \(why)"
            return StepOutcome(
                writes: [.releaseDisruption(from: lease, reason: reason, message: message)],
                notes: [Note(.normal, node: holder.node, reason: reason, message: message)]
            )
        }
        let version = object.metadata.resourceVersion
        let message = "The approval of \(holder.node) is taken back: \(why)"
        return StepOutcome(
            writes: [
                .withdrawApproval(
                    name: name,
                    node: holder.node,
                    resourceVersion: version,
                    reason: reason,
                    message: message
                )
            ],
            notes: [Note(.warning, node: holder.node, reason: reason, message: message)]
        )
    }
}
