import KubeCore
import MirrorAPI
import MirrorPlanner

extension Decider {
    /// A step is claimed: only the agent moves on.
    func decide(_ step: Journal.Step) -> AgentDecision {
        if let next = setAnew(step) {
            let message = "the clock was set or the host was started: \(step.unit) has until \(next.deadline)"
            return AgentDecision([.lock, .writeJournal(journal.with(next))], .claimed, message, look: .now)
        }
        if let ownBlindSpot { return wait(step, .unreadableConfiguration, ownBlindSpot) }
        return switch step.stage {
        case .claiming, .applying: decideApplying(step)
        case .restarting: decideRestarting(step)
        case .rollingBack: decideRollingBack(step)
        case .restoring: decideRestoring(step)
        }
    }

    /// Nothing has been restarted. A restart begins on what the API server says now and on nothing older.
    private func decideApplying(_ step: Journal.Step) -> AgentDecision {
        if let failure = input.failure, failure.revision == step.revision {
            return giveUp(step, .hostNotWritable, "\(failure.error)")
        }
        if let unit = input.unit, unit.hasFailed {
            return giveUp(step, .serviceFailed, "\(step.unit) failed (\(unit.result)) before it was restarted")
        }
        if let agent = mirrorNode?.status?.agent, mirrorNode?.metadata.uid == step.uid,
            agent.revision == step.revision, agent.phase == .failed
        {
            // An end was reported, and the process ended before its journal was written.
            let reason = agent.reason.flatMap(Reason.init) ?? .progressDeadlineExceeded
            return abort(step, reason, agent.message ?? "")
        }
        if isProven(step) { return applied(step) }
        if input.live == nil, mayBeInForce(step) {
            return awaitEvidence(step, "\(step.unit) was started by something else; its Node can't be read")
        }
        return isOver(step) ? decideOverdue(step) : decideDue(step)
    }

    private func decideOverdue(_ step: Journal.Step) -> AgentDecision {
        let cause = input.live == nil ? nil : obstacle(to: step).map { ": \($0.message)" }
        let message = "the restart could not begin until \(step.deadline)\(cause ?? "")"
        return giveUp(step, .progressDeadlineExceeded, message)
    }

    private func decideDue(_ step: Journal.Step) -> AgentDecision {
        guard input.live != nil else {
            return wait(step, .apiUnreachable, "the API server can't be reached; without it nothing is restarted")
        }
        guard mirrorNode?.metadata.uid == step.uid else {
            return giveUp(step, .mirrorNodeGone, "its MirrorNode was deleted before the restart")
        }
        if let path = foreignFile(of: step) {
            return giveUp(step, .foreignEdit, "\(path) was changed by somebody else")
        }
        if let writes = missingWrites(of: step) { return write(step, writes) }
        if let winner = Validation.laterFile(than: step.dropIn, input.host.files, step.distribution) {
            return giveUp(step, .laterFileWins, "\(winner.file) sets \(winner.key): otherwise")
        }
        return restart(step)
    }

    /// The files are there: restart.
    private func restart(_ step: Journal.Step) -> AgentDecision {
        guard let unit = input.unit, unit.isActive, !unit.hasJob else {
            return wait(
                step,
                .unitNotActive,
                input.unitFault ?? "the service is not active; it is not restarted in that state"
            )
        }
        if let refusal = unit.refusal { return wait(step, .unitNotRestartable, refusal) }
        if let obstacle = obstacle(to: step) { return wait(step, obstacle.reason, obstacle.message) }
        var next = step
        next.stage = .restarting
        next.invocation = unit.invocationID
        next.restartedAt = input.now
        // However long it waited for another server: a start that was begun has its whole time.
        give(step.deadlineSeconds, to: &next)
        return AgentDecision(
            [.lock] + syncNames(of: step) + [.writeJournal(journal.with(next)), .restart(unit: step.unit)],
            .claimed,
            "\(Self.effect(of: step)) is on the disk; \(step.unit) restarts",
            look: .now
        )
    }

    /// Whether the service has taken up the files by itself, at a boot for instance, and its Node shows it.
    private func isProven(_ step: Journal.Step) -> Bool {
        guard let unit = input.unit, unit.isActive, !unit.hasJob, unit.invocationID != step.invocation,
            isWritten(step), let node = input.live?.node
        else { return false }
        return missingProof(step, RancherNode(node: node, distribution: step.distribution)) == nil
    }

    /// Whether the service, which runs, was started by something else than this step since the claim, so that it may
    /// run with our files.
    func mayBeInForce(_ step: Journal.Step) -> Bool {
        guard let unit = input.unit, unit.isActive else { return false }
        return unit.invocationID != step.invocation && mustRestore(step)
    }

    private func applied(_ step: Journal.Step) -> AgentDecision {
        settle(
            step,
            .applied,
            .proven,
            "\(Self.effect(of: step)): \(step.unit) is active and its Node is Ready",
            Ending(dropIn: step.dropIn, started: step.registries?.wanted, takesRegistries: true)
        )
    }

    private func write(_ step: Journal.Step, _ writes: [Effect]) -> AgentDecision {
        guard !writes.isEmpty else {
            return abort(step, .invalidSetting, "the setting can't be written; nothing was restarted")
        }
        return AgentDecision(
            [.lock] + writes,
            .claimed,
            "revision \(step.revision): \(Self.effect(of: step))",
            look: .now
        )
    }

    /// The restart is asked for, or about to be.
    private func decideRestarting(_ step: Journal.Step) -> AgentDecision {
        guard let unit = input.unit else {
            return wait(step, .serviceManagerUnavailable, input.unitFault ?? "the service manager can't be asked")
        }
        if unit.hasFailed {
            return rollBack(step, .serviceFailed, "\(step.unit) failed (\(unit.result)) with the new configuration")
        }
        let isLate = isOver(step)
        guard unit.invocationID != step.invocation else { return decideNotRestarted(step, unit, isLate: isLate) }
        guard unit.isActive else {
            guard isLate else { return wait(step, .waitingForProof, "\(step.unit) is \(unit.activeState)") }
            return rollBack(
                step,
                .serviceNotActive,
                "\(step.unit) is \(unit.activeState) (\(unit.subState)) after \(step.deadlineSeconds) s"
            )
        }
        return decideRestarted(step, isLate: isLate)
    }

    /// The service is still the one from before. With nothing queued at the service manager the request was never made.
    private func decideNotRestarted(_ step: Journal.Step, _ unit: UnitState, isLate: Bool) -> AgentDecision {
        guard !isLate else {
            let cause = unit.refusal.map { ": \($0)" } ?? ""
            let message = "\(step.unit) did not restart within \(step.deadlineSeconds) s\(cause)"
            return rollBack(step, .serviceNotRestarted, message)
        }
        guard unit.isActive, !unit.hasJob else {
            return wait(step, .waitingForProof, "\(step.unit) is \(unit.activeState)")
        }
        if let refusal = unit.refusal { return wait(step, .unitNotRestartable, refusal) }
        guard input.live != nil else {
            return wait(step, .apiUnreachable, "the API server can't be reached; without it nothing is restarted")
        }
        if let obstacle = obstacle(to: step) {
            // It was announced and never asked for: that is taken back, so that a later restart has its whole time.
            var next = step
            next.stage = .applying
            next.restartedAt = nil
            return AgentDecision(
                [.lock, .writeJournal(journal.with(next))],
                obstacle.reason,
                obstacle.message,
                look: .now
            )
        }
        return AgentDecision([.lock, .restart(unit: step.unit)], .claimed, "\(step.unit) restarts", look: .now)
    }

    /// The service runs with what is on the disk; the Node must show it.
    private func decideRestarted(_ step: Journal.Step, isLate: Bool) -> AgentDecision {
        guard let node = input.live?.node else {
            return awaitEvidence(step, "\(step.unit) is active; its Node can't be read, which is no evidence")
        }
        guard let missing = missingProof(step, RancherNode(node: node, distribution: step.distribution)) else {
            return applied(step)
        }
        return isLate
            ? rollBack(step, missing.reason, "\(missing.message) after \(step.deadlineSeconds) s")
            : wait(step, .waitingForProof, missing.message)
    }

    /// The Node can't be read: the deadline moves so that it never comes sooner than a minute after that. It moves by
    /// two, for the journal to be written once a minute and not in every pass of a long outage.
    private func awaitEvidence(_ step: Journal.Step, _ message: String) -> AgentDecision {
        guard secondsLeft(step) <= Self.evidenceSeconds else { return wait(step, .apiUnreachable, message) }
        var next = step
        give(2 * Self.evidenceSeconds, to: &next)
        return AgentDecision(
            [.lock, .writeJournal(journal.with(next))],
            .apiUnreachable,
            message,
            look: .soon
        )
    }

    private func missingProof(_ step: Journal.Step, _ node: RancherNode) -> (reason: Reason, message: String)? {
        guard node.isReady else { return (.nodeNotReady, "Node \(node.name) is not Ready") }
        if let missing = missingServer(step, node) { return missing }
        if step.dropIn.debug, !runsWithDebug(step) {
            return (.otherSetting, "Node \(node.name) does not show debug in its arguments")
        }
        if step.wasVoter, node.isVoter != true { return (.notVoter, "Node \(node.name) is no voter of etcd") }
        return nil
    }

    private func runsWithDebug(_ step: Journal.Step) -> Bool {
        guard let node = input.live?.node, let configuration,
            let running = RunningArguments(node: node, distribution: step.distribution)
        else { return false }
        return Switch.isOn(running.value(of: "debug", configuration) ?? "") == true
    }

    /// What the Node's `server:` lacks. Where the step takes ours away, what the other files give is to be there; where
    /// it does not touch it, nothing is looked at.
    private func missingServer(_ step: Journal.Step, _ node: RancherNode) -> (reason: Reason, message: String)? {
        let wanted: String?
        switch step.setting?.action {
        case .clear: wanted = nil
        case .point: wanted = step.setting?.url
        case nil:
            guard step.previousDropIn.server != nil else { return nil }
            wanted = configuration?.effectiveServer
        }
        if node.arguments != nil, node.effectiveServer == wanted { return nil }
        let shown = wanted.map { ServerURL($0, distribution: step.distribution)?.description ?? "its own" } ?? "none"
        return (.otherServer, "Node \(node.name) shows \(node.serverText) in its arguments, not \(shown)")
    }

    /// Leaves the step as it is, and says in the status for what. While it is put back, why that is done stays there.
    func wait(_ step: Journal.Step, _ reason: Reason, _ message: String) -> AgentDecision {
        var agent = status(of: step)
        if agent?.phase == .rollingBack {
            agent?.message = "\(step.message ?? ""); \(message)"
        } else {
            agent?.reason = reason.rawValue
            agent?.message = "\(Self.intention(step)); \(message)"
        }
        return AgentDecision(report(agent), reason, message, look: .soon)
    }
}
