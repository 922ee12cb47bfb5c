package import KubeCore
package import KubeRuntime
package import MirrorAPI

/// The three collections that decisions rest on, as the API showed them last.
package struct MirrorStores: Sendable {
    package var mirrors: Store<ObservedMirror>.Reader
    package var nodes: Store<Node>.Reader
    package var mirrorNodes: Store<MirrorNode>.Reader
    /// How fresh each of them is; by plural name of the kind.
    package var health: @Sendable () -> [(resource: String, health: ReflectorHealth)]

    package init(
        mirrors: Store<ObservedMirror>.Reader,
        nodes: Store<Node>.Reader,
        mirrorNodes: Store<MirrorNode>.Reader,
        health: @escaping @Sendable () -> [(resource: String, health: ReflectorHealth)] = { [] }
    ) {
        self.mirrors = mirrors
        self.nodes = nodes
        self.mirrorNodes = mirrorNodes
        self.health = health
    }

    static let longestSilence = ReflectorHealth.longestSilence

    /// Why the stores may be out of date, in words; nil while they are fresh.
    package var staleness: String? {
        let unread = [
            (ObservedMirror.resource.plural, mirrors.isSynced), (Node.resource.plural, nodes.isSynced),
            (MirrorNode.resource.plural, mirrorNodes.isSynced),
        ].filter { !$0.1 }.map(\.0)
        if !unread.isEmpty {
            return "The list of \(unread.joined(separator: ", ")) has not been read yet."
        }
        let health = health()
        if let behind = health.first(where: { $0.health.freshness == .unproven }) {
            return
                "The watch of \(behind.resource) is silent, and what is known of them is not yet shown to be all that "
                + "the API server has; nothing is started until it is."
        }
        // Of a quiet one nothing is wrong as far as is known; more is demanded before something is done (`Proofs`).
        let silent = health.filter { $0.health.freshness != .quiet && $0.health.age > Self.longestSilence }
        guard let oldest = silent.max(by: { $0.health.age < $1.health.age }) else { return nil }
        // The age itself is left out: it would make a new status of every look.
        return "The API server has sent nothing about \(oldest.resource) for more than "
            + "\(Self.longestSilence.components.seconds) s; nothing is started until it does."
    }

    /// How long to wait at most until the stores show all that we wrote; nil where they do.
    package func delay(behind writes: OwnWrites) -> Duration? {
        [writes.delay(mirrors), writes.delay(nodes), writes.delay(mirrorNodes)].compactMap(\.self).max()
    }
}
