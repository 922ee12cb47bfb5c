import KubeCore
import MirrorAPI

/// Makes what is decided about a candidate set into writes, whole: what only the provider knows of a seed is asked for
/// here.
///
/// What can't be written ends them, as a write that fails ends a pass.
struct SetWrites {
    private let mirror: P2PMirror
    private let snapshot: Snapshot
    private let rules: any ProviderRules

    init(_ mirror: P2PMirror, _ snapshot: Snapshot, _ rules: any ProviderRules) {
        self.mirror = mirror
        self.snapshot = snapshot
        self.rules = rules
    }

    /// Puts nodes back that the mirror took out of its set and does not look after any more.
    func returning(_ strays: [String]) -> [Write] {
        guard !strays.isEmpty else { return [] }
        let moves = moves(strays.map { ($0, true) })
        return strays.compactMap { name in
            moves[name].map {
                .publishSeed(name, $0, Verdict(.nodeNotSelected, "\(name) is no seed of this mirror any more"))
            }
        }
    }

    /// Carries a decision out, in the order of its changes.
    ///
    /// - Parameter status: of the plan; it remembers the set.
    func carryingOut(_ decision: CandidateDecision?, status: P2PMirrorStatus) -> [Write] {
        guard let decision, !decision.changes.isEmpty else { return [] }
        let records = records(decision)
        let moves = moves(decision.changes.compactMap(\.move))
        let isInStatus = rules.remembersSeedsInStatus
        var look: SetLook?
        var writes: [Write] = []
        // The status remembers the seeds too: it is written once, before anything moves.
        if isInStatus, decision.changes.contains(where: \.isRecord) {
            writes.append(.recordSet(status, of: mirror, decision.conditions.available.verdict))
        }
        for change in decision.changes {
            if isInStatus, change.isRecord { continue }
            switch change {
            case .recordSet:
                writes.append(.recordSet(status, of: mirror, decision.conditions.available.verdict))
            case .recordSeed(let seed, let record):
                if let object = records[Names.mirrorNode(mirror: mirror.metadata.name, node: seed)] {
                    writes.append(.recordSeed(seed, record, in: object))
                } else if record != nil {
                    return writes
                }
            case .publish(let seed, let verdict):
                guard let move = moves[seed] else { return writes }
                writes.append(.publishSeed(seed, move, verdict))
            case .confirm(let check):
                look = SetLook(rules.publishedSeeds(of: mirror, snapshot), check)
            case .withdraw(let seed, let verdict):
                guard let move = moves[seed], let look else { return writes }
                writes.append(.withdrawSeed(seed, move, after: look, verdict))
            }
        }
        return writes
    }

    private func moves(_ isPublished: [(String, Bool)]) -> [String: SeedMove] {
        guard !isPublished.isEmpty else { return [:] }
        return rules.seedMoves(Dictionary(isPublished, uniquingKeysWith: { $1 }), of: mirror, snapshot)
    }

    /// The MirrorNodes of the mirror by name, where a seed is to be remembered.
    private func records(_ decision: CandidateDecision) -> [String: MirrorNode] {
        guard decision.changes.contains(where: { if case .recordSeed = $0 { true } else { false } }) else { return [:] }
        let own = snapshot.mirrorNodes.filter { $0.spec.mirrorName == mirror.metadata.name }
        return Dictionary(own.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
    }
}

extension SetChange {
    /// Whether it remembers something.
    fileprivate var isRecord: Bool {
        switch self {
        case .recordSet, .recordSeed: true
        case .publish, .confirm, .withdraw: false
        }
    }

    /// Where it carries a seed to; nil where it carries none.
    fileprivate var move: (String, Bool)? {
        switch self {
        case .publish(let seed, _): (seed, true)
        case .withdraw(let seed, _): (seed, false)
        case .recordSet, .recordSeed, .confirm: nil
        }
    }
}
