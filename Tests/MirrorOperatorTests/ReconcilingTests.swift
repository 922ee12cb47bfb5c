import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Synchronization
import Testing

@Suite("Reconciling a mirror")
struct ReconcilingTests {
    private let time = TestTime()

    @Test("a ring becomes a star, one server at a time, and then nothing is written any more")
    func ringToStar() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let pass = fleet.pass()
        let restarted = try await fleet.settle { pass }
        #expect(Set(restarted).count == restarted.count, "each server is restarted at most once: \(restarted)")
        let mirror = try await cluster.mirror()
        #expect(mirror.status?.topology?.observed == .star)
        #expect(mirror.status?.conditions.first(ofType: "Ready")?.status == .true)
        #expect(DisruptionHolder(try await cluster.disruption()) == nil)
        cluster.clearLog()
        try await pass.run()
        try await fleet.pass().run()
        #expect(cluster.writes.isEmpty)
    }

    @Test("an operator that is started again before every pass comes to the same end")
    func restartedAlways() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let restarted = try await fleet.settle { fleet.pass() }
        #expect(Set(restarted).count == restarted.count)
        #expect(try await cluster.mirror().status?.topology?.observed == .star)
    }

    @Test("killed after any write, whether it was carried out or not, it goes on from there", arguments: [true, false])
    func killedAfterEachWrite(isCarriedOut: Bool) async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let killed = Mutex<Set<String>>([])
        cluster.onRequest { request, _ in
            // Each request is cut off the first time that it is made.
            let line = "\(request.method) \(request.path) \(request.query("fieldManager") ?? "")"
            guard request.method != .get, killed.withLock({ $0.insert(line).inserted }) else { return nil }
            return isCarriedOut ? .unanswered : .lost
        }
        var restarted: [String] = []
        var quiet = 0
        for _ in 0..<100 where quiet < 3 {
            cluster.clearLog()
            // Errors are the kill; the next pass is a new process.
            let results = try? await fleet.pass().run()
            let now = try await fleet.agents()
            restarted += now
            quiet = results != nil && cluster.writes.isEmpty && now.isEmpty ? quiet + 1 : 0
            time.advance(seconds: 15)
        }
        #expect(killed.withLock { $0.count } > 5)
        #expect(Set(restarted).count == restarted.count)
        #expect(try await cluster.mirror().status?.topology?.observed == .star)
    }

    @Test("killed between the Lease and the approval, it approves under the Lease that it holds")
    func acquireThenApprove() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        for _ in 0..<10 where DisruptionHolder(try await cluster.disruption()) == nil {
            try await fleet.pass().run()
            _ = try await fleet.agents()
        }
        let holder = try #require(DisruptionHolder(try await cluster.disruption()))
        let name = Names.mirrorNode(mirror: "m", node: holder.node)
        #expect(try await cluster.mirrorNode(name)?.spec.approval == nil)
        try await fleet.pass().run()
        let approval = try #require(try await cluster.mirrorNode(name)?.spec.approval)
        #expect(approval.revision == holder.revision)
        #expect(approval.epoch == (try await cluster.disruption())?.spec?.leaseTransitions)
        #expect(approval.expires == time.now.timestamp + 120)
    }

    @Test("two operators at once: one Lease holder, one approval")
    func twoLeaders() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let passes = [fleet.pass(), fleet.pass()]
        for _ in 0..<12 {
            for pass in passes { try await pass.refresh() }
            // Both decide on what both have seen.
            async let first = passes[0].reconcile("m")
            async let second = passes[1].reconcile("m")
            _ = try await (first, second)
            let approved = try await cluster.api.list(MirrorNode.self).filter { $0.spec.approval != nil }
            #expect(approved.count <= 1)
            if approved.isEmpty { _ = try await fleet.agents() }
        }
        let lease = try #require(try await cluster.disruption())
        // Taken once: a second taking would have a later epoch than that of its creation.
        let first = DisruptionLease.epoch(after: nil, at: try #require(lease.metadata.creationTimestamp))
        #expect(lease.spec?.leaseTransitions == first)
    }

    @Test("Observe writes statuses and MirrorNodes without settings, and takes no Lease")
    func observes() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time, mode: .observe)
        #expect(try await fleet.settle { fleet.pass() }.isEmpty)
        #expect(try await cluster.disruption() == nil)
        let nodes = try await cluster.api.list(MirrorNode.self)
        #expect(nodes.count == 3)
        #expect(nodes.allSatisfy { $0.spec.desired?.server == nil && $0.spec.approval == nil })
        #expect(try await cluster.mirror().status?.nextChange != nil)
    }

    @Test("a paused mirror is told so, and nothing else is written")
    func paused() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        try await cluster.put(Fixture.mirror(pause: ["upgrade"]))
        for _ in 0..<4 { try await fleet.pass().run() }
        #expect(cluster.writes == ["PATCH /apis/p2pmirror.io/v1alpha1/p2pmirrors/m/status by p2pmirror-status"])
        #expect(try await cluster.mirror().status?.conditions.first(ofType: "Paused")?.status == .true)
    }

    @Test("a server that falls between the look and the decision stops it")
    func liveEvidence() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let pass = fleet.pass()
        try await pass.run()
        _ = try await fleet.agents()
        // The store says that all is well, and will be asked for the Lease now; the API server knows better.
        try await pass.refresh()
        for number in 1...3 {
            var node = Fixture.server("s\(number)", number: number, server: "https://10.0.0.\(number % 3 + 1):9345")
            node.status?.conditions = [Node.Condition(type: "Ready", status: "False")]
            try await cluster.put(node, status: true)
        }
        for _ in 0..<3 { _ = try await pass.reconcile("m") }
        #expect(DisruptionHolder(try await cluster.disruption()) == nil)
    }

    @Test("a pause between the look and the decision stops it")
    func livePause() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let pass = fleet.pass()
        for _ in 0..<3 {
            try await pass.run()
            _ = try await fleet.agents()
            if DisruptionHolder(try await cluster.disruption()) != nil { break }
        }
        try await pass.refresh()
        try await cluster.put(Fixture.mirror(pause: ["wait"]))
        _ = try await pass.reconcile("m")
        let approved = try await cluster.api.list(MirrorNode.self).filter { $0.spec.approval != nil }
        #expect(approved.isEmpty)
    }

    @Test("nothing is decided before our own writes are seen")
    func ownWrites() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.ring(cluster, time)
        let pass = fleet.pass()
        try await pass.refresh()
        _ = try await pass.reconcile("m")
        cluster.clearLog()
        let result = try await pass.reconcile("m")
        #expect(cluster.log.isEmpty)
        guard case .requeue = result else {
            Issue.record("a deferred pass must come again, not \(result)")
            return
        }
    }
}
