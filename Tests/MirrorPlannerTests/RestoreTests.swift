import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Files are restored only where no restart, in any order, can close a cycle")
struct RestoreTests {
    private static func healed(_ nodes: [TestNode], _ change: (inout P2PMirrorSpec) -> Void = { _ in }) throws -> World
    {
        var world = World(
            Fixture.snapshot(
                Fixture.mirror {
                    $0.deletionPolicy = .restore
                    change(&$0)
                },
                nodes
            )
        )
        var dice = Dice(seed: 1)
        for _ in 0..<300 {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            world.carryOut(plan)
            let acted = world.runAgents(&dice)
            if plan.actions.isEmpty, !acted, plan.nextDeadline == nil { break }
            world.snapshot.now = world.snapshot.now + 30
        }
        return world
    }

    private static func restored(_ world: World) -> [String] {
        world.snapshot.mirrorNodes.filter { $0.spec.deletionPolicy == .restore }.map(\.spec.nodeName).sorted()
    }

    @Test("Of a ring that became a star, all but one may go back")
    func ring() throws {
        let world = try Self.healed(Fixture.servers([2, 3, 4, 5, 1]))
        #expect(Self.restored(world) == ["server-2", "server-3", "server-4"])
        #expect(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions.isEmpty)
    }

    @Test("With Retain, and of nodes that were never asked for anything, nothing is recorded")
    func retain() throws {
        let world = try Self.healed(Fixture.servers([2, 3, 1])) { $0.deletionPolicy = .retain }
        #expect(Self.restored(world).isEmpty)
        let star = try Self.healed(Fixture.servers([nil, 1, 1]))
        #expect(Self.restored(star).isEmpty)
    }

    @Test("Whatever restarts after the deletion, in any order, closes no cycle", arguments: 0..<200 as Range<UInt64>)
    func anyOrder(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let count = 3 + dice.below(8)
        let edges: [Int?] = (0..<count).map { _ in dice.roll(10) ? nil : 1 + dice.below(count) }
        let world = try Self.healed(Fixture.servers(edges)) { spec in
            spec.topology.rewrite = dice.roll(50) ? .always : .rings
            spec.topology.shape = dice.roll(50) ? .tree : .star
            spec.topology.maxFanout = 2
        }
        let restored = Self.restored(world)
        var running = SafetyRules.edges(world.snapshot.nodes)
        let before = SafetyRules.onCycles(running)
        for name in restored.shuffled(using: &dice) {
            let node = try #require(world.snapshot.nodes.first { $0.metadata.name == name })
            let own = world.hosts[name]?.ownServer
            running[name] = own.map { SafetyRules.targets($0, node, world.snapshot.nodes) } ?? []
            let added = SafetyRules.onCycles(running).subtracting(before)
            #expect(added.isEmpty, "seed \(seed): \(added) after \(name) of \(restored)")
        }
    }
}
