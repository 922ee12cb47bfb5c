import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What a removed mirror left behind is found, and taken away where it is surely that")
struct ContainerdCleaningTests {
    private static let certs = ContainerdFixture.certs

    private func world(repair: Bool = true) throws -> ContainerdWorld {
        let world = try ContainerdWorld(ContainerdFixture.all[0], repair: repair, installed: false)
        world.disk.put("\(Self.certs)/docker.io/hosts.toml", ContainerdFixture.hosts)
        world.disk.put("\(Self.certs)/own.example.com/hosts.toml", "[host.'https://cache.example.com']\n")
        world.disk.put("\(Self.certs)/_backup/docker.io/hosts.toml", "server = 'https://registry-1.docker.io'\n")
        world.disk.put("\(Self.certs)/_backup/docker.io/ca.crt", "certificate")
        world.probes.silence(ContainerdWorld.ports)
        return world
    }

    private static let cleaned = [
        ContainerdFixture.main: ContainerdFixture.all[0].files[ContainerdFixture.main] ?? "",
        "\(certs)/own.example.com/hosts.toml": "[host.'https://cache.example.com']\n",
        "\(certs)/docker.io/hosts.toml": "server = 'https://registry-1.docker.io'\n",
        "\(certs)/docker.io/ca.crt": "certificate",
    ]

    @Test("It is reported, and stays without the leave to repair")
    func reported() async throws {
        let world = try world(repair: false)
        let before = world.files
        await world.settle()
        #expect(try world.reasons == ["MirrorLeftovers", "MirrorLeftovers"])
        #expect(try world.status?.message?.contains("_default, docker.io") == true)
        #expect(world.files == before)
    }

    @Test("It goes, and what stood there before comes back")
    func cleans() async throws {
        let world = try world()
        await world.settle()
        #expect(world.files == Self.cleaned)
        #expect(try world.reasons == [])
        let (agent, _) = world.agent()
        let writes = world.server.writes.count
        #expect(await world.run(agent, now: World.now + 500) == .later)
        #expect(world.server.writes.count == writes)
    }

    @Test("It stays while a mirror answers, and at the first look")
    func answering() async throws {
        let world = try world()
        let before = world.files
        let (agent, _) = world.agent()
        _ = await world.run(agent)
        #expect(world.files == before)
        world.probes.silence([30021])
        _ = await world.run(agent, now: World.now + 120)
        _ = await world.run(agent, now: World.now + 240)
        #expect(world.files == before)
        #expect(try world.status?.message?.contains("a mirror still answers") == true)
    }

    @Test(
        "Of a release that this mirror has not seen nothing is reported and nothing removed",
        arguments: [true, false]
    )
    func unseen(isKnown: Bool) async throws {
        let world = try ContainerdWorld(ContainerdFixture.all[0], repair: true, installed: false, isSeen: false)
        world.disk.put("\(Self.certs)/_backup/docker.io/hosts.toml", "server = 'https://registry-1.docker.io'\n")
        world.disk.put("/etc/containerd/conf.d/zz-p2pmirror.toml", Self.ownFile)
        world.probes.silence(ContainerdWorld.ports)
        if !isKnown { try world.change { $0.containerd = nil } }
        let before = world.files.filter { $0.key.hasPrefix("/etc/") }
        await world.settle()
        await world.settle(World.now + 3_600)
        #expect(world.files.filter { $0.key.hasPrefix("/etc/") } == before)
        #expect(try world.status?.containerd?.findings ?? [] == [])
    }

    private static let ownFile = String(
        decoding: ContainerdDropIn.render(.init(mirror: ContainerdWorld.mirror, version: 2, configPath: certs)),
        as: UTF8.self
    )

    @Test("Nothing goes before the operator has said for a minute that the release is gone")
    func waits() async throws {
        let world = try world()
        try world.change { $0.containerd?.installed = true }
        let (agent, _) = world.agent()
        _ = await world.run(agent)
        _ = await world.run(agent, now: World.now + 600)
        let before = world.files.filter { $0.key.hasPrefix("/etc/") }
        try world.change { $0.containerd?.installed = false }
        _ = await world.run(agent, now: World.now + 610)
        #expect(world.files.filter { $0.key.hasPrefix("/etc/") } == before)
        _ = await world.run(agent, now: World.now + 680)
        #expect(world.files.filter { $0.key.hasPrefix("/etc/") } == Self.cleaned)
    }

    @Test("A mirror at the host's loopback address can't be asked, so it is called neither dead nor gone")
    func loopback() async throws {
        let world = try world()
        try world.change { $0.containerd?.mirrorAddresses = ["127.0.0.1"] }
        let before = world.files
        await world.settle()
        #expect(world.files == before)
        #expect(world.probes.addresses == [])
        try world.change { $0.containerd?.installed = true }
        await world.settle(World.now + 300)
        #expect(try !world.reasons.contains("HostsFileDead"))
    }

    @Test("Nothing goes outside containerd's own directories", arguments: ["/srv/certs.d", "/etc/containerd/other.d"])
    func elsewhere(path: String) async throws {
        let world = try world()
        try world.change { $0.containerd?.registryConfigPath = path }
        world.disk.put("\(path)/docker.io/hosts.toml", ContainerdFixture.hosts)
        let before = world.files
        await world.settle()
        #expect(world.files == before)
        #expect(try world.reasons == ["MirrorLeftovers"])
    }

    @Test("Killed anywhere, or with the power cut, it reaches the same end", arguments: [false, true])
    func killed(withPowerCut: Bool) async throws {
        for point in 1... {
            let world = try world()
            let lifetime = Lifetime(endingAt: point)
            let (agent, process) = world.agent(lifetime)
            _ = await world.run(agent)
            _ = await world.run(agent, now: World.now + 120)
            world.disk.end(process: process)
            if withPowerCut { world.disk.cutPower() }
            await world.settle(World.now + 300)
            #expect(world.files == Self.cleaned)
            #expect(try world.reasons == [])
            if !lifetime.hasEnded { break }
        }
    }
}
