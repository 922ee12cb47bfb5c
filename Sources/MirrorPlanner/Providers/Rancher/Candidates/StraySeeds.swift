import KubeCore
import MirrorAPI

/// Nodes that carry a mirror's mark and that it does not look after any more: its selectors have changed, or an older
/// mirror has them. Nobody else would put them back.
enum StraySeeds {
    /// Their names, in ascending order.
    ///
    /// - Parameter fleet: the fleet whose seeds are looked after; nil where none are.
    static func names(
        of mirror: P2PMirror,
        _ distribution: RancherDistribution,
        _ snapshot: Snapshot,
        keeping fleet: Fleet?
    ) -> [String] {
        let spec = mirror.spec
        guard spec.mode == .enforce, spec.pauseRequests.isEmpty, snapshot.staleness == nil else { return [] }
        let name = mirror.metadata.name
        let marked = snapshot.nodes.filter { node in
            node.metadata.annotations[AnnotationKey.evictedBy] == name
                && distribution.isSeed(node) && distribution.lever(of: node, for: name) == .withdrawn(isOurs: true)
        }.map(\.metadata.name)
        guard !marked.isEmpty else { return [] }
        let seeds = Set((fleet?.seeds ?? []).map { snapshot.nodes[$0.number].metadata.name })
        return marked.filter { !seeds.contains($0) }.sorted()
    }
}
