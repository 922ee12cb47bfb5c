import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorAgent
import Synchronization
import Testing

/// A daemon that a test switches on and off, and its service.
private final class Daemon: ProbeTransport, ServiceManager {
    private let state = Mutex((answers: true, unit: UnitState(activeState: "active", invocationID: "i")))
    private let asked = Mutex<Set<String>>([])

    var addresses: Set<String> { asked.withLock { $0 } }

    func set(answers: Bool, unit: String) {
        state.withLock { $0 = (answers, UnitState(activeState: unit, invocationID: "i")) }
    }

    func probe(_ request: ProbeRequest) async -> ProbeOutcome {
        asked.withLock { _ = $0.insert(request.address) }
        let answers = state.withLock { $0.answers }
        return ProbeOutcome(fault: answers ? nil : .connection, address: request.address, message: "")
    }

    func show(_ unit: String) async throws(ServiceError) -> UnitState { state.withLock { $0.unit } }
    func restart(_ unit: String) async throws(ServiceError) {}
}

@Suite("A node announces the seeds that it is")
struct SeedAnnouncersTests {
    private let server = LeaseServer()
    private let daemon = Daemon()

    private func announcers(mayAsk: Bool = true) -> SeedAnnouncers {
        SeedAnnouncers(
            KubeAPI(server),
            probes: daemon,
            services: mayAsk ? daemon : nil,
            time: MonotonicTime(ContinuousClock()),
            wallClock: WallClock.now,
            log: World.logger
        )
    }

    private static func seed(interval: Int = 1, host: String = "10.0.0.1") -> SeedAnnouncers.Seed {
        SeedAnnouncers.Seed(
            lease: SeedLease(mirror: "m", node: "n", namespace: Announcements.namespace, intervalSeconds: interval),
            unit: "rke2-server.service",
            probe: ProbeRequest(host: host, port: 5_001, check: .tcpConnect, timeout: .seconds(1))
        )
    }

    private func within(_ body: () -> Bool) async throws {
        let limit = ContinuousClock.now + .seconds(60)
        while !body() {
            try #require(ContinuousClock.now < limit, "it never came to this")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("It renews while the daemon answers; a daemon that crashed or hangs is not announced, and says no goodbye")
    func crash() async throws {
        let announcers = announcers()
        await announcers.announce(["m": Self.seed()], isAnySeed: true)
        try await within { server.writes >= 2 }
        #expect(server.lease?.spec?.holderIdentity == "n")
        #expect(server.lease?.metadata.namespace == "p2pmirror-node-lease")
        daemon.set(answers: false, unit: "activating")
        // One that is on its way may still arrive.
        try await Task.sleep(for: .milliseconds(300))
        let writes = server.writes
        try await Task.sleep(for: .milliseconds(1_500))
        #expect(server.writes == writes)
        #expect(server.lease.flatMap { Announcements.goodbye($0) } == nil)
        await announcers.stop()
    }

    @Test("A daemon that was stopped in good order says goodbye at once, and is back when it answers")
    func goodbye() async throws {
        let announcers = announcers()
        await announcers.announce(["m": Self.seed()], isAnySeed: true)
        try await within { server.writes >= 1 }
        daemon.set(answers: false, unit: "inactive")
        try await within { server.lease.flatMap { Announcements.goodbye($0) } != nil }
        daemon.set(answers: true, unit: "active")
        try await within { server.lease?.spec?.holderIdentity == "n" }
        await announcers.stop()
        #expect(server.lease?.spec?.holderIdentity == "n", "the agent's own end is no goodbye")
    }

    @Test("Where the service manager may not be asked, nobody says goodbye")
    func unprivileged() async throws {
        let announcers = announcers(mayAsk: false)
        await announcers.announce(["m": Self.seed()], isAnySeed: true)
        try await within { server.writes >= 1 }
        daemon.set(answers: false, unit: "inactive")
        try await Task.sleep(for: .milliseconds(1_200))
        #expect(server.lease.flatMap { Announcements.goodbye($0) } == nil)
        await announcers.stop()
    }

    @Test("Another interval or address is taken over, and what is no seed any more is not renewed")
    func changes() async throws {
        let announcers = announcers()
        await announcers.announce(["m": Self.seed()], isAnySeed: true)
        try await within { server.lease?.spec?.leaseDurationSeconds == 2 }
        await announcers.announce(["m": Self.seed(interval: 2, host: "10.0.0.2")], isAnySeed: true)
        try await within { server.lease?.spec?.leaseDurationSeconds == 4 }
        #expect(daemon.addresses == ["tcp://10.0.0.1:5001", "tcp://10.0.0.2:5001"])
        await announcers.announce([:], isAnySeed: false)
        let writes = server.writes
        try await Task.sleep(for: .milliseconds(2_200))
        #expect(server.writes == writes)
        await announcers.stop()
        await announcers.announce(["m": Self.seed()], isAnySeed: true)
        #expect(await announcers.seeds.isEmpty, "it has ended for good")
    }

    @Test("A pass announces what the MirrorNodes say, at the address of the Node, and stops where they say no more")
    func passes() async throws {
        let world = try World(approved: false)
        let (agent, _) = world.agent(probes: daemon)
        _ = await world.run(agent)
        #expect(await agent.announcers.seeds.isEmpty)
        #expect(await !agent.announcers.isAnySeed)
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.announceIntervalSeconds = 3_600 }
        _ = await world.run(agent)
        let seed = try #require(await agent.announcers.seeds[World.mirror])
        #expect(seed.lease.intervalSeconds == 3_600)
        #expect(seed.lease.namespace == Announcements.namespace)
        #expect(seed.lease.owner?.kind == "MirrorNode")
        #expect(seed.lease.owner?.blockOwnerDeletion == nil, "that would need a permission of its own")
        #expect(seed.unit == "rke2-server.service")
        #expect(seed.probe.address == "tcp://10.0.0.1:5001")
        #expect(await agent.announcers.isAnySeed)
        world.server.setReachable(false)
        _ = await world.run(agent)
        #expect(await agent.announcers.seeds.count == 1, "an API server that is away says nothing")
        world.server.setReachable(true)
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.announceIntervalSeconds = nil }
        _ = await world.run(agent)
        #expect(await agent.announcers.seeds.isEmpty)
        await agent.announcers.stop()
    }
}
