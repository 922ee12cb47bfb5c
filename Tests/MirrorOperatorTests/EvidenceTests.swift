import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Testing

/// What is decided while the stores are behind the API server.
@Suite("What the stores don't show yet")
struct EvidenceTests {
    private let time = TestTime()

    /// A ring in which one server is approved; the pass has seen no more than that.
    private func approved(_ cluster: TestCluster) async throws -> (OperatorPass, MirrorNode) {
        let fleet = try await FakeFleet.ring(cluster, time)
        let pass = fleet.pass()
        for _ in 0..<10 {
            try await pass.run()
            if let object = try await cluster.api.list(MirrorNode.self).first(where: { $0.spec.approval != nil }) {
                try await pass.refresh()
                return (pass, object)
            }
            _ = try await fleet.agents()
        }
        throw KubeError(.timeout, "nothing was approved")
    }

    @Test("a claim that the watch did not bring keeps the Lease and the approval", arguments: [true, false])
    func staleClaim(isWithdrawn: Bool) async throws {
        let cluster = try await TestCluster(time)
        var (pass, object) = try await approved(cluster)
        let holder = try #require(DisruptionHolder(try await cluster.disruption()))
        if !isWithdrawn {
            // The store shows no approval and no claim: the Lease alone is left to give back.
            let approval = object.spec.approval
            object.spec.approval = nil
            object = try await cluster.put(object)
            try await pass.refresh()
            object.spec.approval = approval
            object = try await cluster.put(object)
        }
        object.status?.agent?.phase = .restarting
        object.status?.agent?.revision = holder.revision
        object.status?.agent?.epoch = try await cluster.disruption()?.spec?.leaseTransitions
        try await cluster.api.replace(object, subresource: "status", manager: FieldManager.agent)
        var node = try await cluster.api.get(Node.self, ObjectKey(name: holder.node))
        node.status?.conditions = [Node.Condition(type: "Ready", status: "False")]
        try await cluster.put(node, status: true)
        // Past the time of an approval, so that a step without a claim is given up.
        time.advance(seconds: 130)
        cluster.clearLog()
        for _ in 0..<3 { _ = try await pass.reconcile("m") }
        #expect(DisruptionHolder(try await cluster.disruption()) == holder)
        #expect(!cluster.writes.contains { $0.contains("leases") || $0.contains("approval") }, "\(cluster.writes)")
    }

    @Test("evidence is needed to give a Lease back and to take an approval back")
    func isNeeded() {
        let writes: [Write] = [
            .releaseDisruption(from: Lease(metadata: ObjectMeta(name: "l")), reason: .stepDone, message: ""),
            .withdrawApproval(name: "m.s1", node: "s1", resourceVersion: "1", reason: .paused, message: ""),
        ]
        for write in writes {
            #expect(EvidenceReader.isNeeded(for: Plan(mirror: "m", writes: [write], status: Fixture.status())))
        }
    }

    @Test("a MirrorNode that is gone, or not in the stores yet, is seen live")
    func mirrorNodes() async throws {
        let cluster = try await TestCluster(time)
        try await cluster.put(Fixture.mirror())
        for number in 1...2 { try await cluster.put(Fixture.server("s\(number)", number: number)) }
        try await cluster.put(Fixture.mirrorNode("s2", revision: "1-a"))
        let snapshot = Snapshot(
            now: time.now.timestamp,
            mirrors: [Fixture.mirror()],
            nodes: [Fixture.server("s1", number: 1)],
            mirrorNodes: [Fixture.mirrorNode("s1", revision: "1-a")]
        )
        let holder = DisruptionHolder(mirror: "m", node: "s1", revision: "1-a")
        let plan = Plan(mirror: "m", writes: [.acquireDisruption(holder, from: nil)], status: Fixture.status())
        let reader = EvidenceReader(cluster.api, now: { Fixture.start.timestamp })
        let live = try #require(try await reader.refreshed(snapshot, for: plan))
        #expect(live.mirrorNodes.map(\.metadata.name) == ["m.s2"])
    }

    @Test("of agents, those with an approval and the one that is next are read live, and no others")
    func agents() async throws {
        let cluster = try await TestCluster(time)
        try await cluster.put(Fixture.mirror())
        func object(_ node: String, isApproved: Bool) -> MirrorNode {
            var object = Fixture.mirrorNode(node, revision: "1-a")
            object.spec.role = .agent
            if isApproved { object.spec.approval = Fixture.approval("1-a") }
            return object
        }
        let snapshot = Snapshot(
            now: time.now.timestamp,
            mirrors: [Fixture.mirror()],
            nodes: [],
            mirrorNodes: [
                object("a1", isApproved: false), object("a2", isApproved: true), object("a3", isApproved: false),
            ]
        )
        let holder = DisruptionHolder(mirror: "m", node: "a3", revision: "1-a")
        let plan = Plan(mirror: "m", writes: [.acquireDisruption(holder, from: nil)], status: Fixture.status())
        let reader = EvidenceReader(cluster.api, now: { Fixture.start.timestamp })
        let live = try #require(try await reader.refreshed(snapshot, for: plan))
        // The server has none of them, so what was read is gone.
        #expect(live.mirrorNodes.map(\.metadata.name) == ["m.a1"])
    }

    @Test("a status whose root or rollout changes rests on the version that was seen", arguments: [true, false])
    func statusPrecondition(isRollout: Bool) async throws {
        let cluster = try await TestCluster(time)
        try await cluster.put(Fixture.mirror())
        let writer = StatusWriter(
            KubeAPI(cluster),
            OwnWrites(clock: ContinuousClock(), logger: Fixture.logger)
        )
        let key = ObjectKey(name: "m")
        let seen = try #require(try await cluster.object(ObservedMirror.self, key))
        try await cluster.put(Fixture.mirror(pause: ["somebody"]))
        var status = Fixture.status()
        if isRollout {
            status.rollout = .init(node: "s1", revision: "1-a", startedAt: time.now.timestamp, step: 1, of: 3)
            let error = await #expect(throws: KubeError.self) {
                try await writer.write(status, to: seen, now: time.now.timestamp)
            }
            #expect(error?.isConflict == true)
        } else {
            #expect(try await writer.write(status, to: seen, now: time.now.timestamp))
        }
    }

    @Test("the Lease carries the deadline of the restart, and loses it when it is given back")
    func deadline() throws {
        let holder = DisruptionHolder(mirror: "m", node: "s1", revision: "1-a", deadlineSeconds: 900, record: "mn-1")
        let held = DisruptionLeaseChange.acquired(by: holder, from: nil, key: Fixture.lease, now: time.now)
        #expect(held.metadata.annotations["p2pmirror.io/deadline"] == "900")
        #expect(DisruptionHolder(held) == holder)
        #expect(DisruptionLeaseChange.released(held, now: time.now).metadata.annotations.isEmpty)
    }
}
