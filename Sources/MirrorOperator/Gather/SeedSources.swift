import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner

/// The watches that evidence about seeds comes from, beside those of nodes and MirrorNodes: Leases of one namespace,
/// and the few pods that say something of seeds.
final class SeedSources: Sendable {
    private static let byNode = StoreIndex<Pod>("node") { [$0.spec.nodeName].compactMap(\.self) }

    private let leases: Reflector<Lease>
    private let pods: [(watched: WatchedPods, reflector: Reflector<Pod>)]

    init(
        _ api: KubeAPI,
        announcementNamespace: String,
        server: ServerMemory = ServerMemory(),
        clock: any Clock<Duration>,
        generator: @escaping @Sendable () -> any RandomNumberGenerator,
        logger: Logger
    ) {
        leases = Reflector(
            api,
            ListOptions(namespace: announcementNamespace, labelSelector: Announcements.query),
            server: server,
            clock: clock,
            generator: generator,
            logger: logger,
            transform: SeedPruning.pruned
        )
        pods = Set(Provider.allCases.compactMap(WatchedPods.init(of:))).map { watched in
            let reflector = Reflector<Pod>(
                api,
                ListOptions(namespace: watched.namespace, labelSelector: watched.query),
                server: server,
                clock: clock,
                generator: generator,
                logger: logger,
                transform: SeedPruning.pruned,
                indexes: [Self.byNode]
            )
            return (watched, reflector)
        }
    }

    /// Why what is known is not of now, of each signal that tells of seeds of that provider. Each stands for itself:
    /// that one is silent holds up nothing else.
    func staleness(of provider: Provider) -> [Signal: String] {
        var stale: [Signal: String] = [:]
        stale[.announcements] = leases.doubt
        let watched = WatchedPods(of: provider)
        for pods in pods where pods.watched == watched {
            stale[.pods] = pods.reflector.doubt
        }
        return stale
    }

    /// What has to be proven before a seed is moved.
    func add(to proofs: inout Proofs) {
        proofs.add(leases)
        for pods in pods { proofs.add(pods.reflector) }
    }

    /// Follows all of them, and tells `seeds`, until the task is cancelled.
    func follow(_ stores: MirrorStores, _ seeds: SeedWatch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.leases.run() }
            group.addTask {
                for await batch in self.leases.store.changes() {
                    seeds.see(batch) { stores.mirrorNodes[ObjectKey(name: $0)] != nil }
                }
            }
            group.addTask { for await batch in stores.mirrorNodes.changes() { seeds.see(batch) } }
            for (watched, reflector) in pods {
                group.addTask { await Self.follow(watched, reflector, stores, seeds) }
            }
            await group.waitForAll()
        }
    }

    /// Pods are watched from the first mirror on that they matter to.
    private static func follow(
        _ watched: WatchedPods,
        _ reflector: Reflector<Pod>,
        _ stores: MirrorStores,
        _ seeds: SeedWatch
    ) async {
        while !Task.isCancelled {
            let seen = stores.mirrors.generation
            if stores.mirrors.all.contains(where: { $0.mirror.flatMap { WatchedPods(of: $0.spec.provider) } == watched }
            ) {
                break
            }
            await stores.mirrors.waitForUpdate(after: seen)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reflector.run() }
            group.addTask {
                for await batch in reflector.store.changes() {
                    let nodes = Set(
                        batch.flatMap { [$0.old?.spec.nodeName, $0.new?.spec.nodeName] }.compactMap(\.self)
                    )
                    let readings = nodes.map { ($0, PodReading(reflector.store.objects(byNode, $0))) }
                    seeds.see(watched, Dictionary(readings, uniquingKeysWith: { $1 }))
                }
            }
            await group.waitForAll()
        }
    }
}

extension Reflector {
    /// Why the store may be out of date, as the end of a sentence; nil while it is fresh.
    var doubt: String? {
        let health = health
        guard health.isSynced else { return "their list has not been read yet" }
        if health.freshness == .unproven { return "their watch is silent, and not yet shown to be complete" }
        guard health.freshness != .quiet, health.age > MirrorStores.longestSilence else { return nil }
        // The age itself is left out: it would make a new status of every look.
        return "their watch has been silent for more than \(MirrorStores.longestSilence.components.seconds) s"
    }
}

/// What is kept of the objects in memory, of which a fleet has thousands.
enum SeedPruning {
    static func pruned(_ lease: Lease) -> Lease {
        var lease = lease
        lease.metadata.labels = lease.metadata.labels.filter { $0.key == LabelKey.mirror || $0.key == LabelKey.node }
        lease.metadata.annotations = lease.metadata.annotations.filter { $0.key == AnnotationKey.goodbye }
        lease.metadata.ownerReferences = []
        return lease
    }

    /// The pod with what `PodReading` looks at.
    static func pruned(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.labels = [:]
        pod.metadata.annotations = pod.metadata.annotations.filter { $0.key == "kubernetes.io/config.mirror" }
        pod.metadata.ownerReferences = []
        pod.spec = Pod.Spec(nodeName: pod.spec.nodeName)
        pod.status.podIP = nil
        pod.status.podIPs = []
        pod.status.conditions.removeAll { $0.type != "Ready" }
        return pod
    }
}
