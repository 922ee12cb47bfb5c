import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What is reported of the host")
struct HostStatusTests {
    @Test(
        "the node's own server is told as HOST:PORT, without ours, and a URL with a password not at all",
        arguments: [
            ("server: \(World.oldURL)\n", World.oldURL),
            ("server: https://LB.example/path\n", "https://lb.example:9345"),
            ("server: https://u:hunter2@10.0.0.3:9345\n", nil), ("server: http://10.0.0.3:9345\n", nil),
            ("tls-san: x\n", nil), ("server: \"\"\n", nil),
        ] as [(String, String?)]
    )
    func tellsTheOwnServer(config: String, server: String?) async throws {
        let world = try World(approved: false, config: config)
        world.disk.put(World.dropIn, "server: \(World.url)\n")
        await world.settle()
        #expect(try world.status?.host?.ownServer == server)
    }

    @Test("a value that is there no longer is taken out of the status")
    func takesValuesOut() async throws {
        let world = try World(approved: false)
        await world.settle()
        #expect(try world.status?.host?.ownServer == World.oldURL)
        world.disk.put(World.distribution.configFile, "token: x\n")
        world.disk.delete(World.registriesFile)
        await world.settle(now: World.now + 60)
        let host = try #require(try world.status?.host)
        #expect(host.ownServer == nil && host.registries == [])
    }

    @Test("what can't be read is as it was")
    func keepsWhatItKnew() async throws {
        let world = try World(approved: false)
        await world.settle()
        world.disk.put(World.registriesFile, "mirrors: [")
        world.disk.put(World.distribution.configFile, "a: [")
        await world.settle(now: World.now + 60)
        let host = try #require(try world.status?.host)
        #expect(host.ownServer == World.oldURL && host.registries == ["docker.io"])
        #expect(host.registriesFault?.contains("it is no YAML that can be read") == true)
    }

    @Test("at most 64 registries are told, in ascending order")
    func boundsRegistries() async throws {
        let world = try World(approved: false)
        let lines = (0..<100).reversed().map { "  r\(1_000 + $0).example:\n" }
        world.disk.put(World.registriesFile, "mirrors:\n\(lines.joined())")
        await world.settle()
        let registries = try #require(try world.status?.host?.registries)
        #expect(registries.count == 64 && registries == registries.sorted() && registries.first == "r1000.example")
    }

    @Test(
        "the CPU of the service is a mean over a minute or more, from either version of control groups",
        arguments: [
            ("/sys/fs/cgroup/system.slice/rke2-server.service/cpu.stat", "usage_usec %\nuser_usec 1\n", 1),
            ("/sys/fs/cgroup/cpu,cpuacct/system.slice/rke2-server.service/cpuacct.usage", "%\n", 1_000),
            ("/sys/fs/cgroup/cpuacct/system.slice/rke2-server.service/cpuacct.usage", "%\n", 1_000),
        ]
    )
    func measuresTheService(path: String, text: String, factor: Int) async throws {
        let world = try World(approved: false)
        let (agent, _) = world.agent()
        func look(at second: Int, microseconds: Int) async throws -> Int? {
            world.disk.put(path, text.replacing("%", with: "\(microseconds * factor)"))
            _ = await world.run(agent, now: World.now + second)
            return try world.status?.host?.serviceCPUPercent
        }
        #expect(try await look(at: 0, microseconds: 1_000_000) == nil)
        #expect(try await look(at: 30, microseconds: 99_000_000) == nil)
        #expect(try await look(at: 120, microseconds: 1_000_000 + 47_000_000) == 40)
        let writes = world.server.writes.count
        // From 39 % to 45 %: that is near enough.
        #expect(try await look(at: 240, microseconds: 48_000_000 + 54_000_000) == 40)
        #expect(world.server.writes.count == writes)
        #expect(try await look(at: 360, microseconds: 102_000_000 + 360_000) == 0)
        // Another run counts from zero again.
        #expect(try await look(at: 480, microseconds: 5) == 0)
        #expect(world.server.writes.count == writes + 1)
    }

    @Test("rounding changes a figure only when it matters")
    func rounds() {
        let values: [(Double?, Int?, Int?)] = [
            (nil, nil, nil), (nil, 40, 40), (39.2, nil, 40), (0.3, nil, 0), (2.9, 0, 0), (6, 0, 5), (1.9, 5, 0),
            (31, 40, 40), (29, 40, 30), (190, 150, 190), (180, 150, 150), (3_200, nil, 3_200),
        ]
        for (percent, reported, rounded) in values {
            #expect(
                ServiceCPU.rounded(percent, reported: reported) == rounded,
                "\(percent ?? -1) after \(reported ?? -1)"
            )
        }
    }

    @Test("random figures around a steady mean cost no second write")
    func staysSteady() {
        var random = RegistriesFileTests.Seeded(7)
        for mean in [0.3, 4, 39, 120] {
            var reported = ServiceCPU.rounded(mean, reported: nil)
            var changes = 0
            for _ in 0..<1_000 {
                let noise = 1 + (Double(random.next() % 201) - 100) / 1_000
                let next = ServiceCPU.rounded(mean * noise, reported: reported)
                if next != reported { changes += 1 }
                reported = next
            }
            #expect(changes == 0, "seed 7, mean \(mean)")
        }
    }

    @Test("a gap, a clock that goes back and a counter that goes back begin a new window")
    func beginsAnew() {
        var cpu = ServiceCPU()
        for (usage, second) in [(0, 0), (60, 60)] { cpu.look(Int64(usage) * 1_000_000, at: World.now + second) }
        #expect(cpu.percent == 100)
        for (usage, second) in [(500, 2_000), (400, 2_100), (500, 1_000), (nil, 1_100)] as [(Int64?, Int)] {
            cpu.look(usage.map { $0 * 1_000_000 }, at: World.now + second)
            #expect(cpu.percent == nil)
        }
    }
}
