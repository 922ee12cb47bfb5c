import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("What a mirror that is held, refused, going or gone leaves behind")
struct HoldTests {
    /// A ring of three in which server-1 is approved.
    private static func approved() throws -> World {
        var world = World(Fixture.snapshot(Fixture.mirror(), Fixture.servers([3, 1, 2])))
        for _ in 0..<8 where !world.snapshot.mirrorNodes.contains(where: { $0.spec.approval != nil }) {
            world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
            for index in world.snapshot.mirrorNodes.indices where world.snapshot.mirrorNodes[index].status == nil {
                let agent = MirrorNodeStatus.Agent(phase: .idle, registriesConfigured: true, version: "test")
                world.snapshot.mirrorNodes[index].status = MirrorNodeStatus(agent: agent)
            }
            world.snapshot.now = world.snapshot.now + 5
        }
        try #require(world.snapshot.mirrorNodes[0].spec.approval != nil)
        return world
    }

    private static func names(_ actions: [Write]) -> [String] {
        actions.map { action in
            switch action.purpose {
            case .withdrawApproval: "withdraw"
            case .releaseDisruption: "release"
            default: action.sentence
            }
        }
    }

    enum Hold: CaseIterable { case paused, conflict, invalid, deleting }

    private static func set(_ hold: Hold, on world: inout World) {
        switch hold {
        case .paused: world.snapshot.mirrors[0].spec.pauseRequests = ["upgrade"]
        case .deleting: world.snapshot.mirrors[0].metadata.deletionTimestamp = world.snapshot.now
        case .invalid: world.snapshot.mirrors[0].spec.pauseRequests = ["", ""]
        case .conflict:
            var older = Fixture.mirror("older")
            older.metadata.creationTimestamp = Timestamp(seconds: 1_600_000_000)
            world.snapshot.mirrors.append(older)
        }
    }

    @Test("an open approval is taken back, then its Lease, and then nothing is done", arguments: Hold.allCases)
    func takesBack(_ hold: Hold) throws {
        var world = try Self.approved()
        Self.set(hold, on: &world)
        var told: [[String]] = []
        for _ in 0..<3 {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            told.append(Self.names(plan.actions))
            world.carryOut(plan)
        }
        #expect(told == [["withdraw"], ["release"], []])
    }

    @Test("a claimed step is left alone", arguments: Hold.allCases)
    func leavesClaims(_ hold: Hold) throws {
        var world = try Self.approved()
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        try #require(world.snapshot.mirrorNodes[0].isClaimed)
        Self.set(hold, on: &world)
        #expect(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions.isEmpty)
    }

    @Test("a step that its agent has ended gives its Lease back once the node is well", arguments: Hold.allCases)
    func ended(_ hold: Hold) throws {
        var world = try Self.approved()
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        _ = world.runAgents(&dice)
        try #require(world.snapshot.mirrorNodes[0].status?.agent?.phase == .applied)
        let restarted = try #require(world.snapshot.mirrorNodes[0].status?.agent?.restartedAt)
        Self.set(hold, on: &world)
        let waiting = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(waiting.actions.isEmpty)
        #expect(waiting.nextDeadline == restarted + 30)
        world.snapshot.now = restarted + 30
        world.set("server-1", isReady: false)
        #expect(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions.isEmpty)
        world.set("server-1", isReady: true)
        #expect(Self.names(try #require(Planner.plan(mirror: "embedded", world.snapshot)).actions) == ["release"])
    }

    @Test(
        "an API server whose clock is ahead delays no step: the Lease names its MirrorNode",
        arguments: [true, false]
    )
    func skewedClock(isNamed: Bool) throws {
        var world = try Self.approved()
        for index in world.snapshot.mirrorNodes.indices {
            world.snapshot.mirrorNodes[index].metadata.creationTimestamp = world.snapshot.now + 3_600
        }
        if !isNamed { world.snapshot.disruption?.metadata.annotations[AnnotationKey.holderRecord] = nil }
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        let reason = plan.status.conditions.first(ofType: "Ready")?.reason
        // A Lease of an older release is judged by the two clocks still.
        #expect(reason == (isNamed ? "WaitingForClaim" : "DisruptionHeld"))
    }

    @Test("what can't be read as a mirror takes its approval back too, unless information is stale")
    func unreadable() throws {
        var world = try Self.approved()
        world.snapshot.mirrors = []
        world.snapshot.unreadableMirrors = ["embedded"]
        #expect(Self.names(Planner.takingBack(mirror: "embedded", world.snapshot)) == ["withdraw"])
        world.snapshot.staleness = "nothing was heard"
        #expect(Planner.takingBack(mirror: "embedded", world.snapshot).isEmpty)
    }

    @Test("until the approval is seen to be gone, Paused says that it is open")
    func saysSo() throws {
        var world = try Self.approved()
        Self.set(.paused, on: &world)
        let expires = try #require(world.snapshot.mirrorNodes[0].spec.approval?.expires)
        for isOpen in [true, false] {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            for type in ["Paused", "Ready"] {
                let message = plan.status.conditions.first(ofType: type)?.message ?? ""
                #expect(message.contains("is open until \(expires)") == isOpen, "\(message)")
            }
            world.carryOut(plan)
        }
    }

    /// The mirror was deleted in mid-restart and the same made under another name; its MirrorNodes are collected.
    private static func renamed() throws -> World {
        var world = try approved()
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        world.snapshot.mirrors = [Fixture.mirror("renamed")]
        world.snapshot.mirrorNodes = []
        world.set("server-1", isReady: true)
        return world
    }

    private static func releases(_ world: World) throws -> Bool {
        names(try #require(Planner.plan(mirror: "renamed", world.snapshot)).actions).contains("release")
    }

    @Test("the Lease of a mirror that is gone stays until a restart could be over and the node is well")
    func orphan() throws {
        var world = try Self.renamed()
        let taken = try #require(world.snapshot.disruption?.spec?.acquireTime?.timestamp)
        #expect(try !Self.releases(world))
        world.snapshot.now = taken + 719
        #expect(try !Self.releases(world))
        let waiting = try #require(Planner.plan(mirror: "renamed", world.snapshot))
        #expect(waiting.nextDeadline == taken + 720)
        world.snapshot.now = taken + 720
        #expect(try Self.releases(world))
        world.set("server-1", isReady: false)
        #expect(try !Self.releases(world))
        world.snapshot.nodes.removeAll { $0.metadata.name == "server-1" }
        #expect(try Self.releases(world))
    }

    @Test("a Lease without a deadline counts with the longest one", arguments: [nil, "0", "x", "99999"] as [String?])
    func longestDeadline(text: String?) throws {
        var world = try Self.renamed()
        let taken = try #require(world.snapshot.disruption?.spec?.acquireTime?.timestamp)
        world.snapshot.disruption?.metadata.annotations[AnnotationKey.holderDeadline] = text
        world.snapshot.now = taken + 7_319
        #expect(try !Self.releases(world))
        world.snapshot.now = taken + 7_320
        #expect(try Self.releases(world))
    }

    @Test("a mirror that can't be read is no mirror that is gone")
    func unreadableHolder() throws {
        var world = try Self.renamed()
        world.snapshot.unreadableMirrors = ["embedded"]
        world.snapshot.now = world.snapshot.now + 100_000
        #expect(try !Self.releases(world))
    }

    @Test("past its deadline a step says what is missing, and the way out")
    func overdue() throws {
        var world = try Self.approved()
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        _ = world.runAgents(&dice)
        world.set("server-1", isReady: false)
        world.snapshot.now = world.snapshot.now + 600
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        let message = try #require(plan.status.conditions.first(ofType: "Stalled")).message
        #expect(message.contains("it is not Ready yet"))
        #expect(message.contains("kubectl delete mirrornode embedded.server-1"))
    }
}
