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

    /// When the present opening of the rollout window ends; nil where there is no window, or it is closed.
    var windowEnd: Timestamp? {
        mirror.spec.rollout.window.flatMap { RolloutCalendar($0)?.end(at: snapshot.now) }
    }

    /// A node of the cluster, selected or not.
    func node(named name: String) -> RancherNode? {
        if let number = fleet.numbers[name] { return fleet.servers[number] }
        return snapshot.nodes.first { $0.metadata.name == name }
            .map { RancherNode(node: $0, distribution: fleet.distribution) }
    }

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
        switch candidate() {
        case nil: return StepOutcome()
        case .blocked(let verdict):
            let opening = verdict.reason == .outsideWindow ? nextOpening : nil
            return StepOutcome(progress: Self.progress(of: verdict), deadline: opening)
        case .change(let change, let node): return take(change, node)
        }
    }

    private enum Candidate {
        case change(Change, RancherNode)
        case blocked(Verdict)
    }

    /// Servers go strictly in their order. Of agents, one that can't be touched now does not keep thousands waiting.
    private func candidate() -> Candidate? {
        if let change = assessment.changes.first, let number = change.server {
            let node = fleet.servers[number]
            if let drift = drift(of: node, change) { return .blocked(drift) }
            let guards = Guards(assessment: assessment, snapshot: snapshot, change: change, node: node)
            return guards.firstViolation().map { .blocked($0) } ?? .change(change, node)
        }
        var first: Verdict?
        for number in assessment.laggards {
            guard let change = assessment.agentChange(number) else { continue }
            let node = fleet.agents[number]
            if let drift = drift(of: node, change) { return .blocked(drift) }
            let guards = Guards(assessment: assessment, snapshot: snapshot, change: change, node: node)
            // What is said of the cluster and of its servers is the same for all.
            if first == nil, let verdict = guards.violationOfCluster() ?? guards.violationOfServers() {
                return .blocked(verdict)
            }
            guard let verdict = guards.violationOfNode() else { return .change(change, node) }
            first = first ?? verdict
        }
        return first.map { .blocked($0) }
    }

    private var nextOpening: Timestamp? {
        mirror.spec.rollout.window.flatMap { RolloutCalendar($0)?.opening(after: snapshot.now) }
    }

    private func take(_ change: Change, _ node: RancherNode) -> StepOutcome {
        guard isRecorded || change.server == nil, let object = fleet.mirrorNode(of: node),
            let revision = object.spec.revision, object.metadata.deletionTimestamp == nil,
            object.spec.desired == change.desired
        else { return .waiting(.rollingOut, "The wanted settings of the nodes are being written down") }
        let wanted = DisruptionHolder(
            mirror: mirror.metadata.name,
            node: node.name,
            revision: revision,
            deadlineSeconds: mirror.spec.rollout.progressDeadlineSeconds,
            record: object.metadata.uid
        )
        return StepOutcome(
            writes: [
                .acquireDisruption(wanted, from: snapshot.disruption, Verdict(change.reason, change.message))
            ],
            progress: .advancing(Verdict(.rollingOut, change.message)),
            notes: [Note(.normal, node: node.name, reason: change.reason, message: "Next step: \(change.message)")]
        )
    }

    /// A node whose present revision failed or was refused stops the whole rollout.
    private func firstDefeat() -> StepOutcome? {
        let servers = assessment.changes.compactMap { change in change.server.map { fleet.servers[$0] } }
        for node in servers + assessment.laggards.map({ fleet.agents[$0] }) {
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
    private func drift(of node: RancherNode, _ change: Change) -> Verdict? {
        guard let object = fleet.mirrorNode(of: node), let agent = object.status?.agent, object.isApplied else {
            return nil
        }
        let state =
            switch change.parts.first {
            case .registries: "lacks registries"
            case .debug: "does not log at the level that is wanted"
            case .server, nil: "runs with \(node.serverText)"
            }
        return Verdict(
            .configurationDrifted,
            "\(node.name) \(state) although revision \(agent.revision ?? "") was in force there: "
                + "somebody else changed it. It is changed again after `kubectl delete mirrornode "
                + "\(object.metadata.name)`"
        )
    }

    // MARK: Somebody else holds it

    private func heldByOther(_ lease: Lease, _ holder: DisruptionHolder) -> StepOutcome {
        let isOurs = lease.metadata.annotations[AnnotationKey.holderMirror] != nil
        if isOurs, !snapshot.hasMirror(holder.mirror) { return orphaned(lease, holder) }
        guard assessment.pendingCount > 0 else { return StepOutcome() }
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
                writes: [.releaseDisruption(from: lease, reason: .disruptionHeld, message: message)],
                progress: assessment.pendingCount == 0 ? nil : .advancing(Verdict(.disruptionHeld, message))
            )
        }
        guard assessment.pendingCount > 0 else { return StepOutcome(deadline: end) }
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
            .wouldAddCycle, .configurationDrifted:
            .stalled(verdict)
        default: .advancing(verdict)
        }
    }
}
