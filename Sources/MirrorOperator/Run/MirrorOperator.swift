package import KubeCore
package import KubeRuntime
package import Logging
import MirrorAPI
package import MirrorPlanner
package import Telemetry

/// The operator as it runs: reflectors that fill the stores, a queue of mirrors, and a controller that works while
/// leading.
///
/// # Guarantees
/// - The stores are filled in standby too, so that a new leader begins at once.
/// - Losing the leadership stops the work and nothing else.
/// - `run` ends by cancellation, and where a part of it ends, which is logged and none is meant to; writes that were
///   begun end first.
package final class MirrorOperator: Sendable {
    private let options: OperatorOptions
    private let api: KubeAPI
    private let logger: Logger
    private let definitions: DefinitionCheck
    private let mirrors: Reflector<ObservedMirror>
    private let nodes: Reflector<Node>
    private let mirrorNodes: Reflector<MirrorNode>
    private let events: EventRecorder
    private let elector: LeaderElector?
    private let makeController: @Sendable () -> (Controller<String>, WorkQueue<String>)
    private let stores: MirrorStores
    private let seeds: SeedWatch
    private let seedSources: SeedSources
    private let sources: ProviderSourceSet
    private let time: MonotonicTime
    private let makeProber: @Sendable () -> Prober?

    /// - Parameters:
    ///   - probes: makes probes of seeds; nil where none are to be made.
    ///   - peers: makes a client of the server at that URL, to ask peers what they say of themselves; nil where nobody
    ///     is asked.
    ///   - calls: calls daemons that speak gRPC; nil where none is called.
    ///   - planner: makes the plan of the mirror of that name; pure.
    ///   - clock: for delays, backoff and the age of the stores.
    ///   - wallClock: the time that is written into objects and that deadlines in objects are compared with.
    ///   - generator: makes sources of jitter.
    /// - Throws: `KubeError` with code `configuration` where the options do not fit.
    package init(
        _ transport: any Transport,
        options: OperatorOptions,
        probes: (any ProbeTransport)? = nil,
        peers: (@Sendable (String) throws(KubeError) -> any Transport)? = nil,
        calls: (any GRPCTransport)? = nil,
        planner: @escaping @Sendable (String, Snapshot) -> Plan? = ValidationMemory.planner(),
        clock: any Clock<Duration> = ContinuousClock(),
        wallClock: @escaping @Sendable () -> MicroTimestamp = WallClock.now,
        generator: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() },
        logger: Logger
    ) throws(KubeError) {
        try Self.check(options)
        let server = ServerMemory(clock: clock, objectLimit: options.objectLimit)
        let transport = ReportingTransport(transport, memory: server, clock: clock, logger: logger)
        let api = KubeAPI(transport)
        self.api = api
        self.logger = logger
        self.options = options
        time = MonotonicTime(clock)
        definitions = DefinitionCheck(api, clock: clock, logger: logger)
        mirrors = Reflector(api, server: server, clock: clock, generator: generator, logger: logger)
        nodes = Reflector(
            api,
            server: server,
            clock: clock,
            generator: generator,
            logger: logger,
            transform: NodePruning.pruned
        )
        mirrorNodes = Reflector(api, server: server, clock: clock, generator: generator, logger: logger)
        let events = Self.recorder(api, options, clock, wallClock, logger)
        self.events = events
        let elector = try Self.elector(api, options, clock, wallClock, logger)
        self.elector = elector
        // What a reconcile has begun before the leadership was lost it does not write any more.
        let leading = KubeAPI(elector.map { elector in LeaderTransport(transport) { elector.isLeader } } ?? transport)
        let stores = Self.stores(mirrors, nodes, mirrorNodes)
        self.stores = stores
        let hasProbes = probes != nil
        let (watched, seeds) = Self.seeds(api, options, stores, hasProbes, server, clock, wallClock, generator, logger)
        seedSources = watched
        self.seeds = seeds
        let seedClock = SeedClock(clock, wallClock: wallClock())
        let sources = Self.sources(api, options, server, peers, calls, clock, seedClock, generator, logger)
        self.sources = sources
        let proofs = Self.proofs(mirrors, nodes, mirrorNodes, watched, sources)
        makeProber = { Self.prober(probes, seeds, clock) }
        // Longer than a term: what was written in the last one may still be on its way when the next one begins.
        let ownWrites = OwnWrites(clock: clock, logger: logger)
        makeController = {
            let queue = WorkQueue<String>(name: "p2pmirror", backoff: Self.retries, clock: clock)
            let reconciler = MirrorReconciler(
                leading,
                stores: stores,
                seeds: seeds,
                sources: sources,
                proofs: proofs,
                leaseNamespace: options.leaseNamespace,
                ownWrites: ownWrites,
                wallClock: wallClock,
                logger: logger,
                planner: planner,
                emit: { events.record($0) },
                released: { for mirror in stores.mirrors.all { queue.add(mirror.metadata.name) } }
            )
            return (Self.controller(reconciler, queue, options, clock, logger), queue)
        }
    }

    /// How soon a mirror is tried again after an error. Nothing tells us that a right was given or a quota raised, so
    /// it is never long; one request in ten seconds is cheap.
    static let retries = Backoff(initial: .milliseconds(5), maximum: .seconds(refusalSeconds))
    static let refusalSeconds: Int64 = 10

    /// Whether this process does the work now.
    package var isLeader: Bool { elector?.isLeader ?? true }

    /// What must hold before the process can do its work; a standby is ready too.
    package var readyChecks: [HealthCheck] {
        [
            HealthCheck(name: "definitions") { [definitions, stores] in
                definitions.missing ?? DefinitionCheck.vanished(stores.health())
            },
            HealthCheck(name: "caches") { [stores] in stores.staleness },
        ]
    }

    /// Logs once what runs here, against which API server and with which settings.
    ///
    /// - Parameters:
    ///   - version: the release of this program.
    ///   - host: where the API server is.
    package func logStart(version: String, host: String) async {
        let kubernetes = await api.serverVersion()
        logger.info(
            "Operator starts",
            metadata: [
                "version": "\(version)", "server": "\(host)",
                "kubernetes": "\(kubernetes ?? "unknown: the server did not say within 2 s")",
                "identity": "\(options.identity)",
                "leaderElection": "\(options.leaderElection ? "\(options.leaderLease)" : "off")",
                "announcementNamespace": "\(options.announcementNamespace)", "workers": "\(options.workers)",
            ]
        )
    }

    /// Runs until the task is cancelled.
    package func run() async {
        var parts = [
            Part("events") { await self.events.run() }, Part("caches") { await self.follow() },
            Part("work") { await self.lead() },
        ]
        if let elector { parts.append(Part("election") { await elector.run() }) }
        await together(parts)
    }

    /// An operator that has lost a part would lead, and not work.
    private func together(_ parts: [Part]) async {
        await runTogether(parts) { [logger] end in
            logger.critical(
                "A part of the operator ended",
                metadata: ["part": "\(end.part)", "reason": "\(end.reason)"]
            )
        }
    }

    private func follow() async {
        do { try await definitions.waitUntilPresent() } catch { return }
        await together([
            Part("mirrors") { await self.mirrors.run() },
            Part("nodes") { await self.nodes.run() },
            Part("mirror nodes") { await self.mirrorNodes.run() },
            Part("seeds") { await self.seedSources.follow(self.stores, self.seeds) },
            Part("providers") { await self.sources.follow(self.stores.mirrors) },
        ])
    }

    private func lead() async {
        let work: @Sendable () async throws -> Void = {
            try await self.stores.mirrors.waitUntilSynced()
            try await self.stores.nodes.waitUntilSynced()
            try await self.stores.mirrorNodes.waitUntilSynced()
            await self.work()
        }
        do {
            if let elector { try await elector.leading(work) } else { try await work() }
        } catch {
            // A cancellation: nothing else is thrown by waiting for stores or for the Lease.
            return
        }
    }

    /// One term: a queue of its own, so that nothing is left over from an earlier one.
    private func work() async {
        let (controller, queue) = makeController()
        let probesChanged = seeds.begin { queue.add($0, after: $1) }
        defer { seeds.end() }
        for mirror in OrphanedSeeds.mirrors(stores) { queue.add(mirror) }
        var parts = [
            Part("controller") { await controller.run() },
            Part("progress") { await controller.recordProgress() },
            Part("queue of mirrors") { await self.queueMirrors(queue) },
            Part("queue of nodes") { await self.queueNodes(queue) },
            Part("queue of mirror nodes") { await self.queueMirrorNodes(queue) },
            Part("queue of evidence") { await self.queueEvidence(queue) },
        ]
        if let prober = makeProber() { parts.append(Part("probes") { await self.probe(prober, probesChanged) }) }
        await together(parts)
    }
}

extension MirrorOperator {
    /// Makes the probes that are wanted, until the task is cancelled.
    private func probe(_ prober: Prober, _ changes: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await prober.run() }
            group.addTask { for await _ in changes { await prober.replace(self.seeds.probes) } }
            group.addTask { await self.describe(prober) }
            await group.waitForAll()
        }
    }

    /// Brings the metrics of probes up to date, until the task is cancelled.
    private func describe(_ prober: Prober) async {
        var late = 0
        while !Task.isCancelled {
            let statistics = await prober.statistics
            OperatorMetrics.describeProbes(late: statistics.deferred - late, failing: seeds.failingProbes)
            late = statistics.deferred
            try? await time.sleep(for: .seconds(5))
        }
    }

    /// Every change of a mirror concerns it; one of its specification concerns the others too, which may claim the same
    /// servers.
    private func queueMirrors(_ queue: WorkQueue<String>) async {
        await queue.add(changesOf: stores.mirrors) { [stores] change in
            let isOwnAlone = change.old?.content == change.new?.content
            return isOwnAlone ? [change.key.name] : [change.key.name] + stores.mirrors.all.map(\.metadata.name)
        }
    }

    /// A change of a node concerns every mirror: selection, the state of other servers, the roots, the seeds. The first
    /// one is looked at at once, since a seed that falls ill should leave at once; those that follow are gathered.
    private func queueNodes(_ queue: WorkQueue<String>) async {
        // When the mirrors looked last, or are to look.
        var look = time.now - options.nodeChangeDelay
        for await batch in stores.nodes.changes() where batch.contains(where: Self.matters) {
            let priority: QueuePriority = batch.allSatisfy(\.isInitial) ? .low : .normal
            let now = time.now
            if look <= now { look = max(now, look + options.nodeChangeDelay) }
            for mirror in stores.mirrors.all { queue.add(mirror.metadata.name, after: look - now, priority: priority) }
        }
    }

    /// What an agent measures on its host changes often somewhere in a large fleet, and is gathered.
    private func queueMirrorNodes(_ queue: WorkQueue<String>) async {
        for await batch in stores.mirrorNodes.changes() {
            for change in batch {
                let delay = Self.isMeasureAlone(change) ? options.measureDelay : .zero
                for mirror in Self.keys(of: change) {
                    queue.add(mirror, after: delay, priority: change.isInitial ? .low : .normal)
                }
            }
        }
    }

    /// What there is of a provider concerns its mirrors; pods come and go many at once.
    private func queueEvidence(_ queue: WorkQueue<String>) async {
        await sources.changes { [stores, options] provider in
            for mirror in stores.mirrors.all where mirror.mirror?.spec.provider == provider {
                queue.add(mirror.metadata.name, after: options.nodeChangeDelay)
            }
        }
    }

    /// Whether nothing has changed but what is measured.
    static func isMeasureAlone(_ change: StoreChange<MirrorNode>) -> Bool {
        guard var old = change.old, let new = change.new, old.status?.agent != nil else { return false }
        old.metadata.resourceVersion = new.metadata.resourceVersion
        old.status?.agent?.figures = new.status?.agent?.figures
        old.status?.agent?.host?.serviceCPUPercent = new.status?.agent?.host?.serviceCPUPercent
        return old == new
    }

    /// A heartbeat gives a node a new version and, without the fields that are not kept, nothing else.
    package static func matters(_ change: StoreChange<Node>) -> Bool {
        var old = change.old
        old?.metadata.resourceVersion = change.new?.metadata.resourceVersion
        return old != change.new
    }

    private static func keys(of change: StoreChange<MirrorNode>) -> [String] {
        let names = [change.old?.spec.mirrorName, change.new?.spec.mirrorName].compactMap(\.self)
        return Array(Set(names)).sorted()
    }
}
