import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorAgent

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What can't be read is not absent: the service reads it at its start, or does not start.
@Suite("No restart over what the agent can't read")
struct UnreadableFilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// What the status must name.
        var says: String
        var make: @Sendable (World) -> Void
        var testDescription: String { name }
    }

    private static let directory = World.distribution.configDirectory

    static let cases: [Case] = [
        Case(name: "a name that is no UTF-8", says: "no UTF-8 text; rename it") {
            $0.disk.put("\(directory)/90-\u{FFFD}.yaml", "disable: rke2-coredns\n")
        },
        Case(name: "a link that leads nowhere", says: "\(directory)/90-x.yaml: this agent sees nothing") {
            $0.disk.putLinkToNowhere("\(directory)/90-x.yaml")
        },
        Case(name: "config.yaml as a link that leads nowhere", says: "\(World.distribution.configFile): this agent") {
            $0.disk.putLinkToNowhere(World.distribution.configFile)
        },
        Case(name: "registries.yaml as a link that leads nowhere", says: "\(World.registriesFile): this agent sees") {
            $0.disk.putLinkToNowhere(World.registriesFile)
        },
        Case(name: "a FIFO", says: "90-x.yaml: it is not a plain file; move it away") { world in
            world.disk.put("\(directory)/90-x.yaml", "")
            world.setFault { operation in
                guard operation.kind == .read, operation.path.hasSuffix("90-x.yaml") else { return nil }
                return HostError(.wrongKind, "read", operation.path, "it is not a plain file")
            }
        },
        Case(name: "a directory that can't be listed", says: "list \(directory): Permission denied") { world in
            world.setFault { operation in
                guard operation.kind == .list, operation.path == directory else { return nil }
                return HostError(.notPermitted, "list", operation.path, "Permission denied")
            }
        },
        Case(name: "a main file that is too large", says: "config.yaml: it is larger than") { world in
            world.setFault { operation in
                guard operation.kind == .read, operation.path == World.distribution.configFile else { return nil }
                return HostError(.tooLarge, "read", operation.path, "it is larger than 1048576 bytes")
            }
        },
    ]

    @Test("An approval is refused, and the status names the file and what to do", arguments: cases)
    func refuses(_ example: Case) async throws {
        let world = try World()
        example.make(world)
        await world.settle()
        #expect(world.service.restarts == 0)
        let status = try #require(try world.status)
        #expect(status.phase == .refused)
        #expect(status.reason == Reason.unreadableConfiguration.rawValue)
        #expect(status.message?.contains(example.says) == true, "\(status.message ?? "")")
    }

    @Test("A node at rest says so, too", arguments: cases)
    func reports(_ example: Case) async throws {
        let world = try World(approved: false)
        example.make(world)
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .idle)
        #expect(status.reason == Reason.unreadableConfiguration.rawValue)
        #expect(status.message?.contains(example.says) == true, "\(status.message ?? "")")
        #expect(status.pendingChanges == nil)
    }

    @Test("What comes between the claim and the restart is waited for")
    func waits() async throws {
        let world = try World()
        let (agent, _) = world.agent()
        for _ in 0..<2 { _ = try await agent.step(now: World.now) }
        world.disk.putLinkToNowhere("\(Self.directory)/90-x.yaml")
        _ = await world.run(agent)
        #expect(world.service.restarts == 0)
        #expect(try world.status?.message?.contains("90-x.yaml: this agent sees nothing") == true)
        world.disk.delete("\(Self.directory)/90-x.yaml")
        _ = await world.run(agent)
        #expect(world.service.restarts == 1)
    }

    @Test("Names are what the distribution reads, byte by byte")
    func names() {
        let names = [".hidden.yaml", "A.YAML", "b.yml", "c.yaml.bak", "9\u{0600}.yaml", "d.json"]
        #expect(ConfigDirectory.dropIns(among: names) == [".hidden.yaml", "9\u{0600}.yaml", "A.YAML", "b.yml"])
    }

    @Test("Real files: a name of bytes, links that lead nowhere and out of what is mounted, a FIFO, a loop")
    func realFiles() throws {
        let root = try TemporaryDirectory()
        for name in ["etc", "etc/rancher", "etc/rancher/rke2", "etc/rancher/rke2/config.yaml.d"] {
            root.makeDirectory(name)
        }
        let base = "etc/rancher/rke2/config.yaml.d"
        try root.put("etc/rancher/rke2/config.yaml", "debug: true\n")
        try root.put("\(base)/10-a.yaml", "debug: false\n")
        let bytes = Array("\(root.path)/\(base)/20-".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF)]
        let file = (bytes + Array(".yaml".utf8CString)).withUnsafeBufferPointer { fopen($0.baseAddress, "w") }
        fclose(file)
        root.link("\(base)/30-b.yaml", to: "/etc/elsewhere/b.yaml")
        root.link("\(base)/40-c.yaml", to: "gone.yaml")
        root.link("\(base)/50-d.yaml", to: "50-d.yaml")
        root.link("\(base)/60-e.yaml", to: "10-a.yaml")
        mkfifo("\(root.path)/\(base)/70-f.yml", 0o600)
        root.link("\(base)/80-g.yaml", to: "/etc/rancher/rke2")
        let reading = try ServiceFiles(files: HostRoot(root.path)).configuration(.rke2)
        #expect(reading.files.map(\.name) == ["config.yaml", "10-a.yaml", "60-e.yaml"])
        let faults = reading.faults.map(\.path).map(HostPath.name)
        #expect(faults == ["20-\u{FFFD}.yaml", "30-b.yaml", "40-c.yaml", "50-d.yaml", "70-f.yml", "80-g.yaml"])
    }

    @Test("A directory that is a link out of what is mounted hides all that is in it")
    func realDirectory() throws {
        let root = try TemporaryDirectory()
        for name in ["etc", "etc/rancher"] { root.makeDirectory(name) }
        let nothing = try ServiceFiles(files: HostRoot(root.path)).configuration(.rke2)
        #expect(nothing.faults.isEmpty)
        root.link("etc/rancher/rke2", to: "/data/rke2")
        let hidden = try ServiceFiles(files: HostRoot(root.path)).configuration(.rke2)
        #expect(hidden.faults.first?.path == "/etc/rancher/rke2")
    }
}
