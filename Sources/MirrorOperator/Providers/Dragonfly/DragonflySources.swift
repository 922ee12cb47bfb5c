import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner

/// The watches of what there is of Dragonfly: its pods, the StatefulSets that make them, and our quarantines. They
/// begin with the first mirror of that provider.
final class DragonflySources: ProviderSources {
    private let pods: Reflector<Pod>
    private let workloads: Reflector<RawObject<StatefulSetKind>>
    private let quarantines: Reflector<RawObject<NetworkPolicyKind>>
    /// Nil where no daemon is called.
    private let inspector: DragonflyInspector?
    private let timing: DragonflyTiming

    init(_ parts: SourceParts) {
        let timing = DragonflyTiming(factor: parts.daemonTimeFactor)
        self.timing = timing
        func reflector<Object: KubeObject>(
            _ query: String,
            _ transform: @escaping @Sendable (Object) -> Object
        ) -> Reflector<Object> {
            Reflector(
                parts.api,
                ListOptions(labelSelector: query),
                server: parts.server,
                clock: parts.clock,
                generator: parts.generator,
                logger: parts.logger,
                transform: transform
            )
        }
        pods = reflector(DragonflyNames.query) { Self.pruned($0) }
        workloads = reflector(DragonflyNames.query) { Self.pruned($0) }
        quarantines = reflector(LabelKey.mirror) { $0 }
        inspector = parts.calls.map {
            DragonflyInspector($0, parts.connect, parts.seedClock, period: timing.answerPeriod)
        }
    }

    func inquiry(_ api: KubeAPI) -> any ProviderInquiry { DragonflyInquiry(api, inspector, timing) }

    func perform(_ call: DaemonCall) async throws(KubeError) {
        guard let inspector else {
            throw KubeError(.configuration, "this process calls no daemons (\(call.address))")
        }
        try await inspector.perform(call)
    }

    func evidence(of mirror: P2PMirror) -> ProviderEvidence {
        let namespace = mirror.spec.effectiveNamespace
        let staleness = [pods.doubt, workloads.doubt, quarantines.doubt].compactMap(\.self).first
        func found<Kind>(_ reflector: Reflector<RawObject<Kind>>) -> [ManagedObject] {
            reflector.store.all.filter { $0.metadata.namespace == namespace }
                .sorted { $0.metadata.name < $1.metadata.name }.map { ManagedObject($0) }
        }
        let ours = found(quarantines).filter {
            $0.metadata.annotations[AnnotationKey.evictedBy] == mirror.metadata.name
        }
        let evidence = DragonflyEvidence(
            pods: pods.store.all.filter { $0.metadata.namespace == namespace }
                .sorted { $0.metadata.name < $1.metadata.name },
            workloads: found(workloads),
            quarantines: ours,
            staleness: staleness,
            timing: timing
        )
        return .dragonfly(evidence)
    }

    func delay(behind writes: OwnWrites) -> Duration? {
        [writes.delay(pods.store), writes.delay(quarantines.store)].compactMap(\.self).max()
    }

    func add(to proofs: inout Proofs) {
        proofs.add(pods)
        proofs.add(workloads)
        proofs.add(quarantines)
    }

    func follow(_ mirrors: Store<ObservedMirror>.Reader) async {
        while !Task.isCancelled {
            let seen = mirrors.generation
            if mirrors.all.contains(where: { $0.mirror?.spec.provider == .dragonfly }) { break }
            await mirrors.waitForUpdate(after: seen)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pods.run() }
            group.addTask { await self.workloads.run() }
            group.addTask { await self.quarantines.run() }
            await group.waitForAll()
        }
    }

    func changes(_ tell: @escaping @Sendable () -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.pods.store.changes() { tell() } }
            group.addTask { for await _ in self.workloads.store.changes() { tell() } }
            group.addTask { for await _ in self.quarantines.store.changes() { tell() } }
            await group.waitForAll()
        }
    }

    // MARK: What is kept of objects, of which a fleet has thousands

    /// What an administrator says of one seed.
    private static let annotations: Set<String> = [AnnotationKey.exclude, AnnotationKey.readmit]

    /// The pod with what a release is known by, and what it mounts.
    static func pruned(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.annotations = pod.metadata.annotations.filter { Self.annotations.contains($0.key) }
        pod.metadata.ownerReferences = []
        pod.status.conditions.removeAll { $0.type != "Ready" }
        return pod
    }

    /// The StatefulSet with how many pods it makes, and their labels.
    static func pruned(_ object: RawObject<StatefulSetKind>) -> RawObject<StatefulSetKind> {
        var body = object.body
        body["status"] = nil
        var spec = body["spec"] ?? [:]
        let labels = spec[path: "template", "metadata", "labels"] ?? [:]
        for key in (spec.objectValue ?? [:]).keys where key != "replicas" && key != "ordinals" { spec[key] = nil }
        spec["template"] = ["metadata": ["labels": labels]]
        body["spec"] = spec
        return (try? RawObject(body)) ?? object
    }
}
