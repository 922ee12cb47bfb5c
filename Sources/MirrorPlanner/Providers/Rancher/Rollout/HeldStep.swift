import KubeCore
import MirrorAPI

/// The step for which this mirror holds the disruption Lease.
struct HeldStep {
    let step: DisruptionStep
    let lease: Lease
    let holder: DisruptionHolder

    private var fleet: Fleet { step.fleet }
    private var now: Timestamp { step.snapshot.now }
    private var epoch: Int { lease.spec?.leaseTransitions ?? 0 }
    private var taken: Timestamp { lease.spec?.acquireTime?.timestamp ?? now }
    private var rollout: P2PMirrorSpec.Rollout { fleet.mirror.spec.rollout }

    func outcome() -> StepOutcome {
        guard let node = step.node(named: holder.node) else {
            return release(.stepDone, "The Node \(holder.node) is gone")
        }
        guard let object = fleet.mirrorNode(named: holder.node) else { return withoutRecord(node) }
        guard object.spec.nodeUID == node.uid else {
            return release(.stepDone, "The Node \(holder.node) was replaced by another one of that name")
        }
        // Another one than the Lease was taken for knows nothing of what its predecessor's agent had begun.
        if !holder.isFor(object, takenAt: taken) { return withoutRecord(node) }
        var outcome = outcome(node, object)
        if outcome.rollout == nil { outcome.rollout = record(provenSince: nil) }
        return outcome
    }

    private func outcome(_ node: RancherNode, _ object: MirrorNode) -> StepOutcome {
        if object.isClaimed { return claimed(object) }
        let agent = object.status?.agent
        let reportsThis = agent?.revision == holder.revision && agent?.epoch == epoch
        switch agent?.phase {
        case .applied? where reportsThis: return proof(node, object)
        case .failed? where reportsThis: return failed(node, object)
        case .refused? where agent?.revision == holder.revision: return refused(object)
        default: return unclaimed(node, object)
        }
    }

    // MARK: Before the claim

    private func unclaimed(_ node: RancherNode, _ object: MirrorNode) -> StepOutcome {
        let approval = object.spec.approval.flatMap { $0.epoch == epoch ? $0 : nil }
        if let verdict = objection(node, object) {
            return approval == nil
                ? release(verdict.reason, verdict.message) : withdraw(object, verdict.reason, verdict.message)
        }
        if let approval {
            guard now < approval.expires else {
                return withdraw(
                    object,
                    .approvalExpired,
                    "The agent of \(node.name) did not claim the approval of \(holder.revision) by "
                        + "\(approval.expires): look at the agent's pod on that node"
                )
            }
            return .waiting(.waitingForClaim, "The agent of \(node.name) may restart now", until: approval.expires)
        }
        // After an approval that ran out there is a new one only under a new epoch.
        let end = taken + StepTimes.approvalSeconds
        guard now < end else {
            return release(.approvalExpired, "No approval of \(holder.revision) was claimed by \(end)")
        }
        return approve(node, object)
    }

    /// Why the step must not begin any more; nil where it may.
    private func objection(_ node: RancherNode, _ object: MirrorNode) -> Verdict? {
        guard object.spec.revision == holder.revision, let change = step.assessment.change(of: node.name),
            change.desired == object.spec.desired, object.metadata.deletionTimestamp == nil
        else { return Verdict(.stepDone, "The step on \(node.name) is not wanted any more") }
        if object.defeat != nil || object.status?.agent?.revision == holder.revision {
            // Whatever it says of this revision under another epoch: it had its restart, or will never have it.
            return Verdict(.stepDone, "\(holder.revision) was tried on \(node.name) before and is not tried again")
        }
        return Guards(assessment: step.assessment, snapshot: step.snapshot, change: change, node: node).firstViolation()
    }

    private func approve(_ node: RancherNode, _ object: MirrorNode) -> StepOutcome {
        let change = step.assessment.change(of: node.name)
        let approval = MirrorNodeSpec.Approval(
            revision: holder.revision,
            epoch: epoch,
            // An agent that claims it begins, and nothing begins outside the window.
            expires: min(now + StepTimes.approvalSeconds, step.windowEnd ?? now + StepTimes.approvalSeconds),
            deadlineSeconds: holder.deadlineSeconds ?? rollout.progressDeadlineSeconds,
            reason: change?.reason.rawValue ?? Reason.rollingOut.rawValue,
            absentServer: change?.absentServer(in: step.fleet)
        )
        let message = "\(node.name) may restart once for \(holder.revision): \(change?.message ?? "")"
        return StepOutcome(
            writes: [
                .approve(
                    name: object.metadata.name,
                    node: node.name,
                    resourceVersion: object.metadata.resourceVersion,
                    approval
                )
            ],
            progress: .advancing(Verdict(.waitingForClaim, message)),
            notes: [Note(.normal, node: node.name, reason: change?.reason ?? .rollingOut, message: message)],
            deadline: approval.expires
        )
    }

    // MARK: After the claim

    private func claimed(_ object: MirrorNode) -> StepOutcome {
        let agent = object.status?.agent
        let end = (agent?.restartedAt ?? taken) + rollout.progressDeadlineSeconds
        let name = object.spec.nodeName
        if agent?.phase == .rollingBack {
            return overdue(end, object, "its previous configuration is not reported back in force")
                ?? .waiting(.waitingForProof, "\(name) is getting its previous configuration back", until: end)
        }
        return overdue(end, object, "its agent has not reported the end of the restart")
            ?? .waiting(.waitingForProof, "\(name) is restarting", until: end)
    }

    /// - Parameter missing: what the step still waits for.
    private func overdue(_ end: Timestamp, _ object: MirrorNode, _ missing: String) -> StepOutcome? {
        guard now >= end else { return nil }
        let name = object.spec.nodeName
        let message =
            "\(name) has not shown its health by \(end): \(missing). Look at the service and the agent on that node. "
            + "No other node is touched meanwhile; it goes on once that is mended, or, where the node is well as "
            + "it is, after `kubectl delete mirrornode \(object.metadata.name)`"
        return StepOutcome(
            progress: .stalled(Verdict(.progressDeadlineExceeded, message)),
            notes: [Note(.warning, node: name, reason: .progressDeadlineExceeded, message: message)]
        )
    }

    /// The node must show its new configuration and its health without a break for `minReadySeconds`.
    private func proof(_ node: RancherNode, _ object: MirrorNode) -> StepOutcome {
        let end = (object.status?.agent?.restartedAt ?? taken) + rollout.progressDeadlineSeconds
        if let missing = missingProof(node, object) {
            return overdue(end, object, missing)
                ?? .waiting(.waitingForProof, "\(node.name) was restarted; \(missing)", until: end)
        }
        let since = recordedProof ?? now
        let done = since + rollout.minReadySeconds
        guard now >= done else {
            var outcome = StepOutcome.waiting(
                .minReadySeconds,
                "\(node.name) is healthy with its new configuration since \(since); the step is done at \(done)",
                until: done
            )
            outcome.rollout = record(provenSince: since)
            return outcome
        }
        let message = "\(node.name) runs with its new configuration (\(holder.revision)) and is healthy"
        var outcome = release(.stepDone, message)
        outcome.rollout = record(provenSince: since)
        return outcome
    }

    private func missingProof(_ node: RancherNode, _ object: MirrorNode) -> String? {
        guard node.isReady else { return "it is not Ready yet" }
        if !node.canProveItsVote { return "its etcd member has no vote yet" }
        let desired = object.spec.desired ?? MirrorNodeSpec.Desired()
        if desired.server != nil || desired.debug != nil, node.arguments == nil {
            return "its configuration is not known yet"
        }
        if let setting = desired.server, !fleet.isInForce(setting, on: node) {
            return "it does not show the wanted `server:` yet, but \(node.serverText)"
        }
        if desired.debug == true, node.arguments?.enablesDebug != true {
            return "it does not log at the level debug yet"
        }
        guard let registries = desired.registries else { return nil }
        let missing = fleet.lacks(registries, object.status?.agent?.host?.registries ?? [], node, object)
        return missing.isEmpty ? nil : "its agent does not report \(Sentences.list(missing)) among its registries yet"
    }

    private var recordedProof: Timestamp? {
        guard let record = fleet.mirror.status?.rollout, record.node == holder.node, record.revision == holder.revision,
            record.startedAt == taken
        else { return nil }
        return record.provenSince
    }

    private func failed(_ node: RancherNode, _ object: MirrorNode) -> StepOutcome {
        let agent = object.status?.agent ?? MirrorNodeStatus.Agent(phase: .failed, version: "")
        let verdict = DisruptionStep.verdict(of: agent, object)
        let note = Note(.warning, node: node.name, reason: .rolloutFailed, message: verdict.message)
        guard node.isReady, node.canProveItsVote else {
            return StepOutcome(progress: .stalled(verdict), notes: [note])
        }
        var outcome = release(.rolloutFailed, verdict.message)
        outcome.progress = .stalled(verdict)
        outcome.notes = [note]
        return outcome
    }

    private func refused(_ object: MirrorNode) -> StepOutcome {
        let agent = object.status?.agent ?? MirrorNodeStatus.Agent(phase: .refused, version: "")
        let verdict = DisruptionStep.verdict(of: agent, object)
        var outcome =
            object.spec.approval?.epoch == epoch
            ? withdraw(object, .agentRefused, verdict.message) : release(.agentRefused, verdict.message)
        outcome.progress = .stalled(verdict)
        outcome.notes = [Note(.warning, node: holder.node, reason: .agentRefused, message: verdict.message)]
        return outcome
    }

    // MARK: Common ends

    /// The MirrorNode was deleted by hand while the Lease was held: whether its agent had begun is not known, so the
    /// node counts as disrupted for as long as an approval could have been claimed and a restart could have taken.
    private func withoutRecord(_ node: RancherNode) -> StepOutcome {
        // The mirror may have been made anew since, with another deadline.
        let deadline = holder.deadlineSeconds ?? rollout.progressDeadlineSeconds
        let end = taken + StepTimes.approvalSeconds + deadline
        guard now >= end, node.isReady, node.canProveItsVote else {
            let message =
                "The MirrorNode of \(node.name) was deleted in mid-step; the next server waits until "
                + "\(node.name) is Ready after \(end)"
            var outcome = StepOutcome.waiting(.disruptionHeld, message, until: end)
            outcome.rollout = record(provenSince: nil)
            return outcome
        }
        return release(.stepDone, "\(node.name) is Ready; its MirrorNode was deleted in mid-step")
    }

    private func release(_ reason: Reason, _ message: String) -> StepOutcome {
        StepOutcome(
            writes: [.releaseDisruption(from: lease, reason: reason, message: message)],
            progress: .advancing(Verdict(reason == .stepDone ? .rollingOut : reason, message)),
            notes: [Note(.normal, node: holder.node, reason: reason, message: message)]
        )
    }

    private func withdraw(_ object: MirrorNode, _ reason: Reason, _ message: String) -> StepOutcome {
        let (name, version) = (object.metadata.name, object.metadata.resourceVersion)
        return StepOutcome(
            writes: [
                .withdrawApproval(
                    name: name,
                    node: object.spec.nodeName,
                    resourceVersion: version,
                    reason: reason,
                    message: message
                )
            ],
            progress: .advancing(Verdict(reason, message)),
            notes: [Note(.warning, node: holder.node, reason: reason, message: message)]
        )
    }

    private func record(provenSince: Timestamp?) -> P2PMirrorStatus.Rollout {
        let left = step.assessment.pendingCount
        let total = max(left, fleet.askedCount)
        return P2PMirrorStatus.Rollout(
            node: holder.node,
            revision: holder.revision,
            startedAt: taken,
            provenSince: provenSince,
            step: max(1, total - left + 1),
            of: max(1, total)
        )
    }
}
