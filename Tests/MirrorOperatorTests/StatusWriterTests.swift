import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import Testing

@Suite("Writing a status")
struct StatusWriterTests {
    private func writer(_ cluster: TestCluster) -> StatusWriter {
        StatusWriter(KubeAPI(cluster), OwnWrites(clock: ContinuousClock(), logger: Fixture.logger))
    }

    private func observed(_ cluster: TestCluster) async throws -> ObservedMirror {
        try #require(try await cluster.object(ObservedMirror.self, ObjectKey(name: "m")))
    }

    @Test("it is written once, to the subresource, by its own manager")
    func once() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror())
        let writer = writer(cluster)
        let now = Fixture.start.timestamp
        #expect(try await writer.write(Fixture.status(), to: observed(cluster), now: now))
        #expect(try await !writer.write(Fixture.status(), to: observed(cluster), now: now + 60))
        #expect(cluster.writes == ["PATCH /apis/p2pmirror.io/v1alpha1/p2pmirrors/m/status by p2pmirror-status"])
        #expect(try await observed(cluster).mirror?.spec == Fixture.mirror().spec)
    }

    @Test("after a restart nothing is written either")
    func restart() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror())
        let now = Fixture.start.timestamp
        try await writer(cluster).write(Fixture.status(), to: observed(cluster), now: now)
        #expect(try await !writer(cluster).write(Fixture.status(), to: observed(cluster), now: now + 60))
        #expect(cluster.writes.count == 1)
    }

    @Test("only a condition whose status changes gets a new transition time")
    func transitions() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror())
        let writer = writer(cluster)
        let now = Fixture.start.timestamp
        try await writer.write(Fixture.status(), to: observed(cluster), now: now)
        var next = Fixture.status("other words")
        next.conditions[1].status = .true
        try await writer.write(next, to: observed(cluster), now: now + 60)
        let conditions = try #require(try await observed(cluster).status?.conditions)
        #expect(conditions.first(ofType: "Ready")?.lastTransitionTime == now)
        #expect(conditions.first(ofType: "Ready")?.message == "other words")
        #expect(conditions.first(ofType: "Stalled")?.lastTransitionTime == now + 60)
    }

    @Test("a field that is no longer wanted goes")
    func removes() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror())
        let writer = writer(cluster)
        var status = Fixture.status()
        status.nextChange = P2PMirrorStatus.NextChange(node: "s1", action: .clearServer, reason: "r", message: "m")
        try await writer.write(status, to: observed(cluster), now: Fixture.start.timestamp)
        #expect(try await observed(cluster).status?.nextChange != nil)
        status.nextChange = nil
        try await writer.write(status, to: observed(cluster), now: Fixture.start.timestamp)
        #expect(try await observed(cluster).status?.nextChange == nil)
    }

    @Test("a server that drops a field of the status is not written to again and again")
    func pruned() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror())
        let writer = writer(cluster)
        try await writer.write(Fixture.status(), to: observed(cluster), now: Fixture.start.timestamp)
        // As an older schema would have left it.
        var shown = try await observed(cluster)
        shown.status?.observedGeneration = nil
        let written = try await writer.write(Fixture.status(), to: shown, now: Fixture.start.timestamp)
        #expect(!written)
        #expect(cluster.writes.count == 1)
    }
}
