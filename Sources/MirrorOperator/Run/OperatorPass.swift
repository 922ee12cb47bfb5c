package import KubeCore
package import KubeRuntime
package import Logging
import MirrorAPI
package import MirrorPlanner

/// One look at the world and one reconcile of each mirror, without a watch, a queue or a clock of its own.
///
/// For `--once` runs, and for simulations with a time of their own. It keeps the stores from pass to pass like a
/// running operator; a new one is an operator that was started again. It has no evidence about seeds, which only time
/// brings, so it leaves every candidate set as it is.
package struct OperatorPass: Sendable {
    private let api: KubeAPI
    private let mirrors: Store<ObservedMirror>.Writer
    private let nodes: Store<Node>.Writer
    private let mirrorNodes: Store<MirrorNode>.Writer
    private let stores: MirrorStores
    private let reconciler: MirrorReconciler
    private let logger: Logger

    /// - Parameters:
    ///   - proofs: what may have to be proven before anything is done.
    ///   - wallClock: the time that decisions are taken by.
    ///   - planner: makes the plan of the mirror of that name; pure.
    ///   - emit: takes Events; nothing writes them otherwise.
    package init(
        _ transport: any Transport,
        leaseNamespace: String,
        proofs: Proofs = Proofs(),
        clock: any Clock<Duration> = ContinuousClock(),
        wallClock: @escaping @Sendable () -> MicroTimestamp,
        logger: Logger,
        planner: @escaping @Sendable (String, Snapshot) -> Plan? = ValidationMemory.planner(),
        emit: @escaping @Sendable (EventOccurrence) -> Void = { _ in }
    ) {
        api = KubeAPI(transport)
        self.logger = logger
        let mirrors = Store<ObservedMirror>.make()
        let nodes = Store<Node>.make(transform: NodePruning.pruned)
        let mirrorNodes = Store<MirrorNode>.make()
        (self.mirrors, self.nodes, self.mirrorNodes) = (mirrors.writer, nodes.writer, mirrorNodes.writer)
        stores = MirrorStores(mirrors: mirrors.reader, nodes: nodes.reader, mirrorNodes: mirrorNodes.reader)
        reconciler = MirrorReconciler(
            api,
            stores: stores,
            proofs: proofs,
            leaseNamespace: leaseNamespace,
            ownWrites: OwnWrites(clock: clock, logger: logger),
            wallClock: wallClock,
            logger: logger,
            planner: planner,
            emit: emit
        )
    }

    /// Lists the three collections and reconciles every mirror, in the order of their names.
    ///
    /// - Returns: what each mirror asked for next.
    /// - Throws: the first `KubeError`; mirrors after it are left for the next pass.
    @discardableResult
    package func run() async throws -> [String: ReconcileResult] {
        try await refresh()
        var results: [String: ReconcileResult] = [:]
        for name in stores.mirrors.all.map(\.metadata.name).sorted() {
            results[name] = try await reconcile(name)
        }
        return results
    }

    /// Brings the stores up to date with lists.
    package func refresh() async throws(KubeError) {
        // The mirrors last: what they select and own is then no older than they are.
        try await Self.fill(nodes, api)
        try await Self.fill(mirrorNodes, api)
        try await Self.fill(mirrors, api)
    }

    /// Reconciles one mirror on the stores as they are.
    package func reconcile(_ name: String) async throws -> ReconcileResult {
        var logger = logger
        logger[metadataKey: "key"] = "\(name)"
        return try await withLogger(logger) { _ in try await reconciler.reconcile(name) }
    }

    private static func fill<Object: KubeObject>(_ writer: Store<Object>.Writer, _ api: KubeAPI) async throws(KubeError)
    {
        writer.apply(.relistBegan)
        var continuation: String?
        repeat {
            let page: ObjectPage<Object> = try await api.send(
                .list(Object.resource, ListOptions(limit: 500), continuation: continuation)
            )
            writer.apply(.page(page.objects, unreadable: page.unreadable))
            continuation = page.continuation.flatMap { $0.isEmpty ? nil : $0 }
            if continuation == nil { writer.apply(.relistEnded(resourceVersion: page.resourceVersion ?? "")) }
        } while continuation != nil
    }
}
