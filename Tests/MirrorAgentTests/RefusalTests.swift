import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("What an agent refuses, and what it waits for")
struct RefusalTests {
    private static let point = ServerSetting(action: .point, url: World.url)
    private static let clear = ServerSetting(action: .clear)

    struct Case: Sendable, CustomTestStringConvertible {
        var reason: Reason
        var says: String
        var setting = RefusalTests.point
        var config = "server: \(World.oldURL)\n"
        var files: [String: String] = [:]
        var directory = true
        var mayRestart = true
        var testDescription: String { "\(reason) because of \(says)" }
    }

    static let refusals: [Case] = [
        Case(reason: .unknownServer, says: "evil.example", setting: at("https://evil.example:9345")),
        Case(reason: .pointsAtItself, says: "server-1 itself", setting: at("https://10.0.0.1:9345")),
        Case(reason: .pointsAtItself, says: "server-1 itself", setting: at("https://127.0.0.1:9345")),
        Case(reason: .invalidSetting, says: "https://HOST:PORT", setting: at("http://10.0.0.2:9345")),
        Case(reason: .invalidSetting, says: "https://HOST:PORT", setting: at("https://u:p@10.0.0.2:9345")),
        Case(reason: .invalidSetting, says: "https://HOST:PORT", setting: at("https://10.0.0.2:9345/x")),
        Case(reason: .invalidSetting, says: "https://HOST:PORT", setting: at("https://10.0.0.2:9345\nfoo: bar")),
        Case(reason: .invalidSetting, says: "https://HOST:PORT", setting: at("")),
        Case(reason: .noEtcdMember, says: "/db/etcd/member is absent", setting: clear, directory: false),
        Case(
            reason: .noEtcdMember,
            says: "/data/rke2/server/db/etcd/member",
            setting: clear,
            config: "server: \(World.oldURL)\ndata-dir: /data/rke2\n"
        ),
        Case(
            reason: .guardedServer,
            says: "disable-etcd",
            setting: clear,
            config: "server: \(World.oldURL)\ndisable-etcd: true\n"
        ),
        Case(
            reason: .guardedServer,
            says: "disable-apiserver",
            setting: clear,
            config: "server: \(World.oldURL)\ndisable-apiserver: true\n"
        ),
        Case(
            reason: .guardedServer,
            says: "external datastore",
            setting: clear,
            config: "server: \(World.oldURL)\ndatastore-endpoint: postgres://x\n"
        ),
        Case(reason: .laterFileWins, says: "zzz.yaml", files: ["zzz.yaml": "server: https://10.0.0.3:9345"]),
        Case(
            reason: .laterFileWins,
            says: "zzz.yaml",
            setting: clear,
            files: ["zzz.yaml": "server: https://10.0.0.3:9345"]
        ),
        Case(reason: .foreignEdit, says: "more than one", files: ["zz-p2pmirror.yaml": "server: x\ntls-san: y"]),
        Case(reason: .unreadableConfiguration, says: "50-x.yaml: line", files: ["50-x.yaml": "a: ["]),
        Case(reason: .restartNotPermitted, says: "systemctl restart rke2-server.service", mayRestart: false),
    ]

    private static func at(_ url: String) -> ServerSetting { ServerSetting(action: .point, url: url) }

    @Test("it refuses with a reason and a remedy, and touches nothing", arguments: refusals)
    func refuses(case: Case) async throws {
        let world = try World(action: `case`.setting, config: `case`.config)
        for (name, content) in `case`.files { world.disk.put("\(World.distribution.configDirectory)/\(name)", content) }
        if !`case`.directory { world.disk.removeDirectory(World.distribution.etcdMemberDirectory) }
        try await Self.expectRefusal(world, `case`.reason, `case`.says, mayRestart: `case`.mayRestart)
        // It stays refused, at no cost.
        let writes = world.server.writes.count
        await world.settle(now: World.now + 30, mayRestart: `case`.mayRestart)
        #expect(world.server.writes.count == writes)
    }

    private static func expectRefusal(
        _ world: World,
        _ reason: Reason,
        _ says: String,
        mayRestart: Bool = true
    ) async throws {
        let before = world.disk.contents
        await world.settle(mayRestart: mayRestart)
        let status = try #require(try world.status)
        #expect(status.phase == .refused)
        #expect(status.reason == reason.rawValue)
        #expect(status.revision == "1-a" && status.epoch == 1)
        #expect(status.message?.contains(says) == true, "\(status.message ?? "")")
        #expect(status.message?.contains("postgres") != true)
        #expect(world.service.restarts == 0)
        #expect(world.disk.contents == before)
    }

    @Test("a server on the command line is refused: a file can't replace it")
    func commandLineWins() async throws {
        let world = try World(config: "tls-san: x1\n")
        try world.server.change(Node.self, ObjectKey(name: World.node)) { node in
            node.metadata.annotations[World.distribution.argumentsAnnotation] =
                #"["server","--tls-san","x1","--server","https://10.0.0.3:9345"]"#
        }
        try await Self.expectRefusal(world, .commandLineWins, "rke2-server.service")
    }

    @Test("an allowed server on the host's own list is accepted")
    func allowsListedServers() async throws {
        let world = try World(action: Self.at("https://lb.example:9345"))
        world.disk.put(AgentPath.allowedServers, "# load balancer\nLB.example  # the only one\n")
        await world.settle()
        #expect(try world.status?.phase == .applied)
    }

    @Test(
        "a disk that can't be written is refused before the claim, with what to do",
        arguments: [HostError.Code.noSpace, .readOnly],
        [HostOperation.Kind.createTemporary, .write, .sync]
    )
    func refusesAnUnwritableHost(code: HostError.Code, kind: HostOperation.Kind) async throws {
        let world = try World()
        world.setFault { operation in
            operation.kind == kind ? HostError(code, kind.rawValue, operation.path, "no") : nil
        }
        let remedy = code == .noSpace ? "free space" : "read-write"
        try await Self.expectRefusal(world, .hostNotWritable, remedy)
    }

    struct Waiting: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: Reason?
        var prepare: @Sendable (World) throws -> Void
    }

    static let obstacles: [Waiting] = [
        Waiting(testDescription: "the approval has expired") { world in
            try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.approval?.expires = World.now }
        },
        Waiting(testDescription: "the Lease is of another epoch") { world in
            try world.server.put(World.makeLease(revision: "1-a", epoch: 2))
        },
        Waiting(testDescription: "the Lease is held for another revision") { world in
            try world.server.put(World.makeLease(revision: "2-b", epoch: 1))
        },
        Waiting(testDescription: "the Lease is gone") { world in
            world.server.delete(Lease.self, ObjectKey(namespace: "p2pmirror-system", name: DisruptionLease.name))
        },
        Waiting(testDescription: "the approval is for an older revision") { world in
            try world.server.change(MirrorNode.self, World.mirrorNode) { $0.spec.revision = "2-b" }
        },
        Waiting(testDescription: "the Node was made anew", reason: .nodeMismatch) { world in
            try world.server.change(Node.self, ObjectKey(name: World.node)) { $0.metadata.uid = "other" }
        },
        Waiting(testDescription: "the service is not active", reason: .unitNotActive) { world in
            world.service.setUnit { $0.activeState = "activating" }
        },
        Waiting(testDescription: "the service has a job queued", reason: .unitNotActive) { world in
            world.service.setUnit { $0.hasJob = true }
        },
        Waiting(testDescription: "systemd would refuse the restart", reason: .unitNotRestartable) { world in
            world.service.setUnit { $0.refusal = "rke2-server.service is masked" }
        },
        Waiting(testDescription: "systemd has not read the unit's present files", reason: .pendingChanges) { world in
            world.service.setUnit { $0.needsReload = true }
        },
        Waiting(testDescription: "systemd does not answer", reason: .serviceManagerUnavailable) { world in
            world.service.setReachable(false)
        },
        Waiting(testDescription: "somebody else's changes are pending", reason: .pendingChanges) { world in
            world.disk.put("\(World.distribution.configDirectory)/10-x.yaml", "tls-san: new.example")
        },
    ]

    @Test("it waits without touching anything", arguments: obstacles)
    func waits(waiting: Waiting) async throws {
        let world = try World()
        try waiting.prepare(world)
        let before = world.disk.contents
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .idle)
        #expect(status.reason == waiting.reason?.rawValue)
        #expect(world.service.restarts == 0)
        #expect(world.disk.contents == before)
    }

    @Test("a unit that systemd has not read anew is among the pending changes, by its name")
    func namesThePendingUnit() async throws {
        let world = try World(approved: false)
        world.service.setUnit { $0.needsReload = true }
        await world.settle()
        #expect(try world.status?.pendingChanges == ["rke2-server.service"])
    }

    @Test("changes that are pending are named by key, and by no value")
    func namesPendingKeys() async throws {
        let world = try World(approved: false)
        world.disk.put(
            "\(World.distribution.configDirectory)/10-x.yaml",
            "token: other\nprofile: cis\nwrite-kubeconfig-mode: \"0600\""
        )
        await world.settle()
        #expect(try world.status?.pendingChanges == ["profile", "write-kubeconfig-mode"])
    }

    @Test(
        "only registries other than the host itself count",
        arguments: [
            ("mirrors:\n  docker.io:\n", true), ("mirrors:\n  \"*\":\n", true),
            ("mirrors:\n  localhost:5000:\n", false),
            ("mirrors: {}\n", false), ("configs:\n  x: {auth: {password: p}}\n", false), ("", false),
        ]
    )
    func countsRegistries(text: String, configured: Bool) async throws {
        let world = try World(approved: false)
        world.disk.put(World.distribution.registriesFile, text)
        await world.settle()
        #expect(try world.status?.registriesConfigured == configured)
    }
}
