import KubeCore
import MirrorAPI

/// The whole status of a mirror, made anew on every pass: what is the same of every provider, filled with what one says
/// of itself. All conditions are written from the first pass on, and none is ever an input to a decision.
///
/// Of the present status only transition times are carried over, and what is remembered of the candidate set where
/// nothing is decided about it.
struct MirrorStatus {
    typealias Finding = (status: Condition.Status, verdict: Verdict)

    /// What a provider calls its things.
    struct Words {
        /// What no other mirror may have, such as "servers".
        var claimed: String
        /// Seeds, such as "peers".
        var seeds: String
    }

    /// What a provider says of itself; all else is nil.
    struct Parts {
        var nodes: P2PMirrorStatus.Nodes
        var topology: P2PMirrorStatus.Topology?
        var rollout: P2PMirrorStatus.Rollout?
        var nextChange: P2PMirrorStatus.NextChange?
    }

    var mirror: P2PMirror
    var progress: Progress
    /// Nil where nothing is decided about the candidate set.
    var candidates: CandidateDecision?
    /// What a hold has not stopped yet.
    var warning: String?
    /// Why the selection may be a mistake.
    var doubt: Verdict?
    var words: Words

    /// - Parameter own: a provider's finding on one of its own conditions; nil for what is the same of all.
    func status(_ parts: Parts, now: Timestamp, own: (MirrorConditionType) -> Finding?) -> P2PMirrorStatus {
        let conditions = MirrorConditionType.types(of: mirror.spec.provider).map { type in
            let finding = own(type) ?? shared(type)
            return Condition(type, of: mirror, finding.status, finding.verdict)
        }
        let set = candidates?.memory ?? CandidateInput.Memory(mirror.status)
        return P2PMirrorStatus(
            observedGeneration: mirror.metadata.generation,
            conditions: conditions.carryingTransitionTimes(from: mirror.status?.conditions ?? [], now: now),
            topology: parts.topology,
            nodes: parts.nodes,
            candidates: set.candidates,
            evictions: set.evictions,
            storm: set.storm,
            rollout: parts.rollout,
            nextChange: parts.nextChange
        )
    }

    private func shared(_ type: MirrorConditionType) -> Finding {
        switch type {
        case .ready: progress.ready
        case .reconciling: progress.reconciling
        case .stalled: progress.stalled
        case .accepted:
            (.true, Verdict(.accepted, "The specification is valid, and no other mirror has its \(words.claimed)"))
        case .paused: mirror.spec.paused(warning)
        case .candidatesAvailable: seeds(\.available)
        case .evictionEffective: seeds(\.effective)
        case .stormActive: seeds(\.storm)
        case .topologyAcyclic, .peersConnected, .nodesCurrent, .versionsSupported, .highlyAvailable:
            (.unknown, Verdict(.unknown, "Nothing is known of it with \(mirror.spec.provider.rawValue)"))
        }
    }

    private func seeds(_ finding: KeyPath<CandidateConditions, CandidateConditions.Finding>) -> Finding {
        guard let found = candidates?.conditions[keyPath: finding] else {
            if let doubt { return (.unknown, doubt) }
            return (.unknown, Verdict(.unknown, "The \(words.seeds) have not been looked at yet"))
        }
        return (found.status, found.verdict)
    }
}

extension P2PMirrorStatus.NextChange {
    /// One change with its reason, the message as long as it may be.
    init(_ action: Action, on node: String, _ verdict: Verdict) {
        self.init(
            node: node,
            action: action,
            reason: verdict.reason.rawValue,
            message: String(verdict.message.prefix(4_096))
        )
    }
}
