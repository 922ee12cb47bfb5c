import KubeCore
import MirrorAPI

/// The whole status of a mirror of a distribution, made anew on every pass; of the present one only transition times
/// are carried over.
struct RancherStatus {
    let assessment: Assessment
    let snapshot: Snapshot
    let candidates: CandidateDecision?
    /// Why the selection may be a mistake; nil where it is not in doubt.
    let doubt: Verdict?

    init(
        _ assessment: Assessment,
        _ snapshot: Snapshot,
        _ candidates: CandidateDecision?,
        doubt: Verdict? = nil
    ) {
        self.assessment = assessment
        self.snapshot = snapshot
        self.candidates = candidates
        self.doubt = doubt
    }

    private var fleet: Fleet { assessment.fleet }
    private var mirror: P2PMirror { fleet.mirror }

    /// The status after a pass that may act.
    func status(_ step: StepOutcome) -> P2PMirrorStatus {
        finished(progress: progress(step), rollout: step.rollout)
    }

    /// The status while nothing may be done: paused, being deleted, on information that may be out of date, or with a
    /// selection that may be a mistake.
    func resting() -> P2PMirrorStatus {
        var rollout = mirror.status?.rollout
        if let staleness = snapshot.staleness {
            // A break of the health would not be seen, so the proof begins anew.
            rollout?.provenSince = nil
            let message = "What is known may be out of date, so nothing is started: \(staleness)"
            return finished(progress: .advancing(Verdict(.staleInformation, message)), rollout: rollout)
        }
        // A step that was given up is none any more.
        if assessment.disrupted == nil { rollout = nil }
        let requests = mirror.spec.pauseRequests
        if requests.isEmpty, let doubt { return finished(progress: .stalled(doubt), rollout: rollout) }
        guard !requests.isEmpty else {
            let verdict = Verdict(.paused, "The mirror is being deleted: nothing is begun any more")
            return finished(progress: .advancing(verdict), rollout: rollout)
        }
        let left = assessment.pendingCount
        let message = "Paused by \(Sentences.list(requests)): \(Sentences.count(left, "change waits", "changes wait"))"
        let warning = UnclaimedStep(ofMirror: mirror.metadata.name, snapshot)?.warning
        let isSteady = warning == nil && left == 0 && rollout == nil && assessment.obstacle == nil
        return finished(
            progress: isSteady ? steady() : .advancing(Verdict(.paused, message + (warning.map { "; \($0)" } ?? ""))),
            rollout: rollout,
            warning: warning
        )
    }

    private func progress(_ step: StepOutcome) -> Progress {
        if fleet.selectedCount == 0 {
            return .advancing(
                Verdict(
                    .noNodesSelected,
                    "spec.selector matches no Linux node that runs \(mirror.spec.provider.rawValue)"
                )
            )
        }
        // A step that is under way is told first, even where it was begun under Enforce and the mode changed since.
        if step.rollout != nil, let progress = step.progress { return progress }
        if mirror.spec.mode == .observe { return steady() }
        if let obstacle = assessment.obstacle, assessment.pendingCount == 0 { return .stalled(obstacle) }
        if step.progress == nil, assessment.pendingCount == 0, let verdict = Sentences.uneditable(assessment) {
            return .stalled(verdict)
        }
        return step.progress ?? steady()
    }

    private func steady() -> Progress {
        let left = assessment.pendingCount
        if mirror.spec.mode == .observe {
            let begin = "The plan is made and nothing is touched: "
            if let obstacle = assessment.obstacle {
                return .steady(Verdict(obstacle.reason, begin + obstacle.message))
            }
            let nodes = Sentences.count(left, "node", "nodes")
            let detail = left == 0 ? "nothing would be changed" : "\(nodes) would be changed; see status.nextChange"
            return .steady(Verdict(.observing, begin + detail))
        }
        if mirror.spec.topology.rewrite == .never, !assessment.topology.cycles.isEmpty {
            return .steady(Verdict(.rewriteIsOff, "spec.topology.rewrite is Never: cycles are reported only"))
        }
        // A server that cannot be read may be part of a ring.
        if let unknown = Sentences.unreadable(fleet.selectedServers.map { fleet.servers[$0] }) {
            return .steady(Verdict(.unreadableConfiguration, "Nothing is left to do on what is known, but \(unknown)"))
        }
        let nodes = Sentences.count(fleet.selectedCount, "node", "nodes")
        return .steady(Verdict(.healthy, "Nothing is left to do on \(nodes)"))
    }

    private func finished(
        progress: Progress,
        rollout: P2PMirrorStatus.Rollout?,
        warning: String? = nil
    ) -> P2PMirrorStatus {
        let own = RancherConditions(assessment, doubt: doubt)
        return MirrorStatus(
            mirror: mirror,
            progress: progress,
            candidates: candidates,
            warning: warning,
            doubt: doubt,
            words: MirrorStatus.Words(claimed: "servers", seeds: "seeds")
        ).status(
            MirrorStatus.Parts(
                nodes: nodes(rollout),
                topology: topology(),
                rollout: rollout,
                nextChange: nextChange()
            ),
            now: snapshot.now,
            own: own.finding
        )
    }

    /// The root as it is to be on record.
    private var rootRecord: (name: String?, uid: String?, address: String?) {
        let present = mirror.status?.topology
        guard snapshot.staleness == nil else { return (present?.root, present?.rootUID, present?.rootAddress) }
        guard let number = assessment.root.flatMap({ fleet.numbers[$0] }) else { return (assessment.root, nil, nil) }
        return (assessment.root, fleet.servers[number].uid, fleet.servers[number].internalIP)
    }

    /// Whether the root stands in the status, so that it is the same after a restart of the operator. A release before
    /// this one recorded its name alone.
    var isRootRecorded: Bool {
        let present = mirror.status?.topology
        let wanted = rootRecord
        return present?.root == wanted.name && (present?.rootUID == nil || present?.rootUID == wanted.uid)
    }

    private func topology() -> P2PMirrorStatus.Topology? {
        // The root is remembered in it: it stays until the selection is put right or confirmed.
        if doubt != nil { return mirror.status?.topology }
        guard fleet.isSelected.contains(true) else { return nil }
        let root = rootRecord
        let cycles = assessment.topology.cycles
        return P2PMirrorStatus.Topology(
            observed: assessment.topology.shape,
            desired: assessment.isRewriting ? mirror.spec.topology.shape : nil,
            root: root.name,
            rootUID: root.uid,
            rootAddress: root.address,
            depth: assessment.topology.depth,
            cycleCount: cycles.count,
            cycles: cycles.isEmpty
                ? nil
                : cycles.prefix(20).map { cycle in
                    P2PMirrorStatus.Cycle(nodes: cycle.path.prefix(50).map { fleet.servers[$0].name })
                },
            pendingChanges: assessment.pendingCount
        )
    }

    private func nodes(_ rollout: P2PMirrorStatus.Rollout?) -> P2PMirrorStatus.Nodes {
        let servers = fleet.selectedServers.map { fleet.servers[$0] }
        let laggards = assessment.laggards.map { fleet.agents[$0] }
        let failed = (servers + laggards).count { fleet.mirrorNode(of: $0)?.defeat != nil }
        let updating = rollout.map { fleet.selects($0.node) ? 1 : 0 } ?? 0
        var pending = Set((assessment.changes.map(\.node) + laggards.map(\.name)))
        pending.formUnion(assessment.uneditable.map(\.node))
        if let rollout, updating > 0 { pending.insert(rollout.node) }
        let behind = pending.count
        return P2PMirrorStatus.Nodes(
            selected: fleet.selectedCount,
            ready: servers.count { $0.isReady } + fleet.agents.count { $0.isReady },
            current: fleet.selectedCount - behind,
            updating: updating,
            failed: failed,
            recorded: servers.count { fleet.mirrorNode(of: $0) != nil }
                + fleet.agents.count { fleet.mirrorNodeNumber(named: $0.name, uid: $0.uid) != nil }
        )
    }

    private func nextChange() -> P2PMirrorStatus.NextChange? {
        guard let change = assessment.nextChange else { return nil }
        let action: P2PMirrorStatus.NextChange.Action =
            switch change.parts.first {
            case .registries: .addRegistries
            case .debug: .setDebug
            case .server, nil: change.desired.server?.action == .clear ? .clearServer : .pointServer
            }
        return P2PMirrorStatus.NextChange(action, on: change.node, Verdict(change.reason, change.message))
    }
}
