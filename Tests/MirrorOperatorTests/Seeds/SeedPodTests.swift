import KubeCore
import KubeRuntime
import KubeTestSupport
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("What is seen of pods, and when a watch is silent")
struct SeedPodTests {
    private let time = TestTime()

    static func pod(_ node: String, isReady: Bool = true, namespace: String = "kube-system") -> Pod {
        Pod(
            metadata: ObjectMeta(
                name: "kube-apiserver-\(node)",
                namespace: namespace,
                labels: ["component": "kube-apiserver", "tier": "control-plane"]
            ),
            spec: Pod.Spec(nodeName: node),
            status: Pod.Status(
                phase: "Running",
                conditions: [
                    Pod.Condition(type: "Ready", status: isReady ? "True" : "False"),
                    Pod.Condition(type: "Initialized", status: "True"),
                ]
            )
        )
    }

    @Test("A reading that changes wakes the mirrors that it is about; the same again does not")
    func readings() throws {
        var foreign = Fixture.mirror("k")
        foreign.spec.provider = .k3s
        let bench = SeedBench(Fixture.mirror(), foreign)
        let watched = try #require(WatchedPods(of: .rke2))
        let ready = try #require(PodReading([Self.pod("s1")]))
        bench.watch.see(watched, ["s1": ready])
        #expect(bench.news() == [SeedBench.Waking(mirror: "m", delay: .milliseconds(50))])
        bench.watch.see(watched, ["s1": ready, "s2": nil])
        #expect(bench.news() == [])
        let node = Fixture.server("s1", number: 1)
        #expect(bench.evidence(Fixture.mirror(), node).pods == ["s1": ready])
        #expect(bench.evidence(foreign, node).pods == [:])
        #expect(bench.evidence(Fixture.mirror(), Fixture.server("s2", number: 2)).pods == [:])
        bench.watch.see(watched, ["s1": nil])
        #expect(bench.news().map(\.mirror) == ["m"])
        #expect(bench.evidence(Fixture.mirror(), node).pods == [:])
    }

    @Test("What is kept of a pod and of a Lease is what is looked at")
    func pruning() throws {
        var pod = Self.pod("s1", isReady: false)
        pod.metadata.annotations = ["kubernetes.io/config.mirror": "hash", "other": "x"]
        pod.status.podIPs = [Pod.Address("10.0.0.1")]
        let pruned = SeedPruning.pruned(pod)
        #expect(PodReading([pruned]) == PodReading([pod]))
        #expect(pruned.metadata.annotations == ["kubernetes.io/config.mirror": "hash"])
        #expect(pruned.metadata.labels == [:])
        #expect(pruned.status.conditions.map(\.type) == ["Ready"])
        var lease = SeedBench.lease("s1", saidGoodbye: true)
        lease.metadata.annotations = [AnnotationKey.goodbye: "drained", "other": "x"]
        lease.metadata.ownerReferences = [OwnerReference(apiVersion: "v1", kind: "Node", name: "s1", uid: "u")]
        let kept = SeedPruning.pruned(lease)
        #expect(Announcements.goodbye(kept) == "drained")
        #expect(kept.metadata.annotations.count == 1)
        #expect(kept.metadata.ownerReferences.isEmpty)
        #expect(kept.metadata.labels == lease.metadata.labels)
        #expect(kept.spec == lease.spec)
    }

    /// What the watches of seeds are made of, over a cluster and on a clock that stands still.
    private func sources(_ cluster: TestCluster, _ clock: TestClock) -> SeedSources {
        SeedSources(
            KubeAPI(cluster),
            announcementNamespace: Announcements.namespace,
            clock: clock,
            generator: { SystemRandomNumberGenerator() },
            logger: Fixture.logger
        )
    }

    private func stores(_ mirrors: P2PMirror...) -> MirrorStores {
        let store = Store<ObservedMirror>.make()
        let observed = mirrors.map { ObservedMirror(metadata: $0.metadata, content: .readable($0.spec)) }
        store.writer.apply(.page(observed, unreadable: []))
        return MirrorStores(mirrors: store.reader, nodes: Store<Node>.make().reader, mirrorNodes: Store.make().reader)
    }

    @Test("A watch that is not read yet, or silent for long, makes its own signal stale", .timeLimit(.minutes(1)))
    func staleness() async throws {
        let cluster = try await TestCluster(time)
        let clock = TestClock()
        let sources = sources(cluster, clock)
        let stores = stores(Fixture.mirror())
        #expect(sources.staleness(of: .rke2).keys.sorted { $0.rawValue < $1.rawValue } == [.pods, .announcements])
        #expect(sources.staleness(of: .k3s) == [.announcements: "their list has not been read yet"])
        let watch = SeedWatch(SeedClock(clock, wallClock: Fixture.start), mirrors: stores.mirrors)
        let following = Task { await sources.follow(stores, watch) }
        while !sources.staleness(of: .rke2).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        cluster.onRequest { _, _ in .lost }
        clock.advance(by: .seconds(151))
        let silent = "their watch has been silent for more than 150 s"
        #expect(sources.staleness(of: .rke2) == [.announcements: silent, .pods: silent])
        following.cancel()
        await following.value
    }

    @Test("One signal that cannot be read leaves the others alone", .timeLimit(.minutes(1)))
    func alone() async throws {
        let cluster = try await TestCluster(time)
        cluster.onRequest { request, _ in request.path.contains("leases") ? .refused(403, "Forbidden") : nil }
        try await cluster.put(Self.pod("s1"), status: true)
        let sources = sources(cluster, TestClock())
        let stores = stores(Fixture.mirror())
        let watch = SeedWatch(SeedClock(TestClock(), wallClock: Fixture.start), mirrors: stores.mirrors)
        let following = Task { await sources.follow(stores, watch) }
        while sources.staleness(of: .rke2)[.pods] != nil { try await Task.sleep(for: .milliseconds(5)) }
        #expect(sources.staleness(of: .rke2) == [.announcements: "their list has not been read yet"])
        following.cancel()
        await following.value
    }

    @Test("Pods are asked for by their labels, and only once a mirror has such seeds", .timeLimit(.minutes(1)))
    func onlyWhereNeeded() async throws {
        let cluster = try await TestCluster(time)
        var foreign = Fixture.mirror("k")
        foreign.spec.provider = .k3s
        let sources = sources(cluster, TestClock())
        let store = Store<ObservedMirror>.make()
        store.writer.apply(
            .page([ObservedMirror(metadata: foreign.metadata, content: .readable(foreign.spec))], unreadable: [])
        )
        let stores = MirrorStores(
            mirrors: store.reader,
            nodes: Store<Node>.make().reader,
            mirrorNodes: Store.make().reader
        )
        let watch = SeedWatch(SeedClock(TestClock(), wallClock: Fixture.start), mirrors: stores.mirrors)
        let following = Task { await sources.follow(stores, watch) }
        while !sources.staleness(of: .k3s).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        #expect(!cluster.log.contains { $0.path.contains("pods") })
        let mirror = Fixture.mirror()
        store.writer.apply(.applied(ObservedMirror(metadata: mirror.metadata, content: .readable(mirror.spec))))
        while sources.staleness(of: .rke2)[.pods] != nil { try await Task.sleep(for: .milliseconds(5)) }
        let asked = cluster.log.filter { $0.path.contains("pods") }
        #expect(asked.allSatisfy { $0.path == "/api/v1/namespaces/kube-system/pods" })
        #expect(asked.allSatisfy { $0.query("labelSelector") == "component=kube-apiserver,tier=control-plane" })
        following.cancel()
        await following.value
    }
}
