package import MirrorAPI

/// What there is of a provider in the cluster that may concern one mirror, beside nodes and MirrorNodes.
package enum ProviderEvidence: Hashable, Sendable {
    case spegel(SpegelEvidence)
    case dragonfly(DragonflyEvidence)

    /// Why that may be out of date, in words; nil while it is known to be fresh. Nothing is done on it then.
    package var staleness: String? {
        switch self {
        case .spegel(let evidence): evidence.staleness
        case .dragonfly(let evidence): evidence.staleness
        }
    }

    /// The objects among it that we made for the mirror.
    package func objects(of mirror: P2PMirror) -> [ManagedObject] {
        switch self {
        case .spegel(let evidence): evidence.objects(of: mirror)
        case .dragonfly: []
        }
    }

    /// The same with those objects as they are now.
    package func with(objects: [ManagedObject], of mirror: P2PMirror) -> ProviderEvidence {
        switch self {
        case .spegel(let evidence): .spegel(evidence.with(objects: objects, of: mirror))
        case .dragonfly: self
        }
    }
}

/// In a dumped snapshot the evidence of each provider is a member of its own, which has it by the name of the mirror.
struct EvidenceByProvider: Codable {
    private var spegel: [String: SpegelEvidence]?
    private var dragonfly: [String: DragonflyEvidence]?

    init(_ evidence: [String: ProviderEvidence]) {
        spegel = [:]
        for (mirror, evidence) in evidence {
            switch evidence {
            case .spegel(let evidence): spegel?[mirror] = evidence
            case .dragonfly(let evidence): dragonfly = (dragonfly ?? [:]).merging([mirror: evidence]) { $1 }
            }
        }
    }

    /// By the name of the mirror.
    var evidence: [String: ProviderEvidence] {
        (spegel ?? [:]).mapValues(ProviderEvidence.spegel)
            .merging((dragonfly ?? [:]).mapValues(ProviderEvidence.dragonfly)) { first, _ in first }
    }
}
