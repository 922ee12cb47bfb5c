import KubeCore
import MirrorAPI
import MirrorPlanner

extension AgentDecision {
    /// What to do now. Total and deterministic: equal inputs give equal decisions, and any input gives one.
    ///
    /// Each pass decides anew from what is there, never from what an earlier pass meant to do: that is what makes a
    /// kill at any point harmless.
    package static func decide(_ input: AgentInput) -> AgentDecision {
        let decider = Decider(input)
        var decision = decider.decide()
        if let journal = decider.journalWithBequest, !decision.effects.contains(where: \.isOfJournal) {
            decision.effects += [.lock, .writeJournal(journal)]
        }
        let leftovers = input.host.leftovers.sorted().map(Effect.removeLeftover)
        if !leftovers.isEmpty {
            decision.effects = [.lock] + leftovers + decision.effects
            decision.look = .now
        }
        return decision
    }
}

extension Effect {
    fileprivate var isOfJournal: Bool {
        switch self {
        case .writeJournal, .forget: true
        default: false
        }
    }
}

/// One input with what follows from it.
struct Decider {
    let input: AgentInput
    /// What the files give; nil where they can't be read.
    let configuration: MergedConfiguration?
    let configurationFault: String?
    /// What a restart would change though the step is not about it: keys of the configuration, and
    /// `registries.yaml`; nil where that can't be told. What our drop-in rules is left out.
    let pendingChanges: [String]?

    init(_ input: AgentInput) {
        self.input = input
        do throws(KubeError) {
            let fault = Self.placeFault(input.host.places) ?? input.host.blindSpot
            configuration = fault == nil ? try ConfigDirectory.merge(input.host.files) : nil
            configurationFault = fault
        } catch {
            configuration = nil
            configurationFault = error.message
        }
        pendingChanges = Self.pendingChanges(input)
    }

    private static func pendingChanges(_ input: AgentInput) -> [String]? {
        guard let provider = input.host.journal.step?.provider ?? input.live?.mirrorNode?.spec.provider,
            let role = input.host.journal.step?.role ?? input.live?.mirrorNode?.spec.role,
            let node = input.live?.node, let distribution = RancherDistribution(provider)?.at(input.host.places),
            placeFault(input.host.places) == nil, input.host.blindSpot == nil
        else { return nil }
        guard let others = try? ConfigDirectory.merge(Self.foreignFiles(input, distribution)),
            let running = RunningArguments(node: node, distribution: distribution)
        else { return nil }
        let ruled = input.host.dropIn.map { DropIn.settings(in: $0)?.keys ?? ["server", "s"] } ?? []
        let version = DistributionVersion(node.status?.nodeInfo?.kubeletVersion ?? "")
        let filter = ConfigurationFilter(distribution: distribution, role: role, version: version)
        let keys = running.pendingChanges(others, ignoring: ruled, evidence(filter, input))
        let unit = input.unit?.needsReload == true ? [distribution.unit(of: role)] : []
        return keys + (hasPendingRegistries(input) ? [HostPath.name(distribution.registriesFile)] : []) + unit
    }

    /// What the times of the files and the start of the service tell. Times of the last change of an inode count, which
    /// can't be set back, and what has the time of the start itself is newer. Without the service manager no start is
    /// known.
    private static func evidence(_ filter: ConfigurationFilter, _ input: AgentInput) -> RunningArguments.Evidence {
        var evidence = RunningArguments.Evidence(filter: filter)
        guard let start = input.unit?.startedAt else { return evidence }
        evidence.untouched = Set(input.host.touched.filter { $0.value < start }.keys)
        evidence.isComplete = input.host.directoriesTouchedAt.map { $0 < start } ?? false
        return evidence
    }

    /// Why the configuration is not looked at: the service reads it where the agent's pod has nothing of the host.
    private static func placeFault(_ places: HostPlaces) -> String? {
        guard let file = places.configFile, !AgentPath.isConfiguration(file) else { return nil }
        let source = places.configSource ?? "--config"
        return "\(source) is \(shown(path: file)): the service reads its configuration there, and this agent sees only "
            + "what is below \(AgentPath.configurations). Move it there, with its directory of that name with .d, and "
            + "let \(source) name the new place"
    }

    /// As messages name a path; a URL may hold a password.
    static func shown(path: String) -> String {
        if path.contains("://") { return "a URL" }
        return path.hasPrefix("/") ? String(path.prefix(200)) : "no absolute path"
    }

    /// The files that the distribution reads, without ours.
    static func foreignFiles(_ input: AgentInput, _ distribution: RancherDistribution) -> [ConfigDirectory.File] {
        let ours = HostPath.name(distribution.dropInFile)
        return input.host.files.filter { $0.name != ours }
    }

    /// Whether somebody has changed `registries.yaml` since the service was started. Where the time of that start is
    /// not known, because the service manager may not be asked, nothing is said.
    private static func hasPendingRegistries(_ input: AgentInput) -> Bool {
        // While a step changes the file, what it holds is looked at as a part of the step.
        guard let unit = input.unit, unit.startedAt != nil || input.host.registriesMark != nil,
            input.host.journal.step?.registries == nil
        else { return false }
        return input.host.registriesMark
            != RegistriesMark(
                invocation: unit.invocationID,
                content: input.host.registries
            )
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
            guard let fault = input.liveFault else {
                let message = "nothing of \(input.mirror) is under way on this node, and no MirrorNode says more"
                return AgentDecision([], .idle, message, look: .later)
            }
            return AgentDecision(
                [],
                .apiUnreachable,
                "what the API server has for this node could not be read; nothing is under way: \(fault)",
                look: .later
            )
        }
        guard let mirrorNode = live.mirrorNode else { return decideGone(live) }
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
            [.lock, .writeJournal(journal.with(step))],
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
