import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization
import Testing

@Suite("How the host of a seed fares is reported")
struct SeedFiguresTests {
    /// A host that a test changes.
    private final class Host: HostMeasures {
        private let present = Mutex(MadeUpHost())

        init() {
            change { host in
                host.files["/proc/meminfo"] = "MemTotal: 100 kB\nMemAvailable: 40 kB\n"
                host.volumes["/var/lib/rancher/rke2/agent/containerd"] = Volume(
                    total: 100,
                    free: 40,
                    available: 40,
                    inodes: 0,
                    freeInodes: 0
                )
            }
        }

        func change(_ body: (inout MadeUpHost) -> Void) { present.withLock { body(&$0) } }

        func content(_ path: String) throws(HostError) -> [UInt8]? {
            try present.withLock { host throws(HostError) in try host.content(path) }
        }

        func entryCount(_ directory: String) throws(HostError) -> Int? {
            try present.withLock { host throws(HostError) in try host.entryCount(directory) }
        }

        func hasDirectory(_ path: String) throws(HostError) -> Bool {
            try present.withLock { host throws(HostError) in try host.hasDirectory(path) }
        }

        func volume(of directory: String) throws(HostError) -> Volume? {
            try present.withLock { host throws(HostError) in try host.volume(of: directory) }
        }
    }

    private func seed() throws -> (World, Host, NodeAgent) {
        let world = try World(approved: false)
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.announceIntervalSeconds = 30 }
        let host = Host()
        return (world, host, world.agent(measures: host).agent)
    }

    @Test("They stand in the status, and are written again only when they change")
    func reported() async throws {
        let (world, host, agent) = try seed()
        _ = await world.run(agent)
        let figures = try #require(try world.status?.figures)
        #expect(figures.diskUsedPercent == 60)
        #expect(figures.memoryAvailablePercent == 40)
        #expect(figures.cleanUpBeginsAtPercent == 85)
        #expect(figures.ioPressurePercent == nil, "what the kernel does not tell is not known")
        let writes = world.server.writes.count
        for second in 1...5 { _ = await world.run(agent, now: World.now + second * 60) }
        #expect(world.server.writes.count == writes)
        host.change {
            $0.volumes["/var/lib/rancher/rke2/agent/containerd"]?.free = 8
            $0.volumes["/var/lib/rancher/rke2/agent/containerd"]?.available = 8
        }
        _ = await world.run(agent, now: World.now + 600)
        #expect(try world.status?.figures?.diskUsedPercent == 92)
        #expect(world.server.writes.count == writes + 1)
    }

    @Test("A figure that can't be read any more is taken out, and the others stay")
    func refused() async throws {
        let (world, host, agent) = try seed()
        _ = await world.run(agent)
        host.change { $0.refused = ["/var/lib/rancher/rke2/agent/containerd"] }
        _ = await world.run(agent, now: World.now + 60)
        let figures = try #require(try world.status?.figures)
        #expect(figures.diskUsedPercent == nil)
        #expect(figures.memoryAvailablePercent == 40)
    }

    @Test("A node that is no seed reports none, and one that is none any more takes them out")
    func noSeed() async throws {
        let (world, _, agent) = try seed()
        _ = await world.run(agent)
        #expect(try world.status?.figures != nil)
        try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.announceIntervalSeconds = nil }
        _ = await world.run(agent, now: World.now + 60)
        #expect(try world.status?.figures == nil)
        #expect(try world.status?.phase == .idle)
    }

    @Test("The data directory of the configuration is the one that is measured")
    func dataDirectory() async throws {
        let (world, host, agent) = try seed()
        world.disk.put(World.distribution.configFile, "token: x\ndata-dir: /data\n")
        host.change {
            $0.volumes["/data/agent/containerd"] = Volume(
                total: 10,
                free: 1,
                available: 1,
                inodes: 0,
                freeInodes: 0
            )
        }
        _ = await world.run(agent)
        #expect(try world.status?.figures?.diskUsedPercent == 90)
    }

    @Test("Where figures are reported, looks come in their interval")
    func pacing() {
        let options = AgentOptions(nodeName: "n", leaseNamespace: "x", version: "1", figureInterval: .seconds(30))
        var pacing = Pacing(options)
        #expect(pacing.pause(after: .done(.later), isSeed: true).open == .seconds(30))
        #expect(pacing.pause(after: .done(.later), isSeed: false).open == .seconds(120))
        #expect(pacing.pause(after: .done(.soon), isSeed: true).open == .seconds(1))
    }

    @Test("What stands there for information is no news by itself, and goes along with other news")
    func information() async throws {
        let (world, host, agent) = try seed()
        func pressure(_ some: Int, _ full: Int) {
            host.change {
                $0.files["/proc/pressure/io"] =
                    "some avg10=0 avg60=\(some).00 avg300=0 total=0\nfull avg10=0 avg60=\(full).00 avg300=0 total=0\n"
            }
        }
        pressure(10, 10)
        _ = await world.run(agent)
        #expect(try world.status?.figures?.ioFullPressurePercent == 10)
        let writes = world.server.writes.count
        pressure(10, 80)
        _ = await world.run(agent, now: World.now + 60)
        #expect(world.server.writes.count == writes)
        pressure(60, 80)
        _ = await world.run(agent, now: World.now + 120)
        #expect(try world.status?.figures?.ioFullPressurePercent == 80)
        #expect(world.server.writes.count == writes + 1)
    }

    @Test("An agent that is started anew keeps what takes it a window to measure again")
    func successor() async throws {
        var reported = HostFigures()
        reported.networkErrorPercent = 9
        var sampler = FigureSampler(reported: reported)
        #expect(sampler.add(HostReading(), at: .zero).networkErrorPercent == 9)
        #expect(sampler.add(HostReading(), at: .seconds(30)).networkErrorPercent == 9)
        #expect(sampler.add(HostReading(), at: .seconds(61)).networkErrorPercent == nil)
    }
}
