import KubeCore
import KubeRuntime
import Logging
import MirrorAPI

/// What the operator is made of.
extension MirrorOperator {
    static func check(_ options: OperatorOptions) throws(KubeError) {
        if options.leaseNamespace.isEmpty {
            throw KubeError(.configuration, "the lease namespace is empty: name the namespace of the operator's Leases")
        }
        if options.announcementNamespace.isEmpty {
            throw KubeError(
                .configuration,
                "the announcement namespace is empty: name the namespace of the agents' announcements"
            )
        }
    }

    /// What records Events in the operator's name.
    static func recorder(
        _ api: KubeAPI,
        _ options: OperatorOptions,
        _ clock: any Clock<Duration>,
        _ wallClock: @escaping @Sendable () -> MicroTimestamp,
        _ logger: Logger
    ) -> EventRecorder {
        EventRecorder(
            api,
            correlator: EventCorrelator(controller: OperatorOptions.controller, instance: options.identity),
            manager: OperatorOptions.controller,
            clock: clock,
            wallClock: wallClock,
            logger: logger
        )
    }

    static func elector(
        _ api: KubeAPI,
        _ options: OperatorOptions,
        _ clock: any Clock<Duration>,
        _ wallClock: @escaping @Sendable () -> MicroTimestamp,
        _ logger: Logger
    ) throws(KubeError) -> LeaderElector? {
        guard options.leaderElection else { return nil }
        let configuration = try LeaderElectionConfiguration(lease: options.leaderLease, identity: options.identity)
        return LeaderElector(
            api,
            configuration: configuration,
            manager: OperatorOptions.controller,
            clock: clock,
            wallClock: wallClock,
            logger: logger
        )
    }

    static func stores(
        _ mirrors: Reflector<ObservedMirror>,
        _ nodes: Reflector<Node>,
        _ mirrorNodes: Reflector<MirrorNode>
    ) -> MirrorStores {
        MirrorStores(
            mirrors: mirrors.store,
            nodes: nodes.store,
            mirrorNodes: mirrorNodes.store,
            health: {
                [
                    (ObservedMirror.resource.plural, mirrors.health), (Node.resource.plural, nodes.health),
                    (MirrorNode.resource.plural, mirrorNodes.health),
                ]
            }
        )
    }

    /// What has to be proven before anything is done, where a watch does not tell by itself.
    static func proofs(
        _ mirrors: Reflector<ObservedMirror>,
        _ nodes: Reflector<Node>,
        _ mirrorNodes: Reflector<MirrorNode>,
        _ seeds: SeedSources,
        _ sources: ProviderSourceSet
    ) -> Proofs {
        var proofs = Proofs()
        proofs.add(mirrors)
        proofs.add(nodes)
        proofs.add(mirrorNodes)
        seeds.add(to: &proofs)
        sources.add(to: &proofs)
        return proofs
    }

    /// - Parameters:
    ///   - connect: makes a client of the server at that URL; nil where nothing outside of the API is asked.
    ///   - calls: calls daemons; nil where none is called.
    ///   - seedClock: what is heard of seeds is timed by it.
    static func sources(
        _ api: KubeAPI,
        _ options: OperatorOptions,
        _ server: ServerMemory,
        _ connect: (@Sendable (String) throws(KubeError) -> any Transport)?,
        _ calls: (any GRPCTransport)?,
        _ clock: any Clock<Duration>,
        _ seedClock: SeedClock,
        _ generator: @escaping @Sendable () -> any RandomNumberGenerator,
        _ logger: Logger
    ) -> ProviderSourceSet {
        ProviderSourceSet(
            SourceParts(
                api: api,
                server: server,
                connect: connect,
                calls: calls,
                clock: clock,
                seedClock: seedClock,
                generator: generator,
                logger: logger,
                daemonTimeFactor: options.daemonTimeFactor
            )
        )
    }

    static func seeds(
        _ api: KubeAPI,
        _ options: OperatorOptions,
        _ stores: MirrorStores,
        _ makesProbes: Bool,
        _ server: ServerMemory,
        _ clock: any Clock<Duration>,
        _ wallClock: @Sendable () -> MicroTimestamp,
        _ generator: @escaping @Sendable () -> any RandomNumberGenerator,
        _ logger: Logger
    ) -> (SeedSources, SeedWatch) {
        let sources = SeedSources(
            api,
            announcementNamespace: options.announcementNamespace,
            server: server,
            clock: clock,
            generator: generator,
            logger: logger
        )
        let seeds = SeedWatch(
            SeedClock(clock, wallClock: wallClock()),
            mirrors: stores.mirrors,
            makesProbes: makesProbes,
            staleness: { sources.staleness(of: $0) }
        )
        return (sources, seeds)
    }

    static func controller(
        _ reconciler: MirrorReconciler,
        _ queue: WorkQueue<String>,
        _ options: OperatorOptions,
        _ clock: any Clock<Duration>,
        _ logger: Logger
    ) -> Controller<String> {
        Controller(
            name: "p2pmirror",
            queue: queue,
            concurrency: options.workers,
            clock: clock,
            logger: logger,
            reconcile: { try await reconciler.reconcile($0) }
        )
    }

    static func prober(
        _ transport: (any ProbeTransport)?,
        _ seeds: SeedWatch,
        _ clock: any Clock<Duration>
    ) -> Prober? {
        transport.map { Prober($0, time: MonotonicTime(clock), report: { seeds.see($0, $1) }) }
    }
}
