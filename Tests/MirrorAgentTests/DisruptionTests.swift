import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("No restart while another server is away")
struct DisruptionTests {
    struct Disruption: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: Reason
        var says: String
        var begin: @Sendable (World) throws -> Void
        var end: @Sendable (World) throws -> Void
    }

    private static func changing(_ name: String, _ body: @escaping @Sendable (inout Node) -> Void)
        -> @Sendable (World) throws -> Void
    { { world in try world.server.change(Node.self, ObjectKey(name: name), body) } }

    static let servers: [Disruption] = [
        Disruption(
            testDescription: "another server is not Ready",
            reason: .otherServerNotReady,
            says: "server-2 is not Ready",
            begin: changing("server-2") { $0.status?.conditions?[0].status = "Unknown" },
            end: changing("server-2") { $0.status?.conditions?[0].status = "True" }
        ),
        Disruption(
            testDescription: "a server with nothing but etcd is not Ready",
            reason: .otherServerNotReady,
            says: "server-3 is not Ready",
            begin: changing("server-3") {
                $0.metadata.labels["node-role.kubernetes.io/control-plane"] = nil
                $0.status?.conditions?[0].status = "False"
            },
            end: changing("server-3") { $0.status?.conditions?[0].status = "True" }
        ),
        Disruption(
            testDescription: "another server is cordoned",
            reason: .serverCordoned,
            says: "server-3 is cordoned",
            begin: changing("server-3") { $0.spec = Node.Spec(unschedulable: true) },
            end: changing("server-3") { $0.spec = nil }
        ),
        Disruption(
            testDescription: "another server is being deleted",
            reason: .serverDeleting,
            says: "server-2 is being deleted",
            begin: changing("server-2") { $0.metadata.deletionTimestamp = World.now },
            end: changing("server-2") { $0.metadata.deletionTimestamp = nil }
        ),
    ]

    static let leases: [Disruption] = [
        Disruption(
            testDescription: "the Lease went to another epoch",
            reason: .leaseMismatch,
            says: "epoch 1",
            begin: { try $0.server.put(World.makeLease(revision: "1-a", epoch: 2)) },
            end: { try $0.server.put(World.makeLease(revision: "1-a", epoch: 1)) }
        ),
        Disruption(
            testDescription: "the Lease is gone",
            reason: .leaseMismatch,
            says: "is not held",
            begin: { world in
                world.server.delete(Lease.self, ObjectKey(namespace: "p2pmirror-system", name: DisruptionLease.name))
            },
            end: { try $0.server.put(World.makeLease(revision: "1-a", epoch: 1)) }
        ),
    ]

    @Test("nothing is claimed then, and the step is made once all is well again", arguments: servers)
    func claimsNothing(disruption: Disruption) async throws {
        let world = try World()
        try disruption.begin(world)
        let before = world.disk.contents
        #expect(await world.settle() == .soon)
        #expect(try world.status?.phase == .idle)
        #expect(try world.status?.reason == disruption.reason.rawValue)
        #expect(try world.status?.message?.contains(disruption.says) == true)
        #expect(world.service.restarts == 0 && world.disk.contents == before)
        try disruption.end(world)
        await world.settle()
        #expect(try world.status?.phase == .applied)
    }

    @Test("the server that the change frees this node from may be away, and no other one")
    func absentServer() async throws {
        let world = try World()
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.approval?.absentServer = "server-2" }
        try Self.servers[0].begin(world)
        try Self.changing("server-3") { $0.spec = Node.Spec(unschedulable: true) }(world)
        await world.settle()
        #expect(try world.status?.reason == Reason.serverCordoned.rawValue && world.service.restarts == 0)
        try Self.changing("server-3") { $0.spec = nil }(world)
        await world.settle()
        #expect(try world.status?.phase == .applied && world.service.restarts == 1)
    }

    /// Where a step stands when the other server goes away.
    enum Moment: CaseIterable, Sendable {
        case claimed
        case written
        /// The journal announces the restart, and the process ended before it asked for it.
        case announced

        func reach(_ world: World) async throws {
            let (agent, process) = world.agent()
            defer { world.disk.end(process: process) }
            // Claims, and takes the claim for its own.
            for _ in 0..<2 { _ = try await agent.step(now: World.now) }
            if self == .claimed { return }
            _ = try await agent.step(now: World.now)
            guard self == .announced else { return }
            let path = AgentPath.journal(mirror: World.mirror)
            var journal = try Journal(Array((world.disk.contents[path] ?? "").utf8))
            journal.step?.stage = .restarting
            world.disk.put(path, String(decoding: try JSONCoding.encode(journal), as: UTF8.self))
        }
    }

    @Test(
        "after the claim it waits and says for what, then restarts once all is well again",
        arguments: Moment.allCases,
        servers + leases
    )
    func waitsAfterTheClaim(moment: Moment, disruption: Disruption) async throws {
        let world = try World()
        try await moment.reach(world)
        #expect(world.service.restarts == 0)
        #expect((world.disk.contents[World.dropIn] != nil) == (moment != .claimed))
        try disruption.begin(world)
        #expect(await world.settle(now: World.now + 300) == .soon)
        let status = try #require(try world.status)
        #expect(world.service.restarts == 0)
        #expect(status.phase == .restarting && status.reason == disruption.reason.rawValue)
        #expect(status.message?.contains(disruption.says) == true, "\(status.message ?? "")")
        let writes = world.server.writes.count
        await world.settle(now: World.now + 400)
        #expect(world.server.writes.count == writes)
        try disruption.end(world)
        await world.settle(now: World.now + 500)
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 1)
    }

    @Test(
        "at the deadline it ends the step as it began, without a restart",
        arguments: Moment.allCases,
        servers + leases
    )
    func endsWithoutARestart(moment: Moment, disruption: Disruption) async throws {
        let world = try World()
        try await moment.reach(world)
        try disruption.begin(world)
        world.server.setReachable(false)
        await world.settle(now: World.now + 300)
        world.server.setReachable(true)
        await world.settle(now: World.now + 601)
        let status = try #require(try world.status)
        #expect(status.phase == .failed)
        #expect(status.message?.contains("nothing was restarted") == true, "\(status.message ?? "")")
        if moment != .announced { #expect(status.message?.contains(disruption.says) == true) }
        #expect(world.disk.contents[World.dropIn] == nil && world.service.restarts == 0)
    }

    @Test("a restart that waited almost until the deadline has its whole time", arguments: Moment.allCases)
    func keepsItsTime(moment: Moment) async throws {
        let world = try World { $0.effectiveServer == World.url ? .withoutReady : .well }
        try await moment.reach(world)
        try Self.servers[0].begin(world)
        await world.settle(now: World.now + 598)
        try Self.servers[0].end(world)
        await world.settle(now: World.now + 599)
        await world.settle(now: World.now + 601)
        #expect(world.service.restarts == 1)
        #expect(try world.status?.phase == .restarting)
    }

    @Test("a rollback is kept by nothing")
    func rollsBackRegardless() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        #expect(world.service.restarts == 1)
        for disruption in Self.servers + Self.leases { try disruption.begin(world) }
        await world.settle(now: World.now + 601)
        #expect(world.service.restarts == 2 && world.disk.contents[World.dropIn] == nil)
        #expect(try world.status?.phase == .failed)
    }
}
