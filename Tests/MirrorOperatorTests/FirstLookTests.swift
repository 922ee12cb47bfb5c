import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Synchronization
import Testing

@Suite("A first look at a large fleet")
struct FirstLookTests {
    private let time = TestTime()
    private static let status = "PATCH /apis/p2pmirror.io/v1alpha1/p2pmirrors/m/status by p2pmirror-status"

    @Test("the status is the first thing that is written, and the last thing that is said is that all are on record")
    func statusFirst() async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.wide(cluster, time, agents: 20)
        let pass = fleet.pass()
        try await pass.run()
        #expect(cluster.writes.first == Self.status)
        for _ in 0..<3 { try await pass.run() }
        #expect(try await cluster.api.list(MirrorNode.self).count == 23)
        cluster.clearLog()
        try await pass.run()
        #expect(cluster.writes.isEmpty)
    }

    @Test("one MirrorNode that is refused stops no other one, and is told", arguments: ["m.a0", "m.s1"])
    func refusedOne(name: String) async throws {
        let cluster = try await TestCluster(time)
        let fleet = try await FakeFleet.wide(cluster, time, agents: 20)
        let isRefused = Mutex(true)
        cluster.onRequest { request, _ in
            let isMeant = request.method != .get && request.path.hasSuffix("/\(name)")
            return isMeant && isRefused.withLock { $0 } ? .refused(422, "Invalid") : nil
        }
        let pass = fleet.pass()
        for _ in 0..<4 { _ = try? await pass.run() }
        #expect(try await cluster.api.list(MirrorNode.self).count == 22)
        let stalled = try await cluster.mirror().status?.conditions.first(ofType: "Stalled")
        #expect(stalled?.reason == "RequestRefused")
        #expect(stalled?.message.contains("422") == true)
        #expect(stalled?.message.contains(name) == true)
        // What is known of the fleet stands beside it, and what is repeated is no news.
        #expect(try await cluster.mirror().status?.topology?.observed == .star)
        cluster.clearLog()
        _ = try? await pass.run()
        #expect(cluster.writes.filter { $0 == Self.status }.isEmpty)
        isRefused.withLock { $0 = false }
        for _ in 0..<3 { _ = try? await pass.run() }
        #expect(try await cluster.api.list(MirrorNode.self).count == 23)
        #expect(try await cluster.mirror().status?.conditions.first(ofType: "Stalled")?.status == .false)
    }
}
