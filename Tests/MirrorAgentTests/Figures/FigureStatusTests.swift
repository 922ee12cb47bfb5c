import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What an agent reports of a seed's host")
struct FigureStatusTests {
    private let world: World
    private let host = ChangingHost()
    private let clock = HandClock()
    private let log = LogLines()

    init() throws {
        world = try World(approved: false)
        world.service.setUnit { $0.mainPID = 77 }
        try setSeed(true)
    }

    private func setSeed(_ isSeed: Bool) throws {
        try world.server.change(MirrorNode.self, World.mirrorNode) {
            $0.spec.announceIntervalSeconds = isSeed ? 30 : nil
        }
    }

    private func agent() -> NodeAgent {
        world.agent(measures: host, clock: clock, log: log.logger).agent
    }

    /// Looks again after so many seconds.
    private func look(_ agent: NodeAgent, after seconds: Int) async throws -> HostFigures? {
        clock.advance(by: .seconds(seconds))
        #expect(await world.run(agent, now: World.now + Int(clock.now.offset / .seconds(1))) == .later)
        return try world.status?.figures
    }

    private static var full: HostFigures {
        var figures = HostFigures()
        figures.diskUsedPercent = 88
        figures.inodesUsedPercent = 50
        figures.ioPressurePercent = 0
        figures.memoryAvailablePercent = 40
        figures.fileDescriptorsUsedPercent = 25
        figures.cleanUpBeginsAtPercent = 85
        figures.cleanUpEndsAtPercent = 80
        return figures
    }

    @Test("figures appear, with those that need a window once it has passed")
    func appear() async throws {
        let agent = agent()
        #expect(try await look(agent, after: 0) == Self.full)
        host.change { host in
            host.files["/proc/diskstats"] = " 8 1 sda1 401 0 0 0 202 0 0 0 0 30030 0\n"
            host.files["/proc/1/net/dev"] = "eth0: 1 4005 81 0 0 0 0 0 1 4005 81 0 0 0 0 0\n"
        }
        #expect(try await look(agent, after: 30) == Self.full)
        var figures = Self.full
        figures.diskBusyPercent = 50
        figures.diskOperationsPerSecond = 10
        figures.networkErrorPercent = 2
        #expect(try await look(agent, after: 30) == figures)
    }

    @Test("the status is written when a figure changed, and at no other time")
    func writesChangesOnly() async throws {
        let agent = agent()
        _ = try await look(agent, after: 0)
        let writes = world.server.writes.count
        for memory in [40, 39, 41, 40] {
            host.change { $0.files["/proc/meminfo"] = "MemTotal: 100 kB\nMemAvailable: \(memory) kB\n" }
            _ = try await look(agent, after: 30)
        }
        #expect(world.server.writes.count == writes + 1, "the network had too few packets: what counts is the disk's")
        host.change { $0.files["/proc/meminfo"] = "MemTotal: 100 kB\nMemAvailable: 9 kB\n" }
        #expect(try await look(agent, after: 30)?.memoryAvailablePercent == 9)
        #expect(world.server.writes.count == writes + 2)
    }

    @Test("a burst of passes measures once")
    func measuresOnce() async throws {
        let agent = agent()
        _ = try await look(agent, after: 0)
        host.change { $0.files["/proc/meminfo"] = "MemTotal: 100 kB\nMemAvailable: 9 kB\n" }
        #expect(try await look(agent, after: 14)?.memoryAvailablePercent == 40)
        #expect(try await look(agent, after: 1)?.memoryAvailablePercent == 9)
    }

    @Test("a node that is no seed has none, and those that it had go, each of them")
    func disappear() async throws {
        let agent = agent()
        #expect(try await look(agent, after: 0) != nil)
        host.change { $0 = MadeUpHost() }
        #expect(try await look(agent, after: 30)?.diskUsedPercent == nil)
        try setSeed(false)
        #expect(try await look(agent, after: 30) == nil)
        try setSeed(true)
        #expect(try await look(agent, after: 30) != nil)
        let (other, _) = world.agent(clock: clock)
        try setSeed(false)
        #expect(try await look(other, after: 30) == nil)
    }

    @Test("each figure that is not known any more is taken out of the status")
    func takesOut() async throws {
        var known = HostFigures()
        let all: [WritableKeyPath<HostFigures, Int?>] = [
            \.diskUsedPercent, \.inodesUsedPercent, \.ioPressurePercent, \.ioFullPressurePercent,
            \.memoryAvailablePercent, \.networkErrorPercent, \.fileDescriptorsUsedPercent, \.diskBusyPercent,
            \.diskOperationsPerSecond, \.cleanUpBeginsAtPercent, \.cleanUpEndsAtPercent,
        ]
        for path in all { known[keyPath: path] = 1 }
        try #require(Mirror(reflecting: known).children.count == all.count)
        let figures = known
        try world.server.change(MirrorNode.self, World.mirrorNode) { mirrorNode in
            mirrorNode.status = MirrorNodeStatus()
            mirrorNode.status?.agent = MirrorNodeStatus.Agent(phase: .idle, figures: figures, version: "test")
        }
        host.change { $0 = MadeUpHost() }
        world.disk.put(World.distribution.configFile, "kubelet-arg: config=/etc/kubelet.yaml\n")
        #expect(try await look(agent(), after: 0) == HostFigures())
        let writes = world.server.writes.count
        _ = try await look(agent(), after: 60)
        #expect(world.server.writes.count == writes)
    }

    @Test("what can't be measured leaves the rest, and is told once for each cause")
    func failingMeasure() async throws {
        let agent = agent()
        host.change { $0.refused = ["/proc/77/fd", "/proc/pressure/io"] }
        var figures = Self.full
        figures.ioPressurePercent = nil
        figures.fileDescriptorsUsedPercent = 0
        for _ in 0..<3 {
            let found = try await look(agent, after: 30)
            #expect(found?.ioPressurePercent == nil && found?.fileDescriptorsUsedPercent == 0)
            #expect(found?.diskUsedPercent == 88 && found?.memoryAvailablePercent == 40)
        }
        #expect(log.all.count { $0.contains("a figure of the host is not known") } == 2)
        host.change { $0.refused.insert("/proc/meminfo") }
        _ = try await look(agent, after: 30)
        #expect(log.all.count { $0.contains("a figure of the host is not known") } == 3)
        #expect(agent.health.failure == nil)
    }

    @Test("the volume is that of data-dir, as the service runs with it, and the clean-up that of the files")
    func dataDirectory() async throws {
        let world = try World(
            approved: false,
            config: "data-dir: /data/rancher/\nkubelet-arg: [image-gc-high-threshold=70, image-gc-low-threshold=60]\n"
        )
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.announceIntervalSeconds = 30 }
        host.change { host in
            let half = Volume(total: 2, free: 1, available: 1, inodes: 0, freeInodes: 0)
            host.volumes["/data/rancher/agent/containerd"] = half
        }
        let (agent, _) = world.agent(measures: host, clock: clock)
        _ = await world.run(agent)
        let figures = try #require(try world.status?.figures)
        #expect(figures.diskUsedPercent == 50)
        #expect(figures.cleanUpBeginsAtPercent == 70 && figures.cleanUpEndsAtPercent == 60)
    }

    @Test("an API server that is away changes no figure")
    func unreachable() async throws {
        let agent = agent()
        let before = try await look(agent, after: 0)
        world.server.setReachable(false)
        clock.advance(by: .seconds(30))
        _ = await world.run(agent, now: World.now + 30, atMost: 2)
        world.server.setReachable(true)
        #expect(try await look(agent, after: 1) == before)
    }
}
