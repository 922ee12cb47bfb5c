package import KubeCore
package import KubeRuntime
package import MirrorAPI

/// The three collections that decisions rest on, as the API showed them last.
package struct MirrorStores: Sendable {
    package var mirrors: Store<ObservedMirror>.Reader
    package var nodes: Store<Node>.Reader
    package var mirrorNodes: Store<MirrorNode>.Reader
    /// How long ago the server was heard last about one of them; by plural name of the kind.
    package var ages: @Sendable () -> [(resource: String, age: Duration)]

    package init(
        mirrors: Store<ObservedMirror>.Reader,
        nodes: Store<Node>.Reader,
        mirrorNodes: Store<MirrorNode>.Reader,
        ages: @escaping @Sendable () -> [(resource: String, age: Duration)] = { [] }
    ) {
        self.mirrors = mirrors
        self.nodes = nodes
        self.mirrorNodes = mirrorNodes
        self.ages = ages
    }

    /// A server sends a bookmark about every minute and a watcher gives a connection up after 75 s of silence; after
    /// twice that not even a new connection brought a word.
    static let longestSilence = Duration.seconds(150)

    /// Why the stores may be out of date, in words; nil while they are fresh.
    package var staleness: String? {
        let unread = [
            (ObservedMirror.resource.plural, mirrors.isSynced), (Node.resource.plural, nodes.isSynced),
            (MirrorNode.resource.plural, mirrorNodes.isSynced),
        ].filter { !$0.1 }.map(\.0)
        if !unread.isEmpty {
            return "The list of \(unread.joined(separator: ", ")) has not been read yet."
        }
        let silent = ages().filter { $0.age > Self.longestSilence }
        guard let oldest = silent.max(by: { $0.age < $1.age }) else { return nil }
        // The age itself is left out: it would make a new status of every look.
        return "The API server has sent nothing about \(oldest.resource) for more than "
            + "\(Self.longestSilence.components.seconds) s; nothing is started until it does."
    }

    /// How long to wait at most until the stores show all that we wrote; nil where they do.
    package func delay(behind writes: OwnWrites) -> Duration? {
        [writes.delay(mirrors), writes.delay(mirrorNodes)].compactMap(\.self).max()
    }
}
