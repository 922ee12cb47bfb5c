import KubeCore
import MirrorAPI
import MirrorPlanner

extension AgentDecision {
    /// What to do now. Total and deterministic: equal inputs give equal decisions, and any input gives one.
    ///
    /// Each pass decides anew from what is there, never from what an earlier pass meant to do: that is what makes a
    /// kill at any point harmless.
    package static func decide(_ input: AgentInput) -> AgentDecision {
        var decision = Decider(input).decide()
        let leftovers = input.host.leftovers.sorted().map(Effect.removeLeftover)
        if !leftovers.isEmpty {
            decision.effects = [.lock] + leftovers + decision.effects
            decision.look = .now
        }
        return decision
    }
}

/// One input with what follows from it.
struct Decider {
    let input: AgentInput
    /// What the files give; nil where they can't be read.
    let configuration: MergedConfiguration?
    let configurationFault: String?
    /// Keys that a restart would change though the step is not about them; nil where that can't be told. `server` is
    /// left out while our file rules it.
    let pendingChanges: [String]?

    init(_ input: AgentInput) {
        self.input = input
        do throws(KubeError) {
            configuration = try ConfigDirectory.merge(input.host.files)
            configurationFault = nil
        } catch {
            configuration = nil
            configurationFault = error.message
        }
        pendingChanges = Self.pendingChanges(input)
    }

    private static func pendingChanges(_ input: AgentInput) -> [String]? {
        guard let provider = input.host.journal.step?.provider ?? input.live?.mirrorNode?.spec.provider,
            let node = input.live?.node
        else { return nil }
        let distribution = RancherDistribution(provider)
        let ours = HostPath.name(distribution.dropInFile)
        guard let others = try? ConfigDirectory.merge(input.host.files.filter { $0.name != ours }),
            let running = RunningArguments(node: node, distribution: distribution)
        else { return nil }
        return running.pendingChanges(others, ignoring: input.host.dropIn == nil ? [] : ["server", "s"])
    }

    var mirrorNode: MirrorNode? { input.live?.mirrorNode }
    var journal: Journal { input.host.journal }

    func decide() -> AgentDecision {
        if let fault = input.host.journalFault {
            let path = AgentPath.journal(mirror: input.mirror)
            return rest(.journalUnreadable, "\(path) can't be read, so that nothing is changed on this node: \(fault)")
        }
        if let step = journal.step, step.stage != .claiming { return decide(step) }
        guard let live = input.live else {
            return AgentDecision(
                [],
                .apiUnreachable,
                "the API server can't be reached; nothing is under way",
                look: .later
            )
        }
        guard let mirrorNode = live.mirrorNode else {
            return AgentDecision([], .idle, "this node has no MirrorNode of \(input.mirror)", look: .later)
        }
        if let agent = mirrorNode.status?.agent, agent.phase == .restarting || agent.phase == .rollingBack,
            !isSettled(agent, of: mirrorNode)
        {
            return decideClaimed(mirrorNode, agent)
        }
        if let approval = mirrorNode.spec.approval, isOpen(approval, mirrorNode) {
            return decideApproved(mirrorNode, approval, live)
        }
        return rest(.idle, "nothing is approved for this node")
    }

    /// Whether the journal knows the end of the step that a status still shows as under way.
    private func isSettled(_ agent: MirrorNodeStatus.Agent, of mirrorNode: MirrorNode) -> Bool {
        guard let settled = journal.settled else { return false }
        return settled.uid == mirrorNode.metadata.uid && settled.revision == agent.revision
    }

    /// An approval counts for the present revision, and a revision is carried out, or refused, once.
    private func isOpen(_ approval: MirrorNodeSpec.Approval, _ mirrorNode: MirrorNode) -> Bool {
        guard approval.revision == mirrorNode.spec.revision, mirrorNode.metadata.deletionTimestamp == nil else {
            return false
        }
        if let settled = journal.settled, settled.uid == mirrorNode.metadata.uid,
            settled.revision == approval.revision
        {
            return false
        }
        guard let agent = mirrorNode.status?.agent, agent.revision == approval.revision else { return true }
        return agent.phase == .idle
    }

    /// The status shows a claim. It is ours if the journal of this host announced it with the invocation that this
    /// host's service had: two agents that believe to be on one node must not both act on one claim.
    private func decideClaimed(_ mirrorNode: MirrorNode, _ agent: MirrorNodeStatus.Agent) -> AgentDecision {
        guard var step = journal.step, agent.phase == .restarting, step.uid == mirrorNode.metadata.uid,
            step.revision == agent.revision, step.epoch == agent.epoch, step.invocation == agent.invocationID
        else {
            return AgentDecision(
                [],
                .claimedElsewhere,
                "revision \(agent.revision ?? "") is claimed by an agent that is not on this host, or this host lost "
                    + "\(AgentPath.journal(mirror: input.mirror)); delete the MirrorNode to begin anew",
                look: .later
            )
        }
        step.stage = .applying
        return AgentDecision(
            [.lock, .writeJournal(Journal(settled: journal.settled, step: step))],
            .claimed,
            "revision \(step.revision) is claimed",
            look: .now
        )
    }

    /// Leaves everything as it is, with the status saying why where that is more than nothing to do.
    func rest(_ reason: Reason, _ message: String, look: NextLook = .later) -> AgentDecision {
        let remark: Reason? = reason == .idle ? nil : reason
        return AgentDecision(
            report(restingStatus(remark: remark.map { ($0, message) })),
            reason,
            message,
            look: look
        )
    }
}
