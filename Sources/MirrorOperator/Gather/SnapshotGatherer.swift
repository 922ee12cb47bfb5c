package import KubeCore
import KubeRuntime
import MirrorAPI
package import MirrorPlanner

/// Makes a snapshot of the stores and of what must be read live.
package struct SnapshotGatherer: Sendable {
    private let api: KubeAPI
    private let stores: MirrorStores
    private let lease: ObjectKey
    private let now: @Sendable () -> Timestamp

    package init(
        _ api: KubeAPI,
        stores: MirrorStores,
        leaseNamespace: String,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.api = api
        self.stores = stores
        lease = ObjectKey(namespace: leaseNamespace, name: DisruptionLease.name)
        self.now = now
    }

    /// The stores as they are, and the disruption Lease read live: it is changed by compare-and-swap, so an old one
    /// only costs a conflict, but a conflict costs a pass.
    ///
    /// - Throws: `KubeError` where the Lease can't be read. Nothing is decided then: it may be held.
    package func gather() async throws(KubeError) -> Snapshot {
        // Read before the stores, which may only be fresher than it says.
        let staleness = stores.staleness
        return Snapshot(
            now: now(),
            mirrors: stores.mirrors.all.compactMap(\.mirror).sorted { $0.metadata.name < $1.metadata.name },
            nodes: stores.nodes.all.sorted { $0.metadata.name < $1.metadata.name },
            mirrorNodes: stores.mirrorNodes.all.sorted { $0.metadata.name < $1.metadata.name },
            disruption: try await api.find(Lease.self, lease),
            staleness: staleness,
            unreadableMirrors: stores.mirrors.all.filter { $0.mirror == nil }.map(\.metadata.name).sorted()
        )
    }
}
