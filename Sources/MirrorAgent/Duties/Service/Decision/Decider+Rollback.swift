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
            [.lock, .writeJournal(journal.with(next))] + report(status(of: next)),
            reason,
            "\(message); the previous configuration is put back",
            look: .now
        )
    }

    /// Puts the previous files back, then restarts once more.
    func decideRollingBack(_ step: Journal.Step) -> AgentDecision {
        if mustRestore(step) {
            let what = step.registries == nil ? "\(step.distribution.dropInFile) is" : "files are"
            let message = "the previous \(what) put back"
            return AgentDecision(report(status(of: step)) + [.lock] + restore(step), reason(step), message, look: .now)
        }
        if let path = foreignFile(of: step) {
            return settleFailed(
                step,
                "; \(path) was changed by somebody else meanwhile and is left as it is: correct it",
                started: step.registries?.wanted
            )
        }
        guard let unit = input.unit else {
            return wait(step, .serviceManagerUnavailable, input.unitFault ?? "the service manager can't be asked")
        }
        if unit.invocationID == step.invocation, unit.isActive, !unit.hasJob {
            return settleFailed(
                step,
                "; the previous configuration is in force: nothing was restarted",
                started: step.registries?.previous
            )
        }
        // A service that is down has nothing to lose by what it may read.
        if unit.isActive, let configurationFault { return wait(step, .unreadableConfiguration, configurationFault) }
        var next = step
        next.stage = .restoring
        next.invocation = unit.invocationID
        give(step.deadlineSeconds, to: &next)
        let restart = unit.refusal == nil ? [Effect.restart(unit: step.unit)] : []
        return AgentDecision(
            [.lock] + syncNames(of: step) + [.writeJournal(journal.with(next))] + restart,
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
            if unit.isActive {
                return settleFailed(
                    step,
                    "; the previous configuration is in force again",
                    started: step.registries?.previous
                )
            }
            if unit.hasFailed || isOver(step) { return settleFailed(step, Self.isDown(step, unit)) }
            return wait(step, .waitingForProof, "\(step.unit) is \(unit.activeState)")
        }
        guard !isOver(step) else { return settleFailed(step, Self.isDown(step, unit)) }
        if let refusal = unit.refusal { return wait(step, .unitNotRestartable, refusal) }
        if unit.isActive, let configurationFault { return wait(step, .unreadableConfiguration, configurationFault) }
        // A start that hangs does so until it is asked for again; a second request for a restart is the same one.
        guard unit.isSettled || unit.activeState == "activating" else {
            return wait(step, .waitingForProof, "\(step.unit) is \(unit.activeState)")
        }
        return AgentDecision([.lock, .restart(unit: step.unit)], reason(step), "\(step.unit) restarts", look: .now)
    }

    private static func isDown(_ step: Journal.Step, _ unit: UnitState) -> String {
        if let refusal = unit.refusal {
            return "; the previous configuration is back on the disk, and \(step.unit), which is \(unit.activeState), "
                + "was not restarted with it: \(refusal), then restart it"
        }
        return "; the previous configuration is back on the disk, and \(step.unit) is \(unit.activeState) "
            + "(\(unit.result)) with it: see journalctl -u \(step.unit)"
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
        let ending = Ending(
            dropIn: dropInAfterRestoring(step),
            started: input.unit?.invocationID == step.invocation ? step.registries?.previous : nil
        )
        let end = settled(step, .failed, reason, message, ending)
        return AgentDecision(
            [.lock] + restore(step) + report(status(of: end))
                + [.writeJournal(journal.ended(end, added: added))],
            reason,
            message,
            look: .now
        )
    }

    /// What our drop-in holds once the effects of `restore` are done.
    private func dropInAfterRestoring(_ step: Journal.Step) -> DropIn.Settings {
        guard let present = presentDropIn else { return DropIn.Settings() }
        return present == step.dropIn ? step.previousDropIn : present
    }

    private func reason(_ step: Journal.Step) -> Reason {
        step.reason.flatMap(Reason.init) ?? .serviceFailed
    }

    private func settleFailed(_ step: Journal.Step, _ end: String, started: String? = nil) -> AgentDecision {
        let ending = Ending(dropIn: presentDropIn ?? DropIn.Settings(), started: started)
        return settle(step, .failed, reason(step), (step.message ?? "") + end, ending)
    }

    /// What is there at the end of a step.
    struct Ending {
        /// What our drop-in holds.
        var dropIn: DropIn.Settings
        /// The `registries.yaml` that the present run of the service was started with, where the step changed it; nil
        /// where that is not known, or where there was none.
        var started: String?
        /// Whether the registries that the step added are ours from now on, and those that it removed no longer.
        var takesRegistries = false
    }

    /// Ends a step: from here on its revision is never tried again for this MirrorNode.
    func settle(
        _ step: Journal.Step,
        _ phase: MirrorNodeStatus.Phase,
        _ reason: Reason,
        _ message: String,
        _ ending: Ending
    ) -> AgentDecision {
        let end = settled(step, phase, reason, message, ending)
        var added = Set(added)
        if ending.takesRegistries, let change = step.registries {
            added = added.subtracting(change.removes).union(change.adds)
        }
        return AgentDecision(
            [.lock, .writeJournal(journal.ended(end, added: added.sorted()))] + report(status(of: end)),
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
        _ ending: Ending
    ) -> Journal.Settled {
        var end = Journal.Settled(
            uid: step.uid,
            revision: step.revision,
            epoch: step.epoch,
            phase: phase,
            reason: reason.rawValue,
            message: message,
            restartedAt: step.restartedAt
        )
        end.dropIn = ending.dropIn
        if step.registries != nil, let started = ending.started, let unit = input.unit {
            end.registriesMark = RegistriesMark(invocation: unit.invocationID, content: Array(started.utf8))
        }
        return end
    }

    private func status(of end: Journal.Settled) -> MirrorNodeStatus.Agent? {
        guard let mirrorNode, mirrorNode.metadata.uid == end.uid else { return nil }
        return status(end.phase, end.revision, end.epoch, end.reason, end.message, end.restartedAt)
    }
}
