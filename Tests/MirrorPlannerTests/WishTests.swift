import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Registries and the debug log are changes like any other")
struct WishTests {
    private static let nodes =
        Fixture.servers([nil, 1, 1]) + (1...4).map { .agent("agent-\($0)", Fixture.url(1)) }

    private static func world(_ nodes: [TestNode] = nodes, _ change: (inout P2PMirrorSpec) -> Void) throws -> World {
        var world = World(Fixture.snapshot(Fixture.mirror("embedded", change), nodes))
        var dice = Dice(seed: 1)
        world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
        _ = world.runAgents(&dice)
        return world
    }

    private static func play(_ world: inout World, seconds: Int = 4_000) throws {
        var dice = Dice(seed: 1)
        let end = world.snapshot.now + seconds
        while world.snapshot.now < end {
            world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
            _ = world.runAgents(&dice)
            world.snapshot.now = world.snapshot.now + 15
        }
    }

    private static func names(_ world: World) -> [String] { world.restarts.map(\.node) }

    private static func condition(_ world: World, _ type: String) throws -> Condition {
        try #require(Planner.plan(mirror: "embedded", world.snapshot)?.status.conditions.first(ofType: type))
    }

    @Test("Each node that lacks a registry is restarted once, servers first, and then nothing is written")
    func registries() throws {
        var nodes = Self.nodes
        nodes[5].version = "v1.32.12+rke2r1"
        var world = try Self.world(nodes) { $0.registries = ["docker.io", "quay.io"] }
        world.hosts["server-2"]?.registries = ["docker.io", "quay.io"]
        world.hosts["agent-3"]?.registries = ["*"]
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        #expect(try Self.condition(world, "NodesCurrent").reason == "ChangesPending")
        try Self.play(&world)
        #expect(Self.names(world) == ["server-1", "server-3", "agent-1", "agent-2", "agent-4"])
        #expect(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions.isEmpty)
        #expect(try Self.condition(world, "Ready").reason == "Healthy")
    }

    @Test("One agent that can't be touched does not keep the others waiting")
    func skipped() throws {
        var nodes = Self.nodes
        nodes[3].isCordoned = true
        nodes[4].isReady = false
        var world = try Self.world(nodes) { $0.registries = ["quay.io"] }
        try Self.play(&world)
        #expect(Self.names(world) == ["server-1", "server-2", "server-3", "agent-3", "agent-4"])
        #expect(try Self.condition(world, "Ready").reason == "ServerCordoned")
    }

    @Test("An agent that failed stops the rollout")
    func failed() throws {
        var world = try Self.world { $0.registries = ["quay.io"] }
        var dice = Dice(seed: 3)
        world.manners.refusePercent = 100
        for _ in 0..<40 {
            world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
            _ = world.runAgents(&dice)
            world.snapshot.now = world.snapshot.now + 15
        }
        #expect(world.restarts.isEmpty)
        #expect(try Self.condition(world, "Stalled").reason == "AgentRefused")
    }

    @Test("Nothing is asked of agents that do not say what their hosts have", arguments: [true, false])
    func oldAgents(isDebug: Bool) throws {
        var world = World(Fixture.snapshot(Fixture.mirror(), Self.nodes))
        world.old = Set(Self.nodes.map(\.name))
        if isDebug {
            world.snapshot.mirrors[0].spec.rke2 = .init(debugUntil: Fixture.now + 5_000)
        } else {
            world.snapshot.mirrors[0].spec.registries = ["quay.io"]
        }
        try Self.play(&world)
        #expect(world.restarts.isEmpty)
        #expect(world.snapshot.mirrorNodes.allSatisfy { $0.spec.desired == nil && $0.spec.revision == nil })
        #expect(try Self.condition(world, "NodesCurrent").reason == "HostNotReported")
        // They are upgraded.
        world.old = []
        try Self.play(&world, seconds: 1_500)
        #expect(!world.restarts.isEmpty)
    }

    @Test("Where the embedded registry is off, registries are left alone")
    func registryOff() throws {
        let nodes = Self.nodes.map { node in
            var node = node
            node.registry = false
            return node
        }
        var world = try Self.world(nodes) { $0.registries = ["quay.io"] }
        try Self.play(&world, seconds: 500)
        #expect(world.restarts.isEmpty)
    }

    @Test("The debug log comes and goes by one restart each, and leaves no wish behind")
    func debug() throws {
        var world = try Self.world { $0.rke2 = .init(debugUntil: Fixture.now + 1_000) }
        try Self.play(&world, seconds: 900)
        #expect(Self.names(world) == ["server-1", "server-2", "server-3"])
        #expect(
            world.snapshot.mirrorNodes.filter { $0.spec.role == .server }.allSatisfy { $0.spec.desired?.debug == true }
        )
        #expect(Planner.plan(mirror: "embedded", world.snapshot)?.nextDeadline == Fixture.now + 1_000)
        try Self.play(&world, seconds: 1_500)
        #expect(Self.names(world).count == 6)
        #expect(world.snapshot.mirrorNodes.allSatisfy { $0.spec.desired == nil })
        #expect(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions.isEmpty)
    }

    @Test("A server whose own configuration asks for debug is told of, and not restarted for it")
    func ownDebug() throws {
        var nodes = Self.nodes
        nodes[1].extraArguments = ["--debug", "true"]
        var world = try Self.world(nodes) { $0.rke2 = .init(debugUntil: Fixture.now + 1_000) }
        try Self.play(&world, seconds: 2_500)
        #expect(!Self.names(world).contains("server-2"))
        let verdict = try Self.condition(world, "NodesCurrent")
        #expect(verdict.reason == "DebugLog" && verdict.message.contains("server-2"))
    }

    @Test("Edges, registries and debug of one server take one restart")
    func together() throws {
        let agents = (1...2).map { TestNode.agent("agent-\($0)", Fixture.url(1)) }
        var world = World(Fixture.snapshot(Fixture.mirror(), Fixture.servers([3, 1, 2]) + agents))
        var dice = Dice(seed: 1)
        world.snapshot.mirrors[0].spec.pauseRequests = ["wait"]
        world.snapshot.mirrors[0].spec.pauseRequests = []
        world.snapshot.mirrors[0].spec.mode = .observe
        world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
        _ = world.runAgents(&dice)
        world.snapshot.mirrors[0].spec.mode = .enforce
        world.snapshot.mirrors[0].spec.registries = ["quay.io"]
        world.snapshot.mirrors[0].spec.rke2 = .init(debugUntil: Fixture.now + 50_000)
        try Self.play(&world)
        #expect(Self.names(world) == ["server-1", "server-3", "server-2", "agent-1", "agent-2"])
    }

    @Test("What the processor does is told of the servers of a ring")
    func load() throws {
        var world = World(Fixture.snapshot(Fixture.mirror(mode: .observe), Fixture.servers([3, 1, 2])))
        world.hosts["server-1"]?.serviceCPUPercent = 39
        var dice = Dice(seed: 1)
        world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
        _ = world.runAgents(&dice)
        let message = try Self.condition(world, "TopologyAcyclic").message
        #expect(message.hasSuffix("; rke2-server on server-1 uses 39 % of a core"))
    }

    @Test("A MirrorNode of the release before is neither written anew nor restarted")
    func earlierRelease() throws {
        var world = World(Fixture.snapshot(Fixture.mirror(), Fixture.servers([nil, 1, 1])))
        let revisions = ["server-1": "1-dfai4jssf7ol6", "server-2": "1-k1qkvo7suvsu2"]
        for node in world.snapshot.nodes {
            let name = node.metadata.name
            let setting =
                name == "server-1"
                ? ServerSetting(action: .clear) : ServerSetting(action: .point, url: Fixture.url(1))
            world.snapshot.mirrorNodes.append(
                MirrorNode(
                    metadata: ObjectMeta(
                        name: "embedded.\(name)",
                        labels: [LabelKey.mirror: "embedded", LabelKey.node: name],
                        ownerReferences: [world.snapshot.mirrors[0].controllerReference()]
                    ),
                    spec: MirrorNodeSpec(
                        mirrorName: "embedded",
                        nodeName: name,
                        nodeUID: node.metadata.uid ?? "",
                        provider: .rke2,
                        role: .server,
                        desired: revisions[name] == nil ? nil : .init(server: setting),
                        revision: revisions[name]
                    ),
                    status: MirrorNodeStatus(agent: .init(phase: .applied, revision: revisions[name], version: "0.1.0"))
                )
            )
        }
        #expect(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions.isEmpty)
        #expect(
            MirrorNodePlanning.revision(after: nil, .init(server: ServerSetting(action: .clear))) == "1-dfai4jssf7ol6"
        )
    }
}
