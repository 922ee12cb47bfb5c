import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner

/// The watches of what there is of Spegel: its pods, and the objects of our installations and of Helm releases, all
/// found by the label of the application. They begin with the first mirror of that provider.
final class SpegelSources: ProviderSources {
    private let daemonSets: Reflector<RawObject<DaemonSetKind>>
    private let services: Reflector<RawObject<ServiceKind>>
    private let accounts: Reflector<RawObject<ServiceAccountKind>>
    private let pods: Reflector<Pod>
    /// Only from when there is one or a mirror asks for one: its kind is there only where the Prometheus operator is.
    private let monitors: Reflector<RawObject<ServiceMonitorKind>>
    private let api: KubeAPI
    private let time: MonotonicTime
    /// Nil where no peer is asked.
    private let inspector: PeerInspector?

    init(_ parts: SourceParts) {
        inspector = parts.connect.map { PeerInspector($0, time: MonotonicTime(parts.clock)) }
        func reflector<Object: KubeObject>(_ transform: @escaping @Sendable (Object) -> Object) -> Reflector<Object> {
            let options = ListOptions(labelSelector: SpegelNames.query)
            return Reflector(
                parts.api,
                options,
                server: parts.server,
                clock: parts.clock,
                generator: parts.generator,
                logger: parts.logger,
                transform: transform
            )
        }
        api = parts.api
        time = MonotonicTime(parts.clock)
        daemonSets = reflector { $0 }
        services = reflector { $0 }
        accounts = reflector { $0 }
        monitors = reflector { $0 }
        pods = reflector { Self.pruned($0) }
    }

    func inquiry(_ api: KubeAPI) -> any ProviderInquiry { SpegelInquiry(api, inspector) }

    func evidence(of mirror: P2PMirror) -> ProviderEvidence {
        let names = SpegelNames(mirror)
        let staleness = [daemonSets.doubt, services.doubt, accounts.doubt, pods.doubt].compactMap(\.self).first
        func concerns(_ metadata: ObjectMeta) -> Bool {
            metadata.namespace == names.namespace || names.owns(metadata)
        }
        func found<Kind>(_ reflector: Reflector<RawObject<Kind>>) -> [ManagedObject] {
            reflector.store.all.filter { concerns($0.metadata) }.map { ManagedObject($0) }
        }
        let objects = found(daemonSets) + found(services) + found(accounts) + found(monitors)
        let evidence = SpegelEvidence(
            objects: objects.sorted { $0.title < $1.title },
            pods: pods.store.all.filter { concerns($0.metadata) }.sorted { $0.metadata.name < $1.metadata.name },
            staleness: staleness
        )
        return .spegel(evidence)
    }

    func delay(behind writes: OwnWrites) -> Duration? {
        [
            writes.delay(daemonSets.store), writes.delay(services.store), writes.delay(accounts.store),
            writes.delay(pods.store),
        ]
        .compactMap(\.self).max()
    }

    func add(to proofs: inout Proofs) {
        proofs.add(daemonSets)
        proofs.add(services)
        proofs.add(accounts)
        proofs.add(pods)
    }

    func follow(_ mirrors: Store<ObservedMirror>.Reader) async {
        await Self.wait(mirrors) { $0.spec.provider == .spegel }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.daemonSets.run() }
            group.addTask { await self.services.run() }
            group.addTask { await self.accounts.run() }
            group.addTask { await self.pods.run() }
            group.addTask {
                // One that is wanted no more goes, also where it was another operator that made it.
                if await !self.hasMonitors() {
                    await Self.wait(mirrors) { $0.spec.spegel?.install?.serviceMonitor == true }
                }
                await self.monitors.run()
            }
            await group.waitForAll()
        }
    }

    /// Whether there is a ServiceMonitor of Spegel, ours or another's.
    private func hasMonitors() async -> Bool {
        let request = KubeRequest.list(
            ServiceMonitorKind.resource,
            ListOptions(labelSelector: SpegelNames.query, limit: 1)
        )
        while !Task.isCancelled {
            do throws(KubeError) {
                let page: JSONValue = try await api.send(request)
                return page["items"]?.arrayValue?.isEmpty == false
            } catch {
                guard error.isTransient else { return false }
                try? await time.sleep(for: MirrorReconciler.staleDelay)
            }
        }
        return false
    }

    private static func wait(_ mirrors: Store<ObservedMirror>.Reader, for isWanted: (P2PMirror) -> Bool) async {
        while !Task.isCancelled {
            let seen = mirrors.generation
            if mirrors.all.contains(where: { $0.mirror.map(isWanted) == true }) { return }
            await mirrors.waitForUpdate(after: seen)
        }
    }

    func changes(_ tell: @escaping @Sendable () -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in self.daemonSets.store.changes() { tell() } }
            group.addTask { for await _ in self.services.store.changes() { tell() } }
            group.addTask { for await _ in self.accounts.store.changes() { tell() } }
            group.addTask { for await _ in self.monitors.store.changes() { tell() } }
            group.addTask { for await _ in self.pods.store.changes() { tell() } }
            await group.waitForAll()
        }
    }

    /// A pod with what decisions about peers look at.
    static func pruned(_ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.annotations = pod.metadata.annotations.filter { $0.key == AnnotationKey.evictedBy }
        pod.metadata.ownerReferences = []
        pod.spec = Pod.Spec(nodeName: pod.spec.nodeName)
        pod.status.conditions.removeAll { $0.type != "Ready" && $0.type != "Initialized" }
        return pod
    }
}
