import KubeCore
import KubeRuntime
import KubeTestSupport
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("Evidence about seeds in one pass")
struct SeedReconcilingTests {
    private let time = TestTime()
    private let seen = Collected<Snapshot>()

    private func reconciler(
        _ cluster: TestCluster,
        _ mirrors: [P2PMirror],
        stale: [Signal: String] = [:]
    ) -> (MirrorReconciler, SeedWatch) {
        let store = Store<ObservedMirror>.make()
        let observed = mirrors.map { ObservedMirror(metadata: $0.metadata, content: .readable($0.spec)) }
        store.writer.apply(.page(observed, unreadable: []))
        store.writer.apply(.relistEnded(resourceVersion: "1"))
        let nodes = Store<Node>.make()
        let mirrorNodes = Store<MirrorNode>.make()
        nodes.writer.apply(.relistEnded(resourceVersion: "1"))
        mirrorNodes.writer.apply(.relistEnded(resourceVersion: "1"))
        let seeds = SeedWatch(
            SeedClock(TestClock(), wallClock: Fixture.start),
            mirrors: store.reader,
            staleness: { _ in stale }
        )
        let (time, seen) = (time, seen)
        let reconciler = MirrorReconciler(
            KubeAPI(cluster),
            stores: MirrorStores(mirrors: store.reader, nodes: nodes.reader, mirrorNodes: mirrorNodes.reader),
            seeds: seeds,
            leaseNamespace: Fixture.namespace,
            ownWrites: OwnWrites(logger: Fixture.logger),
            wallClock: { time.now },
            logger: Fixture.logger,
            planner: { name, snapshot in
                seen.add(snapshot)
                return Plan(mirror: name, status: Fixture.status())
            },
            emit: { _ in }
        )
        return (reconciler, seeds)
    }

    @Test("A mirror is planned with what is seen of its own seeds, and with what was trusted before")
    func ownSeeds() async throws {
        let cluster = try await TestCluster(time)
        let mirror = try await cluster.put(Fixture.mirror())
        let (reconciler, seeds) = reconciler(cluster, [mirror, Fixture.mirror("other")])
        let trust = SignalTrust(since: Fixture.start.timestamp + 7)
        seeds.remember(trust, "m")
        #expect(try await reconciler.reconcile("m") == .awaitChange)
        #expect(seen.all.last?.seeds.keys.sorted() == ["m"])
        #expect(seen.all.last?.seeds["m"]?.trust == trust)
    }

    @Test("While a signal is stale the mirror is reconciled again: nothing tells when it is fresh")
    func staleSignal() async throws {
        let cluster = try await TestCluster(time)
        let mirror = try await cluster.put(Fixture.mirror())
        let (reconciler, _) = reconciler(cluster, [mirror], stale: [.announcements: "their watch is silent"])
        #expect(try await reconciler.reconcile("m") == .requeue(after: .seconds(10)))
        #expect(seen.all.last?.staleness == nil)
    }

    @Test("A mirror that is gone is forgotten")
    func gone() async throws {
        let cluster = try await TestCluster(time)
        let (reconciler, seeds) = reconciler(cluster, [])
        seeds.remember(SignalTrust(since: Fixture.start.timestamp + 7), "m")
        #expect(try await reconciler.reconcile("m") == .awaitChange)
        let evidence = seeds.evidence(of: Fixture.mirror(), in: SeedBench.snapshot([]))
        #expect(evidence.trust == SignalTrust(since: Fixture.start.timestamp))
    }
}
