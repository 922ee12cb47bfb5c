import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

@Suite("Containerd's files on a real file system, and of any content")
struct ContainerdOnDiskTests {
    private func run(_ world: ContainerdWorld, _ host: TemporaryDirectory) async throws {
        let agent = world.agent(host: HostRoot(host.path)).agent
        // What a pass throws ends this test.
        for pass in 0..<6 { _ = try await agent.step(now: World.now + 60 * pass) }
    }

    private func put(_ files: [String: String], _ host: TemporaryDirectory) throws {
        for (path, text) in files {
            var directory = ""
            for part in path.split(separator: "/").dropLast() {
                directory += "/\(part)"
                host.makeDirectory(directory)
            }
            try host.put(path, text)
        }
    }

    @Test("The file is written, is in force once containerd starts, and goes again")
    func repairs() async throws {
        let host = try TemporaryDirectory()
        let fixture = try #require(ContainerdFixture.all.last { $0.isRepaired })
        let world = try ContainerdWorld(fixture, repair: true)
        try put(world.disk.contents, host)
        host.makeDirectory("/etc/containerd/conf.d")
        host.makeDirectory("/var")
        host.makeDirectory("/var/lib")
        try await run(world, host)
        let root = HostRoot(host.path)
        let text = try root.read(ContainerdFixture.ours, limit: 10_000, followingLink: false)
        #expect(text.map { String(decoding: $0, as: UTF8.self) }?.contains("use_local_image_pull = true") == true)
        // The file was made now, and the test's containerd started in 2027.
        #expect(try world.reasons == [])
        try world.change { $0.containerd?.repair = false }
        try await run(world, host)
        #expect(try root.list("/etc/containerd/conf.d") == [])
        #expect(try root.list("/var/lib/p2pmirror")?.map(\.name) == ["agent.lock"])
    }

    @Test("Left-overs go, and what stood there before comes back")
    func cleans() async throws {
        let host = try TemporaryDirectory()
        let world = try ContainerdWorld(ContainerdFixture.all[0], repair: true, installed: false)
        world.disk.put("/etc/containerd/certs.d/docker.io/hosts.toml", ContainerdFixture.hosts)
        world.disk.put("/etc/containerd/certs.d/_backup/docker.io/certs/ca.crt", "certificate")
        world.disk.put("/etc/containerd/certs.d/plain", "a file where directories are expected")
        world.probes.silence(ContainerdWorld.ports)
        try put(world.disk.contents, host)
        host.makeDirectory("/var")
        host.makeDirectory("/var/lib")
        try await run(world, host)
        let root = HostRoot(host.path)
        #expect(try root.list("/etc/containerd/certs.d")?.map(\.name).sorted() == ["docker.io", "plain"])
        #expect(try root.list("/etc/containerd/certs.d/docker.io")?.map(\.name) == ["certs"])
        #expect(try world.reasons == [])
    }

    @Test("Files where directories are expected, and the other way round, are findings and no faults of the agent")
    func wrongKinds() async throws {
        for (files, reason) in [
            (["/etc/containerd/config.toml/x": ""], "ContainerdUnreadable"),
            (["/etc/containerd/config.toml": "", "/etc/containerd/certs.d": ""], "ContainerdUnreadable"),
            (
                [
                    "/etc/containerd/config.toml": "version = 3\nimports = ['/etc/*/*.toml', '/etc/*/x.toml', 'a/b']",
                    "/etc/passwd": "", "/etc/containerd/a": "",
                ], "ContainerdUnreadable"
            ),
            (["/etc/containerd/certs.d/_default": ""], "HostsFileDead"),
        ] {
            let host = try TemporaryDirectory()
            let world = try ContainerdWorld(ContainerdFixture.all[2], repair: true)
            try put(files, host)
            host.makeDirectory("/var")
            host.makeDirectory("/var/lib")
            try await run(world, host)
            #expect(try world.reasons.contains(reason))
        }
    }

    private static let pieces = [
        "version = 3\n", "version = 2\n", "imports = ['conf.d/*.toml']\n", "[plugins.'io.containerd.cri.v1.images']\n",
        "[plugins.'io.containerd.cri.v1.images'.registry]\n", "config_path = '/etc/containerd/certs.d'\n",
        "config_path = ''\n", "discard_unpacked_layers = true\n", "[host.'http://10.0.0.1:30020']\n", "[host]\n", "'",
        "[[", "{ a = 1 }", "\u{0}", "\u{fffd}", "=", "\n", "c2VjcmV0",
        "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n",
    ]

    @Test("Any bytes whatever give a report within its bounds, and no file but ours changes", arguments: 0..<40)
    func anyBytes(seed: Int) async throws {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1
        let random = { (bound: Int) -> Int in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let fixture = ContainerdFixture.all[seed % 4]
        let world = try ContainerdWorld(fixture, repair: true, installed: seed % 3 != 0)
        world.probes.silence(seed % 2 == 0 ? ContainerdWorld.ports : [])
        for path in [
            "/etc/containerd/config.toml", "/etc/containerd/conf.d/a.toml",
            "/etc/containerd/certs.d/docker.io/hosts.toml",
        ] where random(4) > 0 {
            world.disk.put(path, (0..<random(9)).map { _ in Self.pieces[random(Self.pieces.count)] }.joined())
        }
        let before = world.files
        await world.settle()
        let report = try #require(try world.status?.containerd)
        #expect(report.findings.count <= ContainerdReport.findingsLimit)
        #expect(report.findings.allSatisfy { $0.message.count <= ContainerdReport.messageLimit })
        #expect(report.findings.allSatisfy { !$0.message.contains("c2VjcmV0") })
        for (path, text) in before where !path.hasPrefix("/etc/containerd/certs.d/") {
            #expect(world.files[path] == text)
        }
    }
}
