import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Testing

/// Hosts as they are described in public reports, told again in our own values.
@Suite("Hosts of RKE2 and K3s as people have them")
struct HostsAsFoundTests {
    private static let site = "/etc/rancher/rke2/site-registries.yaml"
    private static let config = "server: \(World.oldURL)\ntoken: secret\nembedded-registry: true\n"

    /// Makes the Node say that its service runs with those arguments after `server`.
    private static func run(_ world: World, _ arguments: String, environment: String? = nil) throws {
        try world.server.change(Node.self, ObjectKey(name: World.node)) { node in
            node.metadata.annotations[World.distribution.argumentsAnnotation] = "[\"server\",\(arguments)]"
            node.metadata.annotations[World.distribution.environmentAnnotation] = environment
        }
    }

    private static let plain = """
        "--server","\(World.oldURL)","--token","********","--embedded-registry","true"
        """

    // MARK: What the distribution drops

    @Test(
        "a key that RKE2 drops on the way to its process is never pending (rancher/rke2#426, #466)",
        arguments: [
            "cluster-init: true", "flannel-backend: none", "disable-network-policy: true", "no-flannel: true",
            "clster-init: true", "cluster-secret: x", "write-kubeconfig-modes: \"0600\"",
        ]
    )
    func dropsKeys(line: String) async throws {
        let world = try World(config: "\(Self.config)\(line)\n")
        try Self.run(world, Self.plain)
        // It was written after the service's start, which makes no difference.
        world.disk.put("\(World.distribution.configDirectory)/10-labels.yaml", "\(line)\n")
        await world.settle()
        #expect(try world.status?.pendingChanges == [])
        #expect(try world.status?.phase == .applied && world.service.restarts == 1)
    }

    @Test(
        "a key that the process knows is pending where a file has had it only since the start",
        arguments: ["profile: cis", "tls-san: [x]", "write-kubeconfig-mode: \"0600\"", "etcd-arg: [a=b]"]
    )
    func keepsRealChanges(line: String) async throws {
        let world = try World(config: Self.config)
        world.disk.put("\(World.distribution.configDirectory)/10-labels.yaml", "\(line)\n")
        await world.settle()
        #expect(try world.status?.reason == "PendingChanges" && world.service.restarts == 0)
    }

    @Test("what a file has held since before the service's start is not pending, however it is written")
    func readsTheClock() async throws {
        let world = try World(config: "\(Self.config)node-label: {sandbox: yes}\n")
        try Self.run(world, "\(Self.plain),\"--node-label\",\"map[sandbox:true]\"")
        await world.settle()
        #expect(try world.status?.pendingChanges == [])
        #expect(try world.status?.phase == .applied)
        // A drop-in that was taken away since may have said what the service runs with.
        let other = try World(config: "\(Self.config)profile: cis\n")
        try Self.run(other, "\(Self.plain),\"--profile\",\"etcd\"")
        other.disk.put("\(World.distribution.configDirectory)/20-gone.yaml", "profile: etcd\n")
        other.disk.delete("\(World.distribution.configDirectory)/20-gone.yaml")
        await other.settle()
        #expect(try other.status?.pendingChanges == ["profile"] && other.service.restarts == 0)
    }

    // MARK: registries.yaml of an editor on Windows

    @Test("a file with a byte order mark and Windows' line breaks is edited, and keeps both")
    func editsWindowsFiles() async throws {
        let text = "\u{FEFF}mirrors:\r\n  docker.io:\r\n    endpoint:\r\n      - \"https://images.internal\"\r\n"
        let world = try World(registries: ["ghcr.io"])
        world.disk.time = World.now + -7_200
        world.disk.put(World.registriesFile, text)
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .applied, "\(status.message ?? "")")
        #expect(
            world.disk.contents[World.registriesFile]
                == text.replacing(
                    "mirrors:\r\n",
                    with: "mirrors:\r\n  \"ghcr.io\": # added by p2pmirror\r\n"
                )
        )
        #expect(world.disk.contents[World.dropIn]?.contains("server: \(World.url)") == true)
    }

    @Test("a file that can't be edited keeps no server: from being set, and is told while it is so")
    func setsTheServerAlone() async throws {
        let world = try World()
        world.disk.time = World.now + -7_200
        world.disk.put(World.registriesFile, "mirrors: {docker.io: {}}\n")
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .applied && status.reason == "Proven")
        let fault = try #require(status.host?.registriesFault)
        #expect(fault.hasPrefix("\(World.registriesFile) can't be edited: `mirrors:` does not stand alone"))
        world.disk.put(World.registriesFile, World.registries)
        await world.settle(now: World.now + 60)
        #expect(try world.status?.host?.registriesFault == nil)
    }

    // MARK: Flags that say where files are

    @Test("private-registry: the file that the service reads is read, edited and proven, and no other")
    func followsPrivateRegistry() async throws {
        let config = "\(Self.config)private-registry: \(Self.site)\n"
        let world = try World(registries: ["ghcr.io"], config: config)
        world.disk.time = World.now + -7_200
        world.disk.delete(World.registriesFile)
        world.disk.put(Self.site, "mirrors:\n  docker.io:\n")
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .applied, "\(status.message ?? "")")
        #expect(world.disk.contents[World.registriesFile] == nil)
        #expect(world.disk.contents[Self.site] == "mirrors:\n  \"ghcr.io\": # added by p2pmirror\n  docker.io:\n")
        #expect(status.host?.registries == ["docker.io", "ghcr.io"])
    }

    @Test("a private-registry that is elsewhere is named, and neither it nor another file is written")
    func namesPrivateRegistry() async throws {
        let config = "\(Self.config)private-registry: /srv/site/registries.yaml\n"
        let world = try World(registries: ["ghcr.io"], config: config)
        let before = world.disk.contents
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .refused && status.reason == "RegistriesNotEditable")
        #expect(status.message?.contains("private-registry is /srv/site/registries.yaml") == true)
        #expect(status.host?.registries == nil)
        #expect(world.disk.contents == before && world.service.restarts == 0)
    }

    @Test("a configuration file that is elsewhere is named, and nothing is written", arguments: [true, false])
    func namesTheConfigurationFile(isVariable: Bool) async throws {
        let world = try World()
        let flag = "\(Self.plain),\"--config\",\"/opt/rke2.yaml\""
        try Self.run(
            world,
            isVariable ? Self.plain : flag,
            environment: isVariable ? #"{"RKE2_CONFIG_FILE":"/opt/rke2.yaml"}"# : nil
        )
        let before = world.disk.contents
        await world.settle()
        let status = try #require(try world.status)
        #expect(status.phase == .refused && status.reason == "UnreadableConfiguration")
        let name = isVariable ? "RKE2_CONFIG_FILE is /opt/rke2.yaml" : "--config is /opt/rke2.yaml"
        #expect(status.message?.contains(name) == true, "\(status.message ?? "")")
        #expect(world.disk.contents == before && world.service.restarts == 0)
    }

    @Test("a member of etcd is looked for where the service keeps its data, or it is said that it can't be seen")
    func followsTheDataDirectory() async throws {
        let clear = ServerSetting(action: .clear)
        let world = try World(action: clear, config: "\(Self.config)data-dir: /data/rke2\n")
        await world.settle()
        let message = try world.status?.message ?? ""
        #expect(message.contains("data-dir is /data/rke2") && message.contains("can't see"), "\(message)")
        let other = try World(action: clear)
        try Self.run(other, Self.plain, environment: #"{"RKE2_DATA_DIR":"/var/lib/rancher/other"}"#)
        await other.settle()
        #expect(try other.status?.message?.contains("/var/lib/rancher/other/server/db/etcd/member is absent") == true)
        other.disk.putDirectory("/var/lib/rancher/other/server/db/etcd/member")
        try other.approve("2-b", MirrorNodeSpec.Desired(server: clear))
        await other.settle()
        #expect(try other.status?.phase == .applied)
    }
}
