import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("The root stays root until it must not be, and then another one takes its place")
struct RootTests {
    /// A ring of so many servers, played until so many restarts are over.
    private static func world(_ count: Int, restarts: Int, _ change: (inout P2PMirrorSpec) -> Void = { _ in }) throws
        -> World
    {
        let edges = (1...count).map { Optional($0 % count + 1) }
        var world = World(Fixture.snapshot(Fixture.mirror("embedded", change), Fixture.servers(edges)))
        try play(&world) { $0.restarts.count == restarts && DisruptionHolder($0.snapshot.disruption) == nil }
        return world
    }

    private static func play(_ world: inout World, passes: Int = 200, until isDone: (World) -> Bool) throws {
        var dice = Dice(seed: 1)
        for _ in 0..<passes where !isDone(world) {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            world.carryOut(plan)
            let acted = world.runAgents(&dice)
            let wait = acted || !plan.actions.isEmpty ? 5 : plan.nextDeadline.map { $0 - world.snapshot.now } ?? 5
            world.snapshot.now = world.snapshot.now + max(1, wait)
        }
        #expect(isDone(world))
    }

    private static func plan(_ world: World) throws -> Plan {
        try #require(Planner.plan(mirror: "embedded", world.snapshot))
    }

    private static func ready(_ plan: Plan) -> String { plan.status.conditions.first(ofType: "Ready")?.reason ?? "" }

    private static func restarted(_ world: World) -> [String] { world.restarts.map(\.node) }

    @Test("Where no server may become the root, Ready says so under Observe too")
    func observedWithoutRoot() throws {
        let mirror = Fixture.mirror("embedded") { $0.mode = .observe }
        let world = World(Fixture.snapshot(mirror, Fixture.servers([3, 1, 2]) { $0.isVoter = false }))
        let ready = try #require(try Self.plan(world).status.conditions.first(ofType: "Ready"))
        #expect(ready.status == .true)
        #expect(ready.reason == "NoEligibleRoot")
        #expect(ready.message.contains("nothing is touched: No server may become the root"))
    }

    @Test("A cordon or a reboot of the root pauses the rollout, and it stays root", arguments: [true, false])
    func pause(isCordon: Bool) throws {
        var world = try Self.world(5, restarts: 2)
        if isCordon { world.set("server-1", isCordoned: true) } else { world.set("server-1", isReady: false) }
        world.snapshot.now = world.snapshot.now + 3_599
        let plan = try Self.plan(world)
        #expect(plan.actions.isEmpty)
        #expect(plan.status.topology?.root == "server-1")
        #expect(Self.ready(plan) == (isCordon ? "ServerCordoned" : "RootNotReady"))
        // When the root is lost is part of the plan, unless it is here.
        #expect(plan.nextDeadline == (isCordon ? nil : world.snapshot.now + 1))
        if isCordon { world.set("server-1", isCordoned: false) } else { world.set("server-1", isReady: true) }
        try Self.play(&world) { $0.restarts.count == 4 && DisruptionHolder($0.snapshot.disruption) == nil }
        #expect(Set(Self.restarted(world)).count == 4, "nobody was restarted twice")
        #expect(try Self.plan(world).status.topology?.observed == .star)
    }

    @Test("A root that is away for good is replaced, in mid-rollout too, and does not take its place back")
    func replaced() throws {
        var world = try Self.world(5, restarts: 2)
        world.set("server-1", isReady: false)
        world.snapshot.now = world.snapshot.now + 3_600
        let plan = try Self.plan(world)
        let root = try #require(plan.status.topology?.root)
        #expect(root != "server-1")
        #expect(plan.notes.contains { $0.reason == .replacesRoot && $0.message.contains("server-1") })
        #expect(plan.status.nextChange?.node == root, "the new root is cleared first")
        try Self.play(&world) { world in
            Self.isStar(world, around: root, without: "server-1") && DisruptionHolder(world.snapshot.disruption) == nil
        }
        #expect(try Self.ready(Self.plan(world)) == "NodeNotReady")
        world.set("server-1", isReady: true)
        try Self.play(&world) { Self.isStar($0, around: root, without: nil) }
        #expect(try Self.plan(world).status.topology?.root == root)
    }

    private static func isStar(_ world: World, around root: String, without away: String?) -> Bool {
        let edges = SafetyRules.edges(world.snapshot.nodes)
        return world.snapshot.nodes.map(\.metadata.name).allSatisfy {
            $0 == away || edges[$0] ?? [] == ($0 == root ? [] : [root])
        }
    }

    @Test("While a second server is away nobody is moved from a root that is lost")
    func secondServer() throws {
        var world = try Self.world(7, restarts: 2)
        world.set("server-1", isReady: false)
        world.snapshot.now = world.snapshot.now + 3_600
        world.carryOut(try Self.plan(world))
        world.set("server-6", isReady: false)
        #expect(try Self.ready(Self.plan(world)) == "OtherServerNotReady")
    }

    @Test("With three voters, of which the root is lost, a move would stop etcd: that needs a person")
    func quorum() throws {
        var world = try Self.world(3, restarts: 2)
        world.set("server-1", isReady: false)
        world.snapshot.now = world.snapshot.now + 3_600
        world.carryOut(try Self.plan(world))
        let plan = try Self.plan(world)
        #expect(Self.ready(plan) == "QuorumWouldBeLost")
        #expect(plan.actions.isEmpty)
    }

    @Test("A root whose Node is deleted is replaced at once")
    func deleted() throws {
        var world = try Self.world(5, restarts: 4)
        world.remove("server-1")
        let plan = try Self.plan(world)
        #expect(plan.status.topology?.root == "server-2")
        try Self.play(&world) { Self.isStar($0, around: "server-2", without: nil) }
    }

    @Test("What only ever pointed to a root that is lost is moved, too", arguments: [true, false])
    func neverTouched(isDeleted: Bool) throws {
        // server-5 points to the root already, and was never asked for anything.
        var world = try Self.world(5, restarts: 4) { $0.topology.rerootAfterSeconds = 60 }
        #expect(world.snapshot.mirrorNodes.first { $0.spec.nodeName == "server-5" }?.spec.desired == nil)
        if isDeleted { world.remove("server-1") } else { world.set("server-1", isReady: false) }
        world.snapshot.now = world.snapshot.now + 60
        try Self.play(&world) { Self.isStar($0, around: "server-2", without: isDeleted ? nil : "server-1") }
    }

    @Test("A Node that was made anew under the root's name is another server")
    func anew() throws {
        var world = try Self.world(5, restarts: 4)
        #expect(world.snapshot.mirrors[0].status?.topology?.rootUID == "uid-server-1")
        var node = TestNode.server("server-1", Fixture.url(3))
        node.uid = "another"
        node.isVoter = false
        world.replace("server-1", by: node)
        let plan = try Self.plan(world)
        #expect(plan.status.topology?.root == "server-3", "the new server-1 has no vote yet, and points to server-3")
        // The same Node without its vote for a while would have stayed.
        var same = try Self.world(5, restarts: 4)
        same.set("server-1", isReady: false)
        #expect(try Self.plan(same).status.topology?.root == "server-1")
    }

    @Test("A status of a release that recorded the name alone is believed")
    func olderRecord() throws {
        var world = try Self.world(5, restarts: 4)
        world.snapshot.mirrors[0].status?.topology?.rootUID = nil
        world.snapshot.mirrors[0].status?.topology?.rootAddress = nil
        let plan = try Self.plan(world)
        #expect(plan.actions.isEmpty)
        #expect(plan.status.topology?.root == "server-1")
    }

    @Test("Nobody else can be root: then one that is away stays")
    func nobodyElse() throws {
        var world = try Self.world(5, restarts: 4)
        world.set("server-1", isReady: false)
        for number in 2...5 { world.set("server-\(number)", isCordoned: true) }
        world.snapshot.now = world.snapshot.now + 7_200
        #expect(try Self.plan(world).status.topology?.root == "server-1")
    }

    @Test("To exclude the root moves nobody: another one is to be named first", arguments: [false, true])
    func excluded(isInMidRollout: Bool) throws {
        var world = try Self.world(5, restarts: isInMidRollout ? 2 : 4)
        let index = try #require(world.nodeIndex("server-1"))
        world.snapshot.nodes[index].metadata.annotations[AnnotationKey.exclude] = "old disk"
        var plan = try Self.plan(world)
        #expect(plan.status.topology?.root == "server-1")
        #expect(plan.actions.isEmpty || isInMidRollout)
        let note = try #require(plan.notes.first { $0.reason.rawValue == "RootExcluded" })
        #expect(note.message.contains("old disk"))
        #expect(note.message.contains("spec.topology.preferredRoots"))
        #expect(isInMidRollout || plan.status.conditions.first(ofType: "NodesCurrent")?.reason == "RootExcluded")
        // Named, also after the one that is excluded: that asks for it.
        world.snapshot.mirrors[0].spec.topology.preferredRoots = ["server-1", "server-3"]
        plan = try Self.plan(world)
        #expect(plan.status.topology?.root == "server-3")
        #expect(!plan.notes.contains { $0.reason.rawValue == "RootExcluded" })
        try Self.play(&world) { SafetyRules.edges($0.snapshot.nodes)["server-1"] == ["server-3"] }
    }

    @Test("Who is excluded never becomes the root")
    func neverChosen() throws {
        var nodes = Fixture.servers([2, 3, 1])
        nodes[0].annotations[AnnotationKey.exclude] = "old disk"
        let plan = try #require(Planner.plan(mirror: "embedded", Fixture.snapshot(Fixture.mirror(), nodes)))
        #expect(plan.status.topology?.root == "server-2")
    }
}
