import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("What is printed of a plan is what is sent")
struct SentWritesTests {
    @Test("Random fleets of servers, through their rollouts, with seeds that fall ill", arguments: 0..<12)
    func ring(_ block: Int) async throws {
        var sent = SentWrites()
        for seed in UInt64(block * 10)..<UInt64(block * 10 + 10) {
            var dice = Dice(seed: seed)
            var fleet = RandomFleet(&dice)
            for index in fleet.nodes.indices where fleet.nodes[index].role == .server {
                fleet.nodes[index].labels["p2p.\(fleet.nodes[index].program).cattle.io/enabled"] = "true"
            }
            var world = World(Fixture.snapshot(fleet.mirror, fleet.nodes))
            (world.silent, world.old) = (fleet.silent, fleet.old)
            world.snapshot.mirrors[0].metadata.resourceVersion = "1"
            for index in world.snapshot.nodes.indices { world.snapshot.nodes[index].metadata.resourceVersion = "1" }
            for number in 0..<30 {
                if number % 5 == 3 { world.press(&dice) }
                world.observeSeeds()
                guard let plan = Planner.plan(mirror: fleet.mirror.metadata.name, world.snapshot) else { break }
                try await sent.check(plan, world.snapshot)
                world.carryOut(plan)
                _ = world.runAgents(&dice)
                world.snapshot.now = world.snapshot.now + dice.pick([5, 30, 130])
            }
        }
        for purpose in ["applyMirrorNode", "acquireDisruption", "approve", "releaseDisruption", "recordSet"] {
            #expect(sent.counts[purpose] ?? 0 > 0, "\(purpose) in \(sent.counts)")
        }
        for purpose in ["recordSeed", "withdrawSeed", "publishSeed"] {
            #expect(sent.counts[purpose] ?? 0 > 0, "\(purpose) in \(sent.counts)")
        }
    }

    @Test("The fleets whose rollouts are written down", arguments: GoldenCase.all)
    func golden(_ golden: GoldenCase) async throws {
        var sent = SentWrites()
        var dice = Dice(seed: 1)
        var world = World(Fixture.snapshot(Fixture.mirror("embedded", golden.change), golden.nodes))
        world.snapshot.mirrors[0].metadata.resourceVersion = "1"
        for _ in 0..<80 {
            guard let plan = Planner.plan(mirror: "embedded", world.snapshot) else { break }
            try await sent.check(plan, world.snapshot)
            world.carryOut(plan)
            let acted = world.runAgents(&dice)
            let wait = acted || !plan.isEmpty ? 5 : plan.nextDeadline.map { $0 - world.snapshot.now } ?? 5
            world.snapshot.now = world.snapshot.now + wait
        }
        #expect(sent.counts["applyMirrorNode"] ?? 0 > 0)
    }

    @Test("An installation: made, changed, with peers that fall ill, taken away")
    func installation() async throws {
        var sent = SentWrites()
        var world = SpegelWorld(nodes: 6)
        world.history = []
        world.pass(40)
        world.install.version = "v0.7.3"
        world.pass(120)
        world.snapshot.nodes[5].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        world.pass(20)
        world.snapshot.nodes[5].status?.conditions?.removeLast()
        world.pass(200)
        world.snapshot.mirrors[0].metadata.deletionTimestamp = world.snapshot.now
        world.pass(90)
        for (plan, snapshot) in world.history ?? [] { try await sent.check(plan, snapshot) }
        let purposes = [
            "setFinalizers", "applyObject", "replacePod", "deleteObject", "applyMirrorNode", "recordSet", "recordSeed",
            "withdrawSeed", "publishSeed",
        ]
        for purpose in purposes { #expect(sent.counts[purpose] ?? 0 > 0, "\(purpose) in \(sent.counts)") }
    }

    @Test("A release of Dragonfly, with a seed that fills up, is shut in, restarted and let in again")
    func dragonfly() async throws {
        var sent = SentWrites()
        var world = DragonflyWorld { $0.dragonfly = .init(recovery: .restart) }
        world.history = []
        world.pass(60)
        world.disks["dragonfly-seed-client-1"] = 91
        world.pass(700)
        for (plan, snapshot) in world.history ?? [] { try await sent.check(plan, snapshot) }
        let purposes = ["recordSet", "withdrawSeed", "forgetHost", "recordCall", "replacePod", "publishSeed"]
        for purpose in purposes { #expect(sent.counts[purpose] ?? 0 > 0, "\(purpose) in \(sent.counts)") }
    }

    @Test("A release that is adopted and given back")
    func adoption() async throws {
        var sent = SentWrites()
        var world = AdoptionTests.world(takesOver: true)
        world.history = []
        world.pass(30)
        world.mirror.spec.spegel?.adopt?.takeOverBootstrap = false
        world.pass(10)
        for (plan, snapshot) in world.history ?? [] { try await sent.check(plan, snapshot) }
        for purpose in ["setFinalizers", "labelPod", "changeObject"] {
            #expect(sent.counts[purpose] ?? 0 > 0, "\(purpose) in \(sent.counts)")
        }
    }
}

extension World {
    /// Nobody probes and announces here: only what the API server shows is known.
    fileprivate mutating func observeSeeds() {
        for mirror in snapshot.mirrors {
            snapshot.seeds[mirror.metadata.name] = SeedEvidence(
                now: MicroTimestamp(snapshot.now),
                trust: SignalTrust(since: Fixture.now + -3_600)
            )
        }
    }

    /// A disk fills, or all that were full are empty again.
    fileprivate mutating func press(_ dice: inout Dice) {
        let isOver = dice.roll(40)
        let index = dice.below(snapshot.nodes.count)
        for number in snapshot.nodes.indices where isOver || number == index {
            snapshot.nodes[number].status?.conditions?.removeAll { $0.type == "DiskPressure" }
            guard !isOver else { continue }
            snapshot.nodes[number].status?.conditions?.append(Node.Condition(type: "DiskPressure", status: "True"))
        }
    }
}
