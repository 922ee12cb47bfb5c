import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("The agent announces its seed")
struct SeedOnItsNodeTests {
    private static let lease = ObjectKey(namespace: Announcements.namespace, name: World.mirrorNode.name)

    private let world: World
    private let clock = HandClock()
    private let log = LogLines()

    init() throws {
        world = try World(approved: false)
        world.service.setUnit { $0.activeState = "active" }
        try setInterval(10)
    }

    private func setInterval(_ seconds: Int?) throws {
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.announceIntervalSeconds = seconds }
    }

    private var lease: Lease? { get throws { try world.server.get(Lease.self, Self.lease) } }
    private var writes: Int { world.server.writes.count { $0.contains("/leases") } }

    /// An agent that runs while the body does. A measured host is what makes it look every 30 s.
    private func running(mayRestart: Bool = true, _ body: () async throws -> Void) async throws {
        let (agent, process) = world.agent(
            mayRestart: mayRestart,
            measures: MadeUpHost(),
            clock: clock,
            log: log.logger
        )
        let clock = clock
        let loop = Task {
            await agent.run(
                clock: clock,
                now: { World.now + Int(clock.now.offset / .seconds(1)) },
                jitter: { 0.5 }
            )
        }
        do {
            try await body()
        } catch {
            loop.cancel()
            throw error
        }
        loop.cancel()
        await loop.value
        world.disk.end(process: process)
    }

    /// Lets time pass second by second; each time all of the agent that can sleep does: its loop and its announcers.
    private func pass(_ seconds: Int, announcers: Int = 1) async throws {
        for _ in 0..<seconds {
            try await clock.untilAsleep(1 + announcers)
            clock.advance(by: .seconds(1))
        }
    }

    @Test("while the unit is active its Lease is renewed, owned by the MirrorNode")
    func renews() async throws {
        try await running {
            try await pass(11)
            let first = try #require(try lease)
            #expect(first.metadata.ownerReferences.map(\.uid) == ["uid-mn"])
            #expect(first.metadata.ownerReferences.map(\.kind) == ["MirrorNode"])
            #expect(first.spec?.leaseDurationSeconds == 20 && first.spec?.holderIdentity == World.node)
            try await pass(100)
            #expect((10...14).contains(writes), "\(writes) writes")
            #expect(try lease?.spec?.renewTime.map { $0 > MicroTimestamp(World.now + 100) } == true)
        }
        #expect(log.all.allSatisfy { !$0.contains("announcement") })
    }

    @Test("a unit that crashed is not announced: the Lease ages and says no goodbye")
    func crash() async throws {
        try await running {
            try await pass(30)
            world.service.setUnit { ($0.activeState, $0.subState) = ("activating", "auto-restart") }
            try await pass(1)
            let before = try #require(try lease)
            try await pass(90)
            #expect(try lease == before)
            #expect(Announcements.goodbye(before) == nil)
            world.service.setUnit { ($0.activeState, $0.subState) = ("active", "running") }
            try await pass(11)
            #expect(try lease?.spec?.renewTime != before.spec?.renewTime)
        }
    }

    @Test("a service manager that can't be asked is no goodbye")
    func unreachableServiceManager() async throws {
        try await running {
            try await pass(30)
            world.service.setReachable(false)
            try await pass(1)
            let before = try #require(try lease)
            try await pass(60)
            #expect(try lease == before)
        }
    }

    @Test("a unit that was stopped says goodbye within seconds, and takes it back when it runs again")
    func goodbye() async throws {
        try await running {
            try await pass(30)
            world.service.setUnit { $0.activeState = "inactive" }
            try await pass(5)
            #expect(try lease.flatMap(Announcements.goodbye) == "rke2-server.service is stopped: inactive.")
            let said = writes
            try await pass(60)
            #expect(writes == said)
            world.service.setUnit { $0.activeState = "active" }
            try await pass(5)
            #expect(try lease.map { Announcements.goodbye($0) == nil } == true)
        }
    }

    @Test("the agent's own end is no goodbye, and its successor goes on with the same Lease")
    func agentRestart() async throws {
        try await running { try await pass(30) }
        let before = try #require(try lease)
        #expect(Announcements.goodbye(before) == nil && before.spec?.holderIdentity == World.node)
        try await running { try await pass(30) }
        let after = try #require(try lease)
        #expect(after.spec?.renewTime != before.spec?.renewTime && after.spec?.leaseTransitions == 0)
    }

    @Test("of a node that is no seed no Lease is read or written")
    func noSeed() async throws {
        try setInterval(nil)
        try await running { try await pass(200, announcers: 0) }
        #expect(try lease == nil)
        #expect((world.server.writes + world.server.reads).allSatisfy { !$0.contains("/leases") })
    }

    @Test("a node that is a seed no longer, or whose MirrorNode has gone, is not announced, without a goodbye")
    func ends() async throws {
        for end in ["field", "object"] {
            try setInterval(10)
            try await running {
                try await pass(29)
                try await clock.untilAsleep(2)
                if end == "field" {
                    try setInterval(nil)
                } else {
                    world.server.delete(MirrorNode.self, World.mirrorNode)
                }
                // The next look of the loop.
                while clock.sleepers != 1 {
                    clock.advance(by: .seconds(1))
                    try await Task.sleep(for: .milliseconds(20))
                }
                let before = try #require(try lease)
                #expect(Announcements.goodbye(before) == nil)
                try await pass(60, announcers: 0)
                #expect(try lease == before)
            }
        }
    }

    @Test("another interval is taken over")
    func intervalChanges() async throws {
        try await running {
            try await pass(30)
            try setInterval(20)
            try await pass(60)
            #expect(try lease?.spec?.leaseDurationSeconds == 40)
        }
    }

    @Test("without the permission to ask the service manager nothing is announced, and that is told once")
    func withoutPermission() async throws {
        try await running(mayRestart: false) { try await pass(100, announcers: 0) }
        #expect(try lease == nil)
        #expect(log.all.count { $0.contains("this seed is not announced") } == 1)
    }

    @Test("a Lease that can't be written is tried again, and that is told once")
    func refused() async throws {
        try await running {
            try await pass(20)
            world.server.setRefusesWrites(true)
            try await pass(60)
            #expect(log.all.count { $0.contains("the announcement was not written") } == 1)
            world.server.setRefusesWrites(false)
            let before = writes
            try await pass(15)
            #expect(writes > before)
        }
    }
}
