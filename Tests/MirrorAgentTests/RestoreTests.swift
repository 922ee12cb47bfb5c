import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What is left on a node once its mirror is gone")
struct RestoreTests {
    private static let journal = AgentPath.journal(mirror: World.mirror)
    private static let mirrorKey = ObjectKey(name: World.mirror)

    /// A node with both files of ours in force.
    private static func applied(_ policy: DeletionPolicy? = .restore) async throws -> World {
        let world = try World(registries: ["quay.io"])
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.deletionPolicy = policy }
        await world.settle()
        #expect(try world.status?.phase == .applied)
        let journal = try Journal(Array(try #require(world.disk.contents[journal]).utf8))
        #expect((journal.bequest != nil) == (policy == .restore))
        return world
    }

    private static func isRestored(_ world: World) -> Bool {
        world.disk.contents[World.dropIn] == nil && world.disk.contents[World.registriesFile] == World.registries
            && !world.disk.contents.keys.contains { $0.hasPrefix(AgentPath.state + "/") }
    }

    /// Looks every two minutes, with one process.
    private static func pass(_ world: World, _ seconds: ClosedRange<Int>, _ agent: NodeAgent) async {
        for second in stride(from: seconds.lowerBound, through: seconds.upperBound, by: 120) {
            _ = await world.run(agent, now: World.now + second)
        }
    }

    struct Removal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var remove: @Sendable (World) throws -> Void
    }

    private static let mirrorGone: @Sendable (World) throws -> Void = { world in
        world.server.delete(P2PMirror.self, mirrorKey)
        world.server.delete(MirrorNode.self, World.mirrorNode)
    }

    @Test(
        "with Restore our file and our keys go, without a restart, once that the mirror is gone is proven",
        arguments: [
            Removal(testDescription: "the mirror first", remove: mirrorGone),
            Removal(testDescription: "the CRDs first") { world in
                try mirrorGone(world)
                world.server.setServesMirrors(false)
            },
            Removal(testDescription: "the mirror, while the node is drained") { world in
                try mirrorGone(world)
                try world.server.change(Node.self, ObjectKey(name: World.node)) {
                    $0.spec = Node.Spec(unschedulable: true)
                    $0.status?.conditions?[0].status = "Unknown"
                }
            },
            Removal(testDescription: "the mirror and the Node") { world in
                try mirrorGone(world)
                world.server.delete(Node.self, ObjectKey(name: World.node))
            },
            Removal(testDescription: "the mirror, and another one of its name leaves the node out") { world in
                world.server.delete(MirrorNode.self, World.mirrorNode)
                try world.server.put(World.makeMirror(uid: "uid-other"))
            },
        ]
    )
    func restores(_ removal: Removal) async throws {
        let world = try await Self.applied()
        try removal.remove(world)
        let (agent, process) = world.agent()
        await Self.pass(world, 0...240, agent)
        #expect(world.disk.contents[World.dropIn] != nil)
        await Self.pass(world, 360...360, agent)
        #expect(Self.isRestored(world))
        #expect(world.service.restarts == 1)
        world.disk.end(process: process)
        let (reads, contents) = (world.server.reads.count, world.disk.contents)
        await world.settle(now: World.now + 480)
        #expect(world.disk.contents == contents && world.server.reads.count == reads + 1)
        print("\(removal.testDescription): files restored at 360 s, \(world.service.restarts - 1) restarts")
    }

    @Test(
        "what does not prove it leaves everything",
        arguments: [
            Removal(testDescription: "only the MirrorNode is deleted, to try once more") { world in
                world.server.delete(MirrorNode.self, World.mirrorNode)
            },
            Removal(testDescription: "the API server is away") { world in
                try mirrorGone(world)
                world.server.setReachable(false)
            },
            Removal(testDescription: "a server that has not read its definitions yet") { world in
                try mirrorGone(world)
                world.server.setServesMirrors(false)
                try world.server.put(Definition(metadata: ObjectMeta(name: "p2pmirrors.p2pmirror.io")))
            },
            Removal(testDescription: "another mirror of its name that its operator has not seen yet") { world in
                world.server.delete(MirrorNode.self, World.mirrorNode)
                try world.server.put(World.makeMirror(uid: "uid-other", isPlanned: false))
            },
        ]
    )
    func leaves(_ removal: Removal) async throws {
        let world = try await Self.applied()
        try removal.remove(world)
        let before = world.disk.contents
        let (agent, _) = world.agent()
        await Self.pass(world, 0...1_200, agent)
        #expect(world.disk.contents == before && world.service.restarts == 1)
    }

    @Test("a mirror that is there again in between begins the wait anew, and a new process does so, too")
    func waitsAnew() async throws {
        let world = try await Self.applied()
        try Self.mirrorGone(world)
        let (agent, process) = world.agent()
        await Self.pass(world, 0...240, agent)
        try world.server.put(World.makeMirror())
        await Self.pass(world, 250...250, agent)
        world.server.delete(P2PMirror.self, Self.mirrorKey)
        await Self.pass(world, 360...600, agent)
        world.disk.end(process: process)
        let (next, _) = world.agent()
        await Self.pass(world, 720...960, next)
        #expect(world.disk.contents[World.dropIn] != nil)
        await Self.pass(world, 1_080...1_080, next)
        #expect(Self.isRestored(world))
    }

    @Test("an outage between the two proofs is no reason to begin anew")
    func survivesAnOutage() async throws {
        let world = try await Self.applied()
        try Self.mirrorGone(world)
        let (agent, _) = world.agent()
        await Self.pass(world, 0...0, agent)
        world.server.setReachable(false)
        await Self.pass(world, 120...600, agent)
        #expect(world.disk.contents[World.dropIn] != nil)
        world.server.setReachable(true)
        await Self.pass(world, 700...700, agent)
        #expect(Self.isRestored(world))
    }

    @Test("with Retain, or with a policy that became Retain again, everything stays", arguments: [true, false])
    func retains(hadRestore: Bool) async throws {
        let world = try await Self.applied(hadRestore ? .restore : nil)
        if hadRestore {
            try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.deletionPolicy = .retain }
            await world.settle()
        }
        let before = world.disk.contents
        #expect(try Journal(Array(try #require(before[Self.journal]).utf8)).bequest == nil)
        try Self.mirrorGone(world)
        let (agent, _) = world.agent()
        await Self.pass(world, 0...1_200, agent)
        #expect(world.disk.contents == before)
    }

    @Test("a mirror that became Retain after the node had left its selector is heard, too")
    func hearsTheMirrorItself() async throws {
        let world = try await Self.applied()
        world.server.delete(MirrorNode.self, World.mirrorNode)
        let (agent, _) = world.agent()
        await Self.pass(world, 0...0, agent)
        #expect(try Journal(Array((world.disk.contents[Self.journal] ?? "").utf8)).bequest != nil)
        try world.server.change(P2PMirror.self, Self.mirrorKey) { $0.spec.deletionPolicy = .retain }
        await Self.pass(world, 120...120, agent)
        try Self.mirrorGone(world)
        await Self.pass(world, 240...1_200, agent)
        #expect(world.disk.contents[World.dropIn] != nil)
    }

    @Test("with the agent gone first its files stay, and one that comes back later puts them in order")
    func agentFirst() async throws {
        let world = try await Self.applied()
        let before = world.disk.contents
        try Self.mirrorGone(world)
        #expect(world.disk.contents == before)
        let (agent, _) = world.agent()
        await Self.pass(world, 90_000...90_480, agent)
        #expect(Self.isRestored(world) && world.service.restarts == 1)
    }

    @Test("what somebody changed since stays, and so does what was there before us")
    func leavesForeignEdits() async throws {
        let world = try await Self.applied()
        world.disk.put(World.dropIn, "server: https://10.9.9.9:9345\n")
        let edited = "mirrors:\n  docker.io:\n  quay.io: {endpoint: [\"https://mine\"]}\n"
        world.disk.put(World.registriesFile, edited)
        try Self.mirrorGone(world)
        let (agent, _) = world.agent()
        await Self.pass(world, 0...480, agent)
        #expect(world.disk.contents[World.dropIn] == "server: https://10.9.9.9:9345\n")
        #expect(world.disk.contents[World.registriesFile] == edited)
        #expect(world.disk.contents[Self.journal] == nil)
    }

    @Test("a step that is under way is ended first")
    func endsAStepFirst() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.deletionPolicy = .restore }
        await world.settle()
        try Self.mirrorGone(world)
        await world.settle(now: World.now + 601)
        #expect(world.disk.contents[World.dropIn] == nil && world.service.unit.isActive)
        #expect(world.service.restarts == 2)
    }

    @Test("a node at rest under Restore costs nothing")
    func restsQuietly() async throws {
        let world = try await Self.applied()
        let (writes, contents) = (world.server.writes.count, world.disk.contents)
        await world.settle(now: World.now + 60)
        #expect(world.server.writes.count == writes && world.disk.contents == contents)
    }

    @Test(
        "a process that ends before, between or after any two effects is finished by the next one to the same end",
        arguments: StepTests.Ending.allCases
    )
    func survives(ending: StepTests.Ending) async throws {
        let whole = Lifetime()
        let reference = try await Self.applied()
        try Self.mirrorGone(reference)
        let (agent, _) = reference.agent(whole)
        await Self.pass(reference, 0...480, agent)
        #expect(Self.isRestored(reference))
        for point in 1...whole.effects + 1 {
            let world = try await Self.applied()
            try Self.mirrorGone(world)
            let (agent, process) = world.agent(Lifetime(endingAt: point))
            await Self.pass(world, 0...480, agent)
            world.disk.end(process: process)
            if ending == .powerCut { world.disk.cutPower() }
            let (next, _) = world.agent()
            await Self.pass(world, 600...1_080, next)
            #expect(Self.isRestored(world), "ended at point \(point)")
            #expect(world.disk.contents == reference.disk.contents, "ended at point \(point)")
            #expect(world.service.restarts == 1)
        }
        print("restore, \(ending): \(whole.effects + 1) points converged")
    }
}

/// As much of a CustomResourceDefinition as there needs to be.
private struct Definition: KubeObject {
    static let resource = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition",
        namespaced: false
    )

    var metadata: ObjectMeta
}
