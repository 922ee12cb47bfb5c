package import KubeCore
package import MirrorAPI

/// All that is known at one instant. A plan is a function of it and of nothing else.
package struct Snapshot: Codable, Hashable, Sendable {
    /// Wall-clock time at which it was taken.
    package var now: Timestamp
    /// Every mirror of the cluster: two that claim the same servers must see each other.
    package var mirrors: [P2PMirror]
    /// The cluster's nodes, with secrets already masked in `node-args` and `node-env`.
    package var nodes: [Node]
    /// Every MirrorNode of the cluster.
    package var mirrorNodes: [MirrorNode]
    /// The disruption Lease as read live; nil where it does not exist.
    package var disruption: Lease?
    /// Why what is above may be out of date, in words; nil while it is known to be fresh. Nothing is started on it
    /// then.
    package var staleness: String?
    /// Names of the mirrors that are there and can't be read: what they hold is held.
    package var unreadableMirrors: [String]
    /// What is known of the seeds of a mirror, by its name. Where there is none its candidate set is left as it is.
    package var seeds: [String: SeedEvidence]
    /// What there is of a mirror's provider in the cluster, by the name of the mirror. Where there is none nothing is
    /// done that would rest on it.
    package var evidence: [String: ProviderEvidence]

    private enum CodingKeys: String, CodingKey {
        case now, mirrors, nodes, mirrorNodes, disruption, staleness, unreadableMirrors, seeds
    }

    package init(
        now: Timestamp,
        mirrors: [P2PMirror],
        nodes: [Node],
        mirrorNodes: [MirrorNode] = [],
        disruption: Lease? = nil,
        staleness: String? = nil,
        unreadableMirrors: [String] = [],
        seeds: [String: SeedEvidence] = [:],
        evidence: [String: ProviderEvidence] = [:]
    ) {
        self.now = now
        self.mirrors = mirrors
        self.nodes = nodes
        self.mirrorNodes = mirrorNodes
        self.disruption = disruption
        self.staleness = staleness
        self.unreadableMirrors = unreadableMirrors
        self.seeds = seeds
        self.evidence = evidence
    }

    /// One that an earlier release wrote lacks what came later.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        now = try container.decode(Timestamp.self, forKey: .now)
        mirrors = try container.decode([P2PMirror].self, forKey: .mirrors)
        nodes = try container.decode([Node].self, forKey: .nodes)
        mirrorNodes = try container.decode([MirrorNode].self, forKey: .mirrorNodes)
        disruption = try container.decodeIfPresent(Lease.self, forKey: .disruption)
        staleness = try container.decodeIfPresent(String.self, forKey: .staleness)
        unreadableMirrors = try container.decodeIfPresent([String].self, forKey: .unreadableMirrors) ?? []
        seeds = try container.decodeIfPresent([String: SeedEvidence].self, forKey: .seeds) ?? [:]
        evidence = try EvidenceByProvider(from: decoder).evidence
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(now, forKey: .now)
        try container.encode(mirrors, forKey: .mirrors)
        try container.encode(nodes, forKey: .nodes)
        try container.encode(mirrorNodes, forKey: .mirrorNodes)
        try container.encodeIfPresent(disruption, forKey: .disruption)
        try container.encodeIfPresent(staleness, forKey: .staleness)
        try container.encode(unreadableMirrors, forKey: .unreadableMirrors)
        try container.encode(seeds, forKey: .seeds)
        try EvidenceByProvider(evidence).encode(to: encoder)
    }

    /// Whether there is a mirror of that name, readable or not.
    func hasMirror(_ name: String) -> Bool {
        unreadableMirrors.contains(name) || mirrors.contains { $0.metadata.name == name }
    }
}
