import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("When something is wrong")
struct FaultTests {
    private let time = TestTime()

    @Test("a mirror that can't be read is told so, once, and the others go on")
    func unreadable() async throws {
        let cluster = try await TestCluster(time)
        let events = Collected<EventOccurrence>()
        let bad = ObservedMirror(
            metadata: ObjectMeta(name: "bad", generation: 3),
            content: .unreadable("spec.provider: provider must be one of RKE2, K3s, not \"Nexus\"."),
            status: nil
        )
        try await cluster.put(Fixture.mirror("bad"))
        let mirrors = Store<ObservedMirror>.make()
        mirrors.writer.apply(.page([bad], unreadable: []))
        mirrors.writer.apply(.relistEnded(resourceVersion: "1"))
        let reconciler = reconciler(cluster, mirrors.reader, emit: { events.add($0) })
        #expect(try await reconciler.reconcile("bad") == .awaitChange)
        let conditions = try #require(try await cluster.mirror("bad").status?.conditions)
        #expect(conditions.map(\.type) == MirrorConditionType.types(of: .rke2).map(\.rawValue))
        let accepted = conditions.first(ofType: "Accepted")
        #expect(accepted?.status == .false)
        #expect(accepted?.reason == "InvalidSpec")
        #expect(accepted?.message.contains("Nexus") ?? false)
        #expect(conditions.first(ofType: "Stalled")?.status == .true)
        #expect(try await reconciler.reconcile("bad") != .awaitChange, "deferred until the own write is seen")
        #expect(events.all.map(\.reason) == ["InvalidSpec"])
    }

    private func reconciler(
        _ cluster: TestCluster,
        _ mirrors: Store<ObservedMirror>.Reader,
        planner: @escaping @Sendable (String, Snapshot) -> Plan? = { Planner.plan(mirror: $0, $1) },
        emit: @escaping @Sendable (EventOccurrence) -> Void = { _ in }
    ) -> MirrorReconciler {
        let nodes = Store<Node>.make()
        let mirrorNodes = Store<MirrorNode>.make()
        nodes.writer.apply(.relistEnded(resourceVersion: "1"))
        mirrorNodes.writer.apply(.relistEnded(resourceVersion: "1"))
        let time = time
        return MirrorReconciler(
            KubeAPI(cluster),
            stores: MirrorStores(mirrors: mirrors, nodes: nodes.reader, mirrorNodes: mirrorNodes.reader),
            leaseNamespace: Fixture.namespace,
            ownWrites: OwnWrites(logger: Fixture.logger),
            wallClock: { time.now },
            logger: Fixture.logger,
            planner: planner,
            emit: emit
        )
    }

    private func store(_ cluster: TestCluster) async throws -> Store<ObservedMirror>.Reader {
        try await cluster.put(Fixture.mirror())
        let mirrors = Store<ObservedMirror>.make()
        let stored = try await cluster.api.get(ObservedMirror.self, ObjectKey(name: "m"))
        mirrors.writer.apply(.page([stored], unreadable: []))
        mirrors.writer.apply(.relistEnded(resourceVersion: stored.metadata.resourceVersion ?? ""))
        return mirrors.reader
    }

    @Test("a change that the API server refuses for good stands in the status, and is tried again with backoff")
    func refused() async throws {
        let cluster = try await TestCluster(time)
        let events = Collected<EventOccurrence>()
        let reconciler = reconciler(
            cluster,
            try await store(cluster),
            planner: { name, _ in
                Plan(mirror: name, records: [.applyMirrorNode(Fixture.intent("s1"))], status: Fixture.status())
            },
            emit: { events.add($0) }
        )
        cluster.onRequest { request, _ in request.path.hasSuffix("m.s1") ? .refused(403, "Forbidden") : nil }
        await #expect(throws: KubeError.self) { try await reconciler.reconcile("m") }
        let event = try #require(events.all.first)
        #expect(event.reason == "RequestRefused" && event.kind == .warning && event.note.contains("403"))
        let conditions = try #require(try await cluster.mirror().status?.conditions)
        #expect(conditions.first(ofType: "Ready")?.status == .false)
        #expect(conditions.first(ofType: "Stalled")?.reason == "RequestRefused")
        #expect(conditions.first(ofType: "Stalled")?.message.contains("403") ?? false)
    }

    @Test("A refusal that lasts is tried again soon: nobody tells us of a right", arguments: [1, 12, 20, 10_000])
    func retries(failures: Int) throws {
        let delay = MirrorOperator.retries.delay(afterFailures: failures)
        #expect(delay <= .seconds(10) && delay >= .milliseconds(5))
        #expect(MirrorOperator.retries.delay(afterFailures: 10_000) == .seconds(10))
    }

    @Test("a plan that did not come true leaves the status as it was", arguments: ["conflict", "unknown"])
    func outdated(kind: String) async throws {
        let cluster = try await TestCluster(time)
        let reconciler = reconciler(cluster, try await store(cluster)) { name, _ in
            let verdict = Verdict(.installing, "test")
            let write = Write.setFinalizers(["p2pmirror.io/test"], of: name, resourceVersion: "1", verdict)
            return Plan(mirror: name, writes: [write], status: Fixture.status())
        }
        cluster.onRequest { _, number in
            guard number == 1 else { return nil }
            return kind == "conflict" ? .refused(409, "Conflict") : .unanswered
        }
        #expect(try await reconciler.reconcile("m") == .requeue(after: .milliseconds(200)))
        #expect(try await cluster.mirror().status == nil)
    }

    @Test("while the disruption Lease can't be read nothing is decided")
    func unreadableLease() async throws {
        let cluster = try await TestCluster(time)
        let asked = Collected<String>()
        let reconciler = reconciler(cluster, try await store(cluster)) { name, _ in
            asked.add(name)
            return nil
        }
        cluster.onRequest { _, _ in .refused(500, "InternalError") }
        await #expect(throws: KubeError.self) { try await reconciler.reconcile("m") }
        #expect(asked.all.isEmpty)
        #expect(try await cluster.mirror().status == nil)
    }

    @Test("a Lease that may not be read stands in the status of a mirror that had none")
    func forbiddenLease() async throws {
        let cluster = try await TestCluster(time)
        let reconciler = reconciler(cluster, try await store(cluster))
        cluster.onRequest { request, _ in request.path.contains("/leases/") ? .refused(403, "Forbidden") : nil }
        await #expect(throws: KubeError.self) { try await reconciler.reconcile("m") }
        let conditions = try #require(try await cluster.mirror().status?.conditions)
        #expect(conditions.first(ofType: "Stalled")?.reason == "RequestRefused")
        #expect(conditions.first(ofType: "TopologyAcyclic")?.status == .unknown)
    }

    @Test("a note is news once, and again after it was gone")
    func notes() async throws {
        let cluster = try await TestCluster(time)
        let events = Collected<EventOccurrence>()
        let recorder = NoteRecorder { events.add($0) }
        let stored = try await cluster.put(Fixture.mirror())
        let mirror = ObservedMirror(metadata: stored.metadata, content: .readable(stored.spec))
        let note = Note(.warning, node: "s1", reason: .rootNotReady, message: "s1 is not Ready.")
        for notes in [[note], [note], [], [note]] { recorder.record(notes, about: mirror) }
        #expect(events.all.count == 2)
        #expect(events.all.first?.kind == .warning)
        #expect(events.all.first?.note == note.message)
        #expect(events.all.first?.regarding.uid == stored.metadata.uid)
    }

    @Test("a mirror that is gone or going is left alone", arguments: [true, false])
    func gone(isGoing: Bool) async throws {
        let cluster = try await TestCluster(time)
        let mirrors = Store<ObservedMirror>.make()
        var mirror = ObservedMirror(metadata: ObjectMeta(name: "m"), content: .readable(Fixture.mirror().spec))
        mirror.metadata.deletionTimestamp = time.now.timestamp
        mirrors.writer.apply(.page(isGoing ? [mirror] : [], unreadable: []))
        mirrors.writer.apply(.relistEnded(resourceVersion: "1"))
        #expect(try await reconciler(cluster, mirrors.reader).reconcile("m") == .awaitChange)
        #expect(cluster.writes.isEmpty)
    }

    @Test("the next look is at the plan's deadline, and never in a loop", arguments: [(30, 30), (0, 1), (-10, 1)])
    func deadline(seconds: Int, expected: Int) async throws {
        let cluster = try await TestCluster(time)
        let deadline = time.now.timestamp + seconds
        let reconciler = reconciler(cluster, try await store(cluster)) { name, _ in
            Plan(mirror: name, status: Fixture.status(), nextDeadline: deadline)
        }
        #expect(try await reconciler.reconcile("m") == .requeue(after: .seconds(expected)))
    }
}
