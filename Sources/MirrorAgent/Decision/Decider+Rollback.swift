import KubeCore
import MirrorAPI
import MirrorPlanner

extension Decider {
    /// Evidence of a failure: from here on nothing needs the API.
    func rollBack(_ step: Journal.Step, _ reason: Reason, _ message: String) -> AgentDecision {
        var next = step
        next.stage = .rollingBack
        next.reason = reason.rawValue
        next.message = message
        return AgentDecision(
            [.lock, .writeJournal(Journal(settled: journal.settled, step: next))] + report(status(of: next)),
            reason,
            "\(message); the previous configuration is put back",
            look: .now
        )
    }

    /// Puts the previous drop-in back, then restarts once more.
    func decideRollingBack(_ step: Journal.Step) -> AgentDecision {
        let path = step.distribution.dropInFile
        let present = dropIn(of: step)
        if present == .foreign {
            return settleFailed(
                step,
                "; \(path) was changed by somebody else meanwhile and is left as it is: correct it"
            )
        }
        if mustRestore(step) {
            let message = "the previous \(path) is put back"
            return AgentDecision(report(status(of: step)) + [.lock] + restore(step), reason(step), message, look: .now)
        }
        guard let unit = input.unit else {
            return wait(step, .serviceManagerUnavailable, input.unitFault ?? "the service manager can't be asked")
        }
        if unit.invocationID == step.invocation, unit.isActive, !unit.hasJob {
            return settleFailed(step, "; the previous configuration is in force: nothing was restarted")
        }
        var next = step
        next.stage = .restoring
        next.invocation = unit.invocationID
        next.deadline = input.now + step.deadlineSeconds
        return AgentDecision(
            [
                .lock, .syncDropIn(path: path), .writeJournal(Journal(settled: journal.settled, step: next)),
                .restart(unit: step.unit),
            ],
            reason(step),
            "the previous configuration is back on the disk; \(step.unit) restarts",
            look: .now
        )
    }

    /// The second restart is asked for, or about to be.
    func decideRestoring(_ step: Journal.Step) -> AgentDecision {
        guard let unit = input.unit else {
            return wait(step, .serviceManagerUnavailable, input.unitFault ?? "the service manager can't be asked")
        }
        if unit.invocationID != step.invocation {
            if unit.isActive { return settleFailed(step, "; the previous configuration is in force again") }
            if unit.hasFailed || input.now >= step.deadline { return settleFailed(step, Self.isDown(step, unit)) }
            return wait(step, .waitingForProof, "\(step.unit) is \(unit.activeState)")
        }
        guard input.now < step.deadline else { return settleFailed(step, Self.isDown(step, unit)) }
        guard unit.isSettled else { return wait(step, .waitingForProof, "\(step.unit) is \(unit.activeState)") }
        return AgentDecision([.lock, .restart(unit: step.unit)], reason(step), "\(step.unit) restarts", look: .now)
    }

    private static func isDown(_ step: Journal.Step, _ unit: UnitState) -> String {
        "; the previous configuration is back on the disk, and \(step.unit) is \(unit.activeState) (\(unit.result)) "
            + "with it: see journalctl -u \(step.unit)"
    }

    /// Ends a step that has not restarted the service. Where the service was started by something else since the claim,
    /// it may run with the new file, or fail with it: then everything is put back as after a restart of ours. A service
    /// that runs, and not with the new file, is left alone.
    func giveUp(_ step: Journal.Step, _ reason: Reason, _ message: String) -> AgentDecision {
        guard let unit = input.unit, unit.isActive, !mayBeInForce(step) else {
            return rollBack(step, reason, message)
        }
        return abort(step, reason, "\(message); nothing was restarted")
    }

    /// Ends a step before anything was restarted. The end is reported before it is written, so that it is known even on
    /// a disk that is full.
    func abort(_ step: Journal.Step, _ reason: Reason, _ message: String) -> AgentDecision {
        let present = dropIn(of: step)
        var end = settled(step, .failed, reason, message, inForce: previousSetting(step))
        if present == .foreign { end.inForce = input.host.dropIn.flatMap { DropIn.setting(in: $0) } }
        return AgentDecision(
            [.lock] + (mustRestore(step) ? restore(step) : []) + report(status(of: end)) + [
                .writeJournal(Journal(settled: end))
            ],
            reason,
            message,
            look: .now
        )
    }

    /// Whether our drop-in is there as this step wrote it.
    func mustRestore(_ step: Journal.Step) -> Bool {
        dropIn(of: step) == .wanted && previousSetting(step) != step.setting
    }

    private func restore(_ step: Journal.Step) -> [Effect] {
        let path = step.distribution.dropInFile
        guard let previous = step.previous else { return [.removeDropIn(path: path)] }
        return [.writeDropIn(Array(previous.utf8), path: path)]
    }

    private func reason(_ step: Journal.Step) -> Reason {
        step.reason.flatMap(Reason.init) ?? .serviceFailed
    }

    private func settleFailed(_ step: Journal.Step, _ end: String) -> AgentDecision {
        let present = input.host.dropIn.flatMap { DropIn.setting(in: $0) }
        return settle(step, .failed, reason(step), (step.message ?? "") + end, inForce: present)
    }

    /// Ends a step: from here on its revision is never tried again for this MirrorNode.
    func settle(
        _ step: Journal.Step,
        _ phase: MirrorNodeStatus.Phase,
        _ reason: Reason,
        _ message: String,
        inForce: ServerSetting?
    ) -> AgentDecision {
        let end = settled(step, phase, reason, message, inForce: inForce)
        return AgentDecision(
            [.lock, .writeJournal(Journal(settled: end))] + report(status(of: end)),
            reason,
            message,
            look: .now
        )
    }

    private func settled(
        _ step: Journal.Step,
        _ phase: MirrorNodeStatus.Phase,
        _ reason: Reason,
        _ message: String,
        inForce: ServerSetting?
    ) -> Journal.Settled {
        Journal.Settled(
            uid: step.uid,
            revision: step.revision,
            epoch: step.epoch,
            phase: phase,
            reason: reason.rawValue,
            message: message,
            restartedAt: step.restartedAt,
            inForce: inForce
        )
    }

    private func status(of end: Journal.Settled) -> MirrorNodeStatus.Agent? {
        guard let mirrorNode, mirrorNode.metadata.uid == end.uid else { return nil }
        return status(end.phase, end.revision, end.epoch, end.reason, end.message, end.restartedAt)
    }
}
