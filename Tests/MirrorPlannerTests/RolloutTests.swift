import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A step begins only where it is safe, and ends only when it is proven")
struct RolloutTests {
    /// One obstacle in a ring of three, and the word for it.
    struct Obstacle: CustomTestStringConvertible {
        var name: String
        var reason: String
        var isStalled = false
        var server = 2
        var change: @Sendable (inout TestNode) -> Void = { _ in }
        var spec: @Sendable (inout P2PMirrorSpec) -> Void = { _ in }
        var agent: @Sendable (inout MirrorNodeStatus.Agent) -> Void = { _ in }
        var testDescription: String { name }
    }

    static let obstacles = [
        Obstacle(name: "another server is not Ready", reason: "OtherServerNotReady", change: { $0.isReady = false }),
        Obstacle(name: "another server is cordoned", reason: "ServerCordoned", change: { $0.isCordoned = true }),
        Obstacle(name: "another server is being deleted", reason: "ServerDeleting", change: { $0.isDeleting = true }),
        Obstacle(
            name: "an unselected server is not Ready",
            reason: "OtherServerNotReady",
            server: 4,
            change: { $0.isReady = false }
        ),
        Obstacle(name: "Manual", reason: "WaitingForApproval", spec: { $0.rollout.approval = .manual }),
        Obstacle(
            name: "changes of somebody else wait on the disk",
            reason: "PendingChanges",
            agent: { $0.pendingChanges = ["server", "node-label"] }
        ),
        Obstacle(
            name: "the version fails to start",
            reason: "VersionFailsToStart",
            isStalled: true,
            server: 1,
            change: { $0.version = "v1.34.3+rke2r1" },
            agent: { $0.registriesConfigured = false }
        ),
    ]

    private static func world(_ obstacle: Obstacle, isReporting: Bool = true) -> World {
        var nodes = Fixture.servers([3, 1, 2, nil])
        nodes[3].labels["fleet"] = "other"
        obstacle.change(&nodes[obstacle.server - 1])
        let mirror = Fixture.mirror { spec in
            spec.selector = LabelSelector(matchExpressions: [.init(key: "fleet", operator: .doesNotExist)])
            obstacle.spec(&spec)
        }
        var world = World(Fixture.snapshot(mirror, nodes))
        for _ in 0..<2 {
            if let plan = Planner.plan(mirror: "embedded", world.snapshot) { world.carryOut(plan) }
            for index in world.snapshot.mirrorNodes.indices where isReporting {
                var agent = MirrorNodeStatus.Agent(phase: .idle, registriesConfigured: true, version: "test")
                obstacle.agent(&agent)
                world.snapshot.mirrorNodes[index].status = MirrorNodeStatus(agent: agent)
            }
        }
        return world
    }

    @Test("A step waits, and says why", arguments: obstacles)
    func waits(_ obstacle: Obstacle) throws {
        let world = Self.world(obstacle)
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(plan.actions.isEmpty)
        #expect(plan.status.conditions.first(ofType: "Ready")?.reason == obstacle.reason)
        #expect(plan.status.conditions.first(ofType: "Stalled")?.status == (obstacle.isStalled ? .true : .false))
        #expect(plan.status.conditions.count == MirrorConditionType.types(of: .rke2).count)
    }

    @Test("A manual approval is the revision, and nothing else", arguments: [true, false])
    func manual(isRight: Bool) throws {
        var world = Self.world(Obstacle(name: "", reason: "", spec: { $0.rollout.approval = .manual }))
        let index = try #require(world.mirrorNodeIndex("embedded.server-1"))
        let revision = try #require(world.snapshot.mirrorNodes[index].spec.revision)
        world.snapshot.mirrorNodes[index].metadata.annotations[AnnotationKey.approve] = isRight ? revision : "1-other"
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(plan.actions.isEmpty != isRight)
    }

    /// A world in which server-1 holds the Lease and its approval.
    private static func approved() throws -> World {
        var world = Self.world(Obstacle(name: "", reason: ""))
        for _ in 0..<3 {
            world.snapshot.now = world.snapshot.now + 5
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            world.carryOut(plan)
        }
        try #require(world.snapshot.mirrorNodes[0].spec.approval != nil)
        return world
    }

    @Test("An approval that nobody claims is taken back, then the Lease is given back, then both are given anew")
    func expiry() throws {
        var world = try Self.approved()
        var told: [String] = []
        world.snapshot.now = world.snapshot.now + 120
        for _ in 0..<4 {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            let reason = plan.actions.first?.verdict.reason.rawValue ?? ""
            switch plan.actions.first?.purpose {
            case .withdrawApproval?: told.append("withdraw \(reason)")
            case .releaseDisruption?: told.append("release \(reason)")
            case .acquireDisruption?: told.append("acquire")
            case .approve(let approval)?: told.append("approve epoch \(approval.epoch)")
            default: told.append("nothing")
            }
            world.carryOut(plan)
        }
        #expect(told == ["withdraw ApprovalExpired", "release ApprovalExpired", "acquire", "approve epoch 2"])
    }

    @Test("An unclaimed approval is taken back when a guard fails", arguments: [true, false])
    func guardFails(isCordon: Bool) throws {
        var world = try Self.approved()
        if isCordon { world.set("server-2", isCordoned: true) } else { world.set("server-3", isReady: false) }
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        guard plan.actions.first?.purpose == .withdrawApproval else {
            Issue.record("\(plan.actions)")
            return
        }
    }

    @Test("A claimed step is left to its agent, whatever happens, until its deadline makes it known")
    func claimed() throws {
        var world = try Self.approved()
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        world.set("server-2", isReady: false)
        let waiting = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(waiting.actions.isEmpty)
        #expect(waiting.nextDeadline == world.snapshot.now + 600)
        world.snapshot.now = world.snapshot.now + 600
        let late = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(late.actions.isEmpty)
        #expect(late.status.conditions.first(ofType: "Stalled")?.reason == "ProgressDeadlineExceeded")
    }

    @Test("A break of the health begins the proof anew")
    func proof() throws {
        var world = try Self.approved()
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        _ = world.runAgents(&dice)
        var starts: [Timestamp?] = []
        for isReady in [true, false, true] {
            world.snapshot.now = world.snapshot.now + 10
            world.set("server-1", isReady: isReady)
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            starts.append(plan.status.rollout?.provenSince)
            world.carryOut(plan)
        }
        #expect(starts == [world.snapshot.now + -20, nil, world.snapshot.now])
        world.snapshot.now = world.snapshot.now + 29
        #expect(Planner.plan(mirror: "embedded", world.snapshot)?.actions.isEmpty == true)
        world.snapshot.now = world.snapshot.now + 1
        #expect(Planner.plan(mirror: "embedded", world.snapshot)?.actions.count == 1)
    }

    @Test("A Lease of somebody else is respected; one of a mirror that is gone is given back once it is over")
    func foreign() throws {
        var world = Self.world(Obstacle(name: "", reason: ""))
        world.snapshot.disruption = Lease(
            metadata: ObjectMeta(name: DisruptionLease.name),
            spec: Lease.Spec(holderIdentity: "kured", leaseTransitions: 4)
        )
        let waiting = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(waiting.actions.isEmpty)
        #expect(waiting.status.conditions.first(ofType: "Ready")?.reason == "DisruptionHeld")
        world.snapshot.disruption?.metadata.annotations = [
            AnnotationKey.holderMirror: "gone", AnnotationKey.holderNode: "server-2",
            AnnotationKey.holderRevision: "1-x", AnnotationKey.holderDeadline: "60",
        ]
        world.snapshot.disruption?.spec?.acquireTime = MicroTimestamp(world.snapshot.now + -180)
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        guard plan.actions.first?.purpose == .releaseDisruption else {
            Issue.record("\(plan.actions)")
            return
        }
    }

    @Test("A MirrorNode that was deleted in mid-step keeps the Lease until a restart could be over")
    func deletedRecord() throws {
        var world = try Self.approved()
        world.snapshot.mirrorNodes.removeFirst()
        world.snapshot.now = world.snapshot.now + 5
        for _ in 0..<2 {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            #expect(!plan.actions.contains { $0.purpose == .releaseDisruption })
            world.carryOut(plan)
            world.snapshot.now = world.snapshot.now + 5
        }
        world.snapshot.now = world.snapshot.now + 720
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(plan.actions.contains { $0.purpose == .releaseDisruption })
    }

    @Test("A root that is cordoned or away stays root", arguments: [true, false])
    func sticky(isCordon: Bool) throws {
        var world = Self.world(Obstacle(name: "", reason: ""))
        if isCordon { world.set("server-1", isCordoned: true) } else { world.set("server-1", isReady: false) }
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(plan.status.topology?.root == "server-1")
        #expect(!plan.actions.contains { $0.purpose == .applyMirrorNode })
    }

    @Test("A server that somebody changed after us is not restarted again for the same revision")
    func drift() throws {
        var world = try Self.approved()
        var dice = Dice(seed: 1)
        for _ in 0..<60 {
            let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
            world.carryOut(plan)
            _ = world.runAgents(&dice)
            world.snapshot.now = world.snapshot.now + 30
        }
        let index = try #require(world.nodeIndex("server-3"))
        world.snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] =
            TestNode.server("x", Fixture.url(2)).arguments
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(plan.actions.isEmpty)
        #expect(plan.status.conditions.first(ofType: "Stalled")?.reason == "ConfigurationDrifted")
    }
}
