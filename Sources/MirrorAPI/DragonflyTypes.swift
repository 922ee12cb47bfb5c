import KubeCore

/// What becomes of a seed whose disk is full.
package enum SeedRecovery: String, Codable, Hashable, Sendable, CaseIterable {
    /// It stays out of the candidate set until somebody makes room.
    case none = "None"
    /// Its pod is deleted once, behind its quarantine: a daemon cleans up when it starts, and comes back with room.
    case restart = "Restart"
}

extension P2PMirrorSpec {
    /// Settings of Dragonfly: which release of `spec.namespace` is looked after, and how far.
    package struct Dragonfly: Codable, Hashable, Sendable {
        /// Value of the label `app` of the release's pods, which the chart calls its full name; nil for the only one in
        /// the namespace.
        package var app: String?
        package var recovery: SeedRecovery = .none
        /// Whether schedulers are told to forget hosts that are gone without a word.
        package var removeDeadHosts: Bool = true

        package init(app: String? = nil, recovery: SeedRecovery = .none, removeDeadHosts: Bool = true) {
            self.app = app
            self.recovery = recovery
            self.removeDeadHosts = removeDeadHosts
        }

        enum CodingKeys: String, CodingKey {
            case app, recovery, removeDeadHosts
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            app = try container.decodeIfPresent(String.self, forKey: .app)
            recovery = try container.value(.recovery, or: .none)
            removeDeadHosts = try container.value(.removeDeadHosts, or: true)
        }
    }
}

extension P2PMirrorStatus {
    /// What is remembered of one seed, for providers whose seeds are pods that move from node to node: a MirrorNode is
    /// of one node.
    package struct SeedRecord: Codable, Hashable, Sendable {
        /// Name of the seed's pod.
        package var name: String
        package var candidate: MirrorNodeStatus.Candidate

        package init(name: String, candidate: MirrorNodeStatus.Candidate) {
            self.name = name
            self.candidate = candidate
        }
    }
}
