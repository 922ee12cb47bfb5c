import KubeCore
import MirrorAPI

/// One step of a rollout: the disruption Lease, the approval, the agent's claim, the proof.
///
/// Everything it decides on is in the API, so it goes on after a restart of the operator at any point. The Lease does
/// not expire by time: a server that was claimed counts as disrupted until its health is proven.
struct DisruptionStep {
    let assessment: Assessment
    let snapshot: Snapshot
    /// Whether all that must be written down before a step begins is written: the wishes for the servers and the root.
    let isRecorded: Bool

    var fleet: Fleet { assessment.fleet }
    private var mirror: P2PMirror { fleet.mirror }

    func outcome() -> StepOutcome {
        guard let lease = snapshot.disruption, let holder = DisruptionHolder(lease) else { return begin() }
        if holder.mirror == mirror.metadata.name, lease.metadata.annotations[AnnotationKey.holderMirror] != nil {
            return HeldStep(step: self, lease: lease, holder: holder).outcome()
        }
        return heldByOther(lease, holder)
    }

    // MARK: Nobody holds the Lease

    private func begin() -> StepOutcome {
        if let defeat = firstDefeat() { return defeat }
        guard let change = assessment.changes.first else { return StepOutcome() }
        let node = fleet.servers[change.server]
        if let drift = drift(of: node) { return StepOutcome(progress: .stalled(drift)) }
        let guards = Guards(assessment: assessment, snapshot: snapshot, change: change)
        if let verdict = guards.firstViolation() { return StepOutcome(progress: Self.progress(of: verdict)) }
        guard isRecorded, let object = fleet.mirrorNode(of: node), let revision = object.spec.revision,
            object.metadata.deletionTimestamp == nil, object.spec.desired?.server == change.setting
        else { return .waiting(.rollingOut, "The wanted settings of the servers are being written down") }
        let wanted = DisruptionHolder(
            mirror: mirror.metadata.name,
            node: node.name,
            revision: revision,
            deadlineSeconds: mirror.spec.rollout.progressDeadlineSeconds
        )
        return StepOutcome(
            actions: [.acquireDisruption(wanted, from: snapshot.disruption)],
            progress: .advancing(Verdict(.rollingOut, change.message)),
            notes: [Note(.normal, node: node.name, reason: change.reason, message: "Next step: \(change.message)")]
        )
    }

    /// A server whose present revision failed or was refused stops the whole rollout.
    private func firstDefeat() -> StepOutcome? {
        for change in assessment.changes {
            let node = fleet.servers[change.server]
            guard let object = fleet.mirrorNode(of: node), let agent = object.defeat else { continue }
            return StepOutcome(progress: .stalled(Self.verdict(of: agent, object)))
        }
        return nil
    }

    static func verdict(of agent: MirrorNodeStatus.Agent, _ object: MirrorNode) -> Verdict {
        let detail = agent.message ?? agent.reason ?? "it gave no reason"
        let name = object.metadata.name
        if agent.phase == .refused {
            return Verdict(
                .agentRefused,
                "The agent of \(object.spec.nodeName) refused revision \(agent.revision ?? "") before it touched "
                    + "anything: \(detail). It is tried again with another setting, or after "
                    + "`kubectl delete mirrornode \(name)`"
            )
        }
        return Verdict(
            .rolloutFailed,
            "Revision \(agent.revision ?? "") failed on \(object.spec.nodeName): \(detail). No other node is touched; "
                + "it is tried again with another setting, or after `kubectl delete mirrornode \(name)`"
        )
    }

    /// A server that was changed by somebody else after our revision had been in force. It is not restarted again for
    /// the same revision: whoever changed it would be fought with restarts.
    private func drift(of node: RancherNode) -> Verdict? {
        guard let object = fleet.mirrorNode(of: node), let agent = object.status?.agent, agent.phase == .applied,
            agent.revision == object.spec.revision
        else { return nil }
        return Verdict(
            .configurationDrifted,
            "\(node.name) runs with \(node.serverText) although revision \(agent.revision ?? "") was in force there: "
                + "somebody else changed it. It is changed again after `kubectl delete mirrornode "
                + "\(object.metadata.name)`"
        )
    }

    // MARK: Somebody else holds it

    private func heldByOther(_ lease: Lease, _ holder: DisruptionHolder) -> StepOutcome {
        let isOurs = lease.metadata.annotations[AnnotationKey.holderMirror] != nil
        if isOurs, !snapshot.hasMirror(holder.mirror) { return orphaned(lease, holder) }
        guard !assessment.changes.isEmpty else { return StepOutcome() }
        return .waiting(
            .disruptionHeld,
            "The Lease \(DisruptionLease.name) is held by \(lease.spec?.holderIdentity ?? "somebody"); one server at a "
                + "time is disrupted in the whole cluster"
        )
    }

    /// The mirror that held it is gone, and its MirrorNodes go with it. Whether the agent had begun is not known then,
    /// and a Node looks Ready for a while after its server went down: so the node counts as disrupted for as long as
    /// an approval could have been claimed and a restart could have taken.
    private func orphaned(_ lease: Lease, _ holder: DisruptionHolder) -> StepOutcome {
        let taken = lease.spec?.acquireTime?.timestamp ?? snapshot.now
        let deadline = holder.deadlineSeconds ?? StepTimes.longestDeadlineSeconds
        let end = taken + StepTimes.approvalSeconds + deadline
        if snapshot.now >= end, isWell(holder) {
            let message = "The mirror \(holder.mirror) is gone and no step of it is under way on \(holder.node)"
            return StepOutcome(
                actions: [.releaseDisruption(from: lease, reason: .disruptionHeld, message: message)],
                progress: assessment.changes.isEmpty ? nil : .advancing(Verdict(.disruptionHeld, message))
            )
        }
        guard !assessment.changes.isEmpty else { return StepOutcome(deadline: end) }
        return .waiting(
            .disruptionHeld,
            "The mirror \(holder.mirror) was deleted in the middle of its step on \(holder.node); the next server "
                + "waits until \(holder.node) is Ready, with its vote in etcd and no restart under way, after \(end)",
            until: end
        )
    }

    /// Whether the holder's node is gone, or shows that it is well and its agent at rest.
    private func isWell(_ holder: DisruptionHolder) -> Bool {
        guard let object = snapshot.nodes.first(where: { $0.metadata.name == holder.node }) else { return true }
        let node = RancherNode(node: object, distribution: fleet.distribution)
        let isClaimed = snapshot.mirrorNodes.contains {
            $0.isClaimed && $0.spec.mirrorName == holder.mirror && $0.spec.nodeName == holder.node
                && $0.spec.nodeUID == node.uid
        }
        return node.isReady && node.canProveItsVote && !isClaimed
    }

    /// Whether what a guard found needs a person.
    static func progress(of verdict: Verdict) -> Progress {
        switch verdict.reason {
        case .quorumWouldBeLost, .versionFailsToStart, .guardedServer, .managedElsewhere, .unreadableConfiguration,
            .wouldAddCycle:
            .stalled(verdict)
        default: .advancing(verdict)
        }
    }
}
