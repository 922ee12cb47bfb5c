import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Nothing is taken back because of a selection that may be a mistake")
struct SelectionTests {
    private static let confirmation = "p2pmirror.io/confirm-selection"

    /// A star of three servers, which was a ring, and so many agents, all of them on record; labelled `pool: blue`.
    private static func world(agents: Int = 7, _ change: (inout P2PMirrorSpec) -> Void = { _ in }) throws -> World {
        let servers = Fixture.servers([2, 3, 1]) { node in
            node.labels = ["pool": "blue", RancherDistribution.rke2.peerLabel: "true"]
        }
        let others = (0..<agents).map { number in
            TestNode.agent("agent-\(number)", Fixture.url(1)) {
                $0.labels = ["pool": "blue", RancherDistribution.rke2.peerLabel: "true"]
            }
        }
        let mirror = Fixture.mirror {
            $0.selector = LabelSelector(matchLabels: ["pool": "blue"])
            change(&$0)
        }
        var world = World(Fixture.snapshot(mirror, servers + others))
        var dice = Dice(seed: 1)
        for _ in 0..<60 {
            world.carryOut(try plan(world))
            _ = world.runAgents(&dice)
            world.snapshot.now = world.snapshot.now + 30
        }
        #expect(world.snapshot.mirrors[0].status?.topology?.observed == .star)
        #expect(try plan(world).actions.isEmpty)
        return world
    }

    private static func plan(_ world: World) throws -> Plan {
        try #require(Planner.plan(mirror: "embedded", world.snapshot))
    }

    private static func select(_ labels: [String: String], in world: inout World) {
        world.snapshot.mirrors[0].spec.selector = LabelSelector(matchLabels: labels)
        world.snapshot.mirrors[0].metadata.generation = 2
    }

    private static func deleted(_ plan: Plan) -> [String] {
        plan.actions.compactMap { action in
            guard action.purpose == .deleteMirrorNode else { return nil }
            let name = action.target.key.name
            return name
        }
    }

    private static func reason(_ plan: Plan, _ type: String = "Ready") -> String {
        plan.status.conditions.first(ofType: type)?.reason ?? ""
    }

    @Test("A selector that matches nothing any more changes nothing, and is told", arguments: [Mode.enforce, .observe])
    func typo(mode: Mode) throws {
        var world = try Self.world()
        world.snapshot.mirrors[0].spec.mode = mode
        let before = world.snapshot.mirrors[0].status
        Self.select(["pool": "bule"], in: &world)
        let plan = try Self.plan(world)
        #expect(plan.actions.isEmpty)
        #expect(plan.strays.isEmpty)
        #expect(Self.reason(plan) == "SelectionShrank")
        #expect(plan.status.conditions.first(ofType: "Stalled")?.status == .true)
        #expect(plan.status.topology == before?.topology, "the root stays on record")
        let note = try #require(plan.notes.first { $0.reason.rawValue == "SelectionShrank" })
        #expect(note.message.contains("10 of the 10 nodes"))
        #expect(note.message.contains("\(Self.confirmation)=2"))
        // Put right, all is as it was.
        world.carryOut(plan)
        Self.select(["pool": "blue"], in: &world)
        #expect(try Self.plan(world).actions.isEmpty)
        #expect(try Self.plan(world).status.topology == before?.topology)
    }

    @Test("Confirmed for this very generation, it is carried out", arguments: [("2", true), ("1", false), ("", false)])
    func confirmed(value: String, isDone: Bool) throws {
        var world = try Self.world()
        Self.select(["pool": "green"], in: &world)
        world.snapshot.mirrors[0].metadata.annotations[Self.confirmation] = value
        #expect(try Self.deleted(Self.plan(world)).count == (isDone ? 10 : 0))
    }

    @Test(
        "A small change goes through at once, a large one waits",
        arguments: [(1, true), (2, true), (3, false), (7, false)]
    )
    func share(leaving: Int, isDone: Bool) throws {
        var world = try Self.world()
        for number in 0..<leaving {
            let index = try #require(world.nodeIndex("agent-\(number)"))
            world.snapshot.nodes[index].metadata.labels["pool"] = "green"
        }
        #expect(try Self.deleted(Self.plan(world)).count == (isDone ? leaving : 0))
        #expect(try Self.reason(Self.plan(world)) == (isDone ? "Healthy" : "SelectionShrank"))
    }

    @Test("The root leaves the selection only when that is confirmed", arguments: [true, false])
    func root(isConfirmed: Bool) throws {
        var world = try Self.world()
        let index = try #require(world.nodeIndex("server-1"))
        world.snapshot.nodes[index].metadata.labels["pool"] = nil
        if isConfirmed { world.snapshot.mirrors[0].metadata.annotations[Self.confirmation] = "1" }
        let plan = try Self.plan(world)
        #expect(plan.status.topology?.root == (isConfirmed ? "server-2" : "server-1"))
        #expect(Self.reason(plan) == "SelectionShrank" || isConfirmed)
        #expect(plan.actions.isEmpty != isConfirmed)
    }

    @Test("Nodes that are gone or were made anew are no matter of the selector")
    func gone() throws {
        var world = try Self.world()
        for number in 0..<7 { world.remove("agent-\(number)") }
        #expect(try Self.deleted(Self.plan(world)).count == 7)
    }

    @Test("Seeds that are out are not put back because of it", arguments: [true, false])
    func strays(ofSeedsAlone: Bool) throws {
        var world = try Self.world()
        let index = try #require(world.nodeIndex("agent-3"))
        world.snapshot.nodes[index].metadata.labels[RancherDistribution.rke2.peerLabel] = "false"
        world.snapshot.nodes[index].metadata.annotations[AnnotationKey.evictedBy] = "embedded"
        let typo = LabelSelector(matchLabels: ["pool": "bule"])
        if ofSeedsAlone {
            world.snapshot.mirrors[0].spec.candidates.selector = typo
        } else {
            world.snapshot.mirrors[0].spec.selector = typo
        }
        world.snapshot.mirrors[0].metadata.generation = 2
        #expect(try Self.plan(world).strays.isEmpty)
        #expect(try Self.reason(Self.plan(world)) == "SelectionShrank")
        world.snapshot.mirrors[0].metadata.annotations[Self.confirmation] = "2"
        #expect(try Self.plan(world).strays == ["agent-3"])
    }

    @Test("A step that no agent has begun is taken back meanwhile, as for a pause")
    func step() throws {
        var world = try Self.world()
        world.snapshot.mirrors[0].spec.registries = ["quay.io"]
        func open(_ world: World) -> MirrorNode? {
            let epoch = world.snapshot.disruption?.spec?.leaseTransitions
            return world.snapshot.mirrorNodes.first { $0.spec.approval?.epoch == epoch }
        }
        for _ in 0..<20 where DisruptionHolder(world.snapshot.disruption) == nil || open(world) == nil {
            world.carryOut(try Self.plan(world))
        }
        #expect(open(world) != nil)
        Self.select(["pool": "bule"], in: &world)
        for _ in 0..<3 { world.carryOut(try Self.plan(world)) }
        #expect(world.snapshot.mirrorNodes.count == 10)
        #expect(open(world) == nil)
        #expect(DisruptionHolder(world.snapshot.disruption) == nil)
    }

    @Test(
        "A selector that no API server would take is refused, and nothing is touched",
        arguments: [
            ["no such key": "x"], ["pool": "two words"], ["a/b/c": "x"], ["-/pool": "x"], ["pool": "-x"], ["": "x"],
            [String(repeating: "k", count: 64): "x"], ["\(String(repeating: "d", count: 254))/k": "x"],
        ]
    )
    func illegal(labels: [String: String]) throws {
        var world = try Self.world()
        Self.select(labels, in: &world)
        let plan = try Self.plan(world)
        #expect(plan.actions.isEmpty)
        #expect(plan.strays.isEmpty)
        #expect(Self.reason(plan, "Accepted") == "InvalidSpec")
        #expect(plan.status.conditions.first(ofType: "Accepted")?.message.contains("spec.selector.matchLabels") == true)
    }
}
