import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("registries.yaml and debug as parts of a step")
struct RegistriesTests {
    private static let secret = "hunter2"
    private static let file = """
        # ours
        mirrors:
          docker.io:
            endpoint: ["https://cache.example"]
        configs:
          cache.example: {auth: {username: u, password: \(secret)}}

        """
    private static let line = "  \"quay.io\": # added by p2pmirror\n"
    private static let journal = AgentPath.journal(mirror: World.mirror)

    /// A world whose `registries.yaml` holds a password.
    private static func world(
        _ registries: [String] = ["docker.io", "quay.io"],
        start: @escaping @Sendable (MergedConfiguration) -> FakeService.Start = { _ in .well }
    ) throws -> World {
        let world = try World(registries: registries, start: start)
        world.disk.time = World.now + -7_200
        world.disk.put(World.registriesFile, file)
        world.disk.time = World.now + -60
        return world
    }

    private static func journal(_ world: World) throws -> Journal {
        try Journal(Array(try #require(world.disk.contents[journal]).utf8))
    }

    /// Nothing of the password is anywhere but in the file itself.
    private static func expectNoLeak(_ world: World) throws {
        let status = try #require(try world.status)
        #expect(!String(decoding: try JSONCoding.encode(status), as: UTF8.self).contains(secret))
        #expect(world.disk.contents.filter { $0.value.contains(secret) }.map(\.key) == [World.registriesFile])
    }

    @Test("both files change in one step with one restart, and all that was there is kept")
    func changesBothFiles() async throws {
        let world = try Self.world()
        await world.settle()
        #expect(try world.status?.phase == .applied)
        #expect(world.service.restarts == 1)
        #expect(world.disk.contents[World.dropIn]?.contains("server: \(World.url)") == true)
        let expected = Self.file.replacing("mirrors:\n", with: "mirrors:\n\(Self.line)")
        #expect(world.disk.contents[World.registriesFile] == expected)
        #expect(try world.status?.host?.registries == ["docker.io", "quay.io"])
        #expect(try world.status?.message?.contains("registries.yaml gets quay.io") == true)
        #expect(try Self.journal(world).added == ["quay.io"])
        try Self.expectNoLeak(world)
    }

    @Test("a failure puts both back byte for byte, and leaves no copy of what they held")
    func putsBothBack() async throws {
        let world = try Self.world { $0.effectiveServer == World.url ? .fails : .well }
        await world.settle()
        #expect(try world.status?.phase == .failed)
        #expect(world.service.restarts == 2)
        #expect(world.disk.contents[World.dropIn] == nil)
        #expect(world.disk.contents[World.registriesFile] == Self.file)
        #expect(try Self.journal(world).added == [])
        try Self.expectNoLeak(world)
        // The file was written again, and nothing of it is pending.
        await world.settle(now: World.now + 60)
        #expect(try world.status?.pendingChanges == [])
    }

    @Test("a registry that is asked for no longer goes if it is ours, and stays if it has a value or was there before")
    func removesItsOwn() async throws {
        let world = try Self.world(["docker.io", "quay.io", "ghcr.io"])
        await world.settle()
        #expect(try Self.journal(world).added == ["ghcr.io", "quay.io"])
        let edited = try #require(world.disk.contents[World.registriesFile])
            .replacing("\"ghcr.io\": # added by p2pmirror", with: "ghcr.io: {endpoint: [\"https://g\"]}")
        world.disk.put(World.registriesFile, edited)
        // The administrator's edit waits for the administrator's restart.
        let server = ServerSetting(action: .point, url: World.url)
        try world.approve("2-b", MirrorNodeSpec.Desired(server: server, registries: []))
        await world.settle()
        #expect(try world.status?.reason == "PendingChanges" && world.service.restarts == 1)
        #expect(try world.status?.pendingChanges == ["registries.yaml"])
        try world.service.boot()
        await world.settle(now: World.now + 60)
        #expect(try world.status?.phase == .applied && world.service.restarts == 2)
        let end = try #require(world.disk.contents[World.registriesFile])
        #expect(try RegistriesFile.registries(in: Array(end.utf8)) == ["docker.io", "ghcr.io"])
        #expect(end == edited.replacing(Self.line, with: ""))
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: Reason = .registriesNotEditable
        var says: String
        var text = RegistriesTests.file
        var registries = ["quay.io"]
        var isLink = false
    }

    @Test(
        "what can't be edited is refused, with what to do and with nothing of its content",
        arguments: [
            Refused(testDescription: "flow style", says: "one registry a line below it", text: "mirrors: {a: }\n"),
            Refused(testDescription: "no YAML", says: "line 3", text: "mirrors:\n  a: [\(secret)\n"),
            Refused(testDescription: "an anchor", says: "one registry", text: "mirrors: &x\n  a:\nb: *x\n"),
            Refused(testDescription: "a link", says: "symbolic link", isLink: true),
            Refused(
                testDescription: "the host itself",
                reason: .invalidSetting,
                says: "not of this host itself",
                registries: ["localhost:5000"]
            ),
            Refused(
                testDescription: "no registry",
                reason: .invalidSetting,
                says: "HOST or HOST:PORT",
                registries: ["a\n  b: {x: y}"]
            ),
        ]
    )
    func refuses(_ row: Refused) async throws {
        let world = try Self.world(row.registries)
        world.disk.time = World.now + -7_200
        world.disk.put(World.registriesFile, row.text, isLink: row.isLink)
        let before = world.disk.contents
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .refused && status.reason == row.reason.rawValue)
        #expect(status.message?.contains(row.says) == true, "\(status.message ?? "")")
        #expect(status.message?.contains(Self.secret) == false)
        #expect(world.disk.contents == before && world.service.restarts == 0)
    }

    @Test("an edit by somebody else between the claim and the restart ends the step, and nothing of it is lost")
    func respectsForeignEdits() async throws {
        let world = try Self.world()
        let (agent, _) = world.agent()
        for _ in 0..<3 { _ = try await agent.step(now: World.now) }
        let edited = (world.disk.contents[World.registriesFile] ?? "") + "# mine\n"
        world.disk.put(World.registriesFile, edited)
        _ = await world.run(agent)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.reason == "ForeignEdit")
        #expect(status.message?.contains("registries.yaml was changed by somebody else") == true)
        #expect(world.disk.contents[World.registriesFile] == edited)
        #expect(world.disk.contents[World.dropIn] == nil && world.service.restarts == 0)
    }

    @Test("an edit while the service fails is left, and the drop-in is put back without another restart")
    func respectsForeignEditsInRollback() async throws {
        let world = try Self.world { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        world.disk.put(World.registriesFile, Self.file + "# mine\n")
        await world.settle(now: World.now + 601)
        let status = try #require(try world.status)
        #expect(status.phase == .failed && status.message?.contains("left as it is: correct it") == true)
        #expect(world.disk.contents[World.registriesFile] == Self.file + "# mine\n")
        #expect(world.disk.contents[World.dropIn] == nil && world.service.restarts == 1)
    }

    @Test("a registry of ours that somebody takes out is reported, and not put back by itself")
    func reportsDrift() async throws {
        let world = try Self.world()
        await world.settle()
        world.disk.put(World.registriesFile, Self.file)
        await world.settle(now: World.now + 60)
        let status = try #require(try world.status)
        #expect(status.reason == "ForeignEdit" && status.message?.contains("quay.io was taken out") == true)
        #expect(world.disk.contents[World.registriesFile] == Self.file && world.service.restarts == 1)
    }

    @Test(
        "a file that somebody has changed since the service's start waits for a restart, unless it is known as it was"
    )
    func noticesPendingChanges() async throws {
        let world = try Self.world()
        world.disk.put(World.registriesFile, Self.file + "# newer than the start\n")
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .idle && status.reason == "PendingChanges" && world.service.restarts == 0)
        // The same content with a newer time, seen by an agent that knew it before, is nothing that waits.
        let other = try World(approved: false)
        let (agent, _) = other.agent()
        _ = await other.run(agent)
        other.disk.put(World.registriesFile, World.registries)
        _ = await other.run(agent, now: World.now + 60)
        #expect(try other.status?.pendingChanges == [])
        other.disk.put(World.registriesFile, World.registries + "  quay.io:\n")
        _ = await other.run(agent, now: World.now + 120)
        #expect(try other.status?.pendingChanges == ["registries.yaml"])
    }

    @Test("debug is switched on and off by the drop-in, and proven on the Node")
    func switchesDebug() async throws {
        let server = ServerSetting(action: .point, url: World.url)
        let world = try World(debug: true)
        await world.settle()
        #expect(try world.status?.phase == .applied)
        #expect(world.disk.contents[World.dropIn]?.contains("debug: true") == true)
        #expect(try world.status?.pendingChanges == [])
        try world.approve("2-b", MirrorNodeSpec.Desired(server: server))
        await world.settle()
        #expect(try world.status?.phase == .applied && world.service.restarts == 2)
        #expect(world.disk.contents[World.dropIn]?.contains("debug") == false)
        try world.approve("3-c", MirrorNodeSpec.Desired())
        await world.settle()
        #expect(try world.status?.phase == .applied && world.service.restarts == 3)
        #expect(world.disk.contents[World.dropIn] == nil)
        #expect(try world.status?.host?.ownServer == World.oldURL)
    }

    @Test("our server: is not taken away where none of the node's own would be left and it needs one")
    func guardsTheOwnServer() async throws {
        let world = try World(action: nil, debug: true, config: "disable-etcd: true\n")
        world.disk.put(World.dropIn, "server: \(World.url)\n")
        await world.settle()
        #expect(try world.status?.reason == "GuardedServer" && world.service.restarts == 0)
    }

    @Test("a later file that sets debug otherwise is named")
    func namesTheLaterFile() async throws {
        let world = try World(debug: true)
        world.disk.put("\(World.distribution.configDirectory)/zzz.yaml", "debug: false\n")
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.reason == "LaterFileWins" && status.message?.contains("sets debug:") == true)
    }

    @Test("without systemd nothing is written, and the commands are told", arguments: [true, false])
    func worksByHand(hasPermission: Bool) async throws {
        let world = try Self.world()
        if hasPermission { world.service.setFault(ServiceError(.noServiceManager, "systemctl: not found")) }
        let before = world.disk.contents
        await world.settle(mayRestart: hasPermission)
        let status = try #require(try world.status)
        #expect(status.reason == (hasPermission ? "NoServiceManager" : "RestartNotPermitted"))
        let message = status.message ?? ""
        #expect(message.contains("printf 'server: \"\(World.url)\"\\n' > \(World.dropIn)"))
        #expect(message.contains("add the keys quay.io"))
        #expect(message.contains(hasPermission ? "rc-service rke2-server restart" : "systemctl restart rke2-server"))
        #expect(world.disk.contents == before)
        try Self.expectNoLeak(world)
    }
}
