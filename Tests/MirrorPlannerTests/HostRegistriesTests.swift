import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Registries of hosts as people have them")
struct HostRegistriesTests {
    private static func world(_ nodes: [TestNode], _ registries: [String]) throws -> World {
        var world = World(Fixture.snapshot(Fixture.mirror("embedded") { $0.registries = registries }, nodes))
        var dice = Dice(seed: 1)
        world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
        _ = world.runAgents(&dice)
        return world
    }

    private static func play(_ world: inout World, seconds: Int = 4_000) throws {
        var dice = Dice(seed: 1)
        let end = world.snapshot.now + seconds
        while world.snapshot.now < end {
            world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
            _ = world.runAgents(&dice)
            world.snapshot.now = world.snapshot.now + 15
        }
    }

    private static func condition(_ world: World, _ type: String) throws -> Condition {
        try #require(Planner.plan(mirror: "embedded", world.snapshot)?.status.conditions.first(ofType: type))
    }

    // MARK: Wildcards (k3s-io/k3s#13526)

    @Test(
        "a wildcard covers a registry only from the release on that makes something of it, and else it is named",
        arguments: [
            ("v1.31.14+rke2r2", "v1.32.12"), ("v1.32.3+rke2r1", "v1.32.12"), ("v1.32.11+k3s3", "v1.32.12"),
            ("v1.33.7+rke2r3", "v1.33.8"), ("v1.34.3+k3s1", "v1.34.4"), ("v1.35.0+rke2r3", "v1.35.1"),
            ("v1.32.12+rke2r1", nil), ("v1.33.8+k3s1", nil), ("v1.34.4+rke2r1", nil), ("v1.35.1+k3s1", nil),
            ("v1.36.0+rke2r1", nil),
        ] as [(String, String?)],
        ["*", "_default"]
    )
    func gatesWildcards(row: (version: String, first: String?), wildcard: String) throws {
        #expect(DistributionVersion(row.version)?.firstWithWildcards == row.first)
        guard row.version.contains("rke2") else { return }
        var world = try Self.world(Fixture.servers([nil, 1, 1]) { $0.version = row.version }, ["ghcr.io"])
        for name in world.hosts.keys { world.hosts[name]?.registries = [wildcard] }
        var dice = Dice(seed: 1)
        _ = world.runAgents(&dice)
        let verdict = try Self.condition(world, "NodesCurrent")
        guard let first = row.first else {
            #expect(verdict.status == .true)
            return
        }
        #expect(verdict.status == .false)
        let remark = "(`\(wildcard)` does nothing before \(first))"
        #expect(verdict.message.contains("ghcr.io is added to its registries \(remark)"))
        try Self.play(&world, seconds: 1_200)
        #expect(world.hosts["server-3"]?.registries == [wildcard, "ghcr.io"].sorted())
        #expect(world.restarts.count == 3)
    }

    @Test("a wildcard that is asked for where it does nothing is told of, and nobody is restarted for it")
    func tellsOfVainWildcards() throws {
        var nodes = Fixture.servers([nil, 1, 1])
        nodes.append(.agent("agent-1", Fixture.url(1)) { $0.version = "v1.32.12+rke2r1" })
        var world = try Self.world(nodes, ["*"])
        try Self.play(&world)
        #expect(world.restarts.map(\.node) == ["agent-1"])
        let verdict = try Self.condition(world, "NodesCurrent")
        #expect(verdict.status == .false && verdict.reason == "UnsupportedVersion")
        #expect(verdict.message.contains("`*` in spec.registries does nothing on v1.32.3+rke2r1 (server-1, server-2"))
        #expect(verdict.message.contains("wildcards work from v1.32.12 on"))
    }

    // MARK: A part that can't be carried out

    private static let fault = "/etc/rancher/rke2/registries.yaml can't be edited: it is a text in UTF-16"

    @Test("a ring is healed and others get their registries though one file can't be edited, and that is told")
    func goesOnWithoutOnePart() throws {
        let nodes = Fixture.servers([3, 1, 2]) + [.agent("agent-1", Fixture.url(1))]
        var world = World(Fixture.snapshot(Fixture.mirror(), nodes))
        world.snapshot.mirrors[0].spec.registries = ["docker.io", "quay.io"]
        world.hosts["server-3"]?.registriesFault = Self.fault
        try Self.play(&world)
        #expect(Set(world.restarts.map(\.node)) == ["server-1", "server-2", "server-3", "agent-1"])
        #expect(world.restarts.count == 4)
        #expect(try Self.condition(world, "TopologyAcyclic").status == .true)
        let desired = world.snapshot.mirrorNodes.first { $0.spec.nodeName == "server-3" }?.spec.desired
        #expect(desired?.server != nil && desired?.registries == nil)
        #expect(world.hosts["server-2"]?.registries == ["docker.io", "quay.io"])
        let verdict = try Self.condition(world, "NodesCurrent")
        #expect(verdict.status == .false && verdict.reason == "RegistriesNotEditable")
        #expect(verdict.message == "server-3 does not get quay.io: \(Self.fault)")
        #expect(try Self.condition(world, "Stalled").status == .true)
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        #expect(plan.actions.isEmpty && plan.status.nodes?.current == 3)
        // Once the file is put right it gets them, by one restart.
        world.hosts["server-3"]?.registriesFault = nil
        try Self.play(&world)
        #expect(world.hosts["server-3"]?.registries == ["docker.io", "quay.io"] && world.restarts.count == 5)
        #expect(try Self.condition(world, "NodesCurrent").status == .true)
    }

    @Test("a wish that was refused for its registries gives way to one without them")
    func replacesARefusedWish() throws {
        var world = try Self.world(Fixture.servers([3, 1, 2]), ["quay.io"])
        world.manners.refusePercent = 100
        try Self.play(&world, seconds: 600)
        #expect(world.restarts.isEmpty)
        #expect(try Self.condition(world, "Stalled").reason == "AgentRefused")
        world.manners.refusePercent = 0
        for name in world.hosts.keys { world.hosts[name]?.registriesFault = Self.fault }
        try Self.play(&world)
        #expect(try Self.condition(world, "TopologyAcyclic").status == .true)
        #expect(Set(world.restarts.map(\.node)) == ["server-1", "server-3"])
    }

    @Test("what was put in force stays wished for while the file can't be edited")
    func keepsWhatIsThere() throws {
        var world = try Self.world(Fixture.servers([nil, 1, 1]), ["quay.io"])
        try Self.play(&world)
        let count = world.restarts.count
        for name in world.hosts.keys { world.hosts[name]?.registriesFault = Self.fault }
        world.snapshot.mirrors[0].spec.registries = ["quay.io", "ghcr.io"]
        try Self.play(&world)
        #expect(world.restarts.count == count)
        #expect(world.snapshot.mirrorNodes.allSatisfy { $0.spec.desired?.registries == ["quay.io"] })
        #expect(try Self.condition(world, "NodesCurrent").message.contains("server-1 does not get ghcr.io"))
    }

    // MARK: What the distribution drops

    @Test(
        "which keys become arguments is a matter of distribution, role and version",
        arguments: [
            ("server", "v1.32.3+rke2r1", "cluster-init", .dropped), ("server", "v1.32.3+k3s1", "cluster-init", .passed),
            ("server", "v1.32.3+rke2r1", "tls-san", .passed), ("agent", "v1.32.3+rke2r1", "tls-san", .dropped),
            ("agent", "v1.32.3+k3s1", "tls-san", .passed), ("agent", "v1.32.3+k3s1", "clster-init", .passed),
            ("server", "v1.32.3+k3s1", "clster-init", .dropped), ("server", "v1.32.3+rke2r1", "profile", .passed),
            ("server", "v1.32.3+k3s1", "profile", .dropped), ("server", "v1.32.3+rke2r1", "pause-image", .passed),
            ("server", "v1.32.3+rke2r1", "etcd-extra-mount", .passed), ("server", "v1.32.3+rke2r1", "cni", .passed),
            ("agent", "v1.32.3+rke2r1", "cni", .dropped), ("agent", "v1.32.3+rke2r1", "t", .passed),
            ("agent", "v1.32.3+rke2r1", "system-default-registry", .passed),
            ("server", "v1.25.9+k3s1", "no-deploy", .passed), ("server", "v1.26.9+k3s1", "no-deploy", .dropped),
            ("server", "v1.25.9+rke2r1", "no-deploy", .dropped), ("server", "v1.28.9+rke2r1", "prime", .dropped),
            ("server", "v1.37.0+rke2r1", "new-flag", .unknown), ("server", "v1.37.0+rke2r1", "cluster-init", .dropped),
            ("server", "", "new-flag", .unknown), ("server", "v1.36.3+rke2r1", "new-flag", .dropped),
        ] as [(String, String, String, ConfigurationFilter.Fate)]
    )
    func filters(row: (role: String, version: String, key: String, fate: ConfigurationFilter.Fate)) {
        let filter = ConfigurationFilter(
            distribution: row.version.contains("k3s") ? .k3s : .rke2,
            role: row.role == "server" ? .server : .agent,
            version: DistributionVersion(row.version)
        )
        #expect(filter.fate(of: row.key) == row.fate)
    }

    // MARK: Where the files are

    @Test("flags and variables say where the files are", arguments: [RancherDistribution.rke2, .k3s])
    func findsPlaces(distribution: RancherDistribution) throws {
        let upper = distribution.program.uppercased()
        func places(_ arguments: String, _ variables: String? = nil, files: String? = nil) throws -> HostPlaces {
            var annotations = [distribution.argumentsAnnotation: arguments]
            annotations[distribution.environmentAnnotation] = variables
            return HostPlaces(
                annotations: annotations,
                distribution: distribution,
                configuration: try files.map { try ConfigDirectory.merge([("config.yaml", Array($0.utf8))]) }
            )
        }
        #expect(try places(#"["server"]"#) == HostPlaces())
        #expect(try places(#"["server","-d","/a","--data-dir=/b/"]"#).dataDirectory == "/b/")
        let data = "/var/lib/rancher/\(distribution.program)"
        #expect(try places(#"["server","--data-dir","\#(data)/"]"#) == HostPlaces())
        let hash = String(repeating: "0a", count: 32)
        let unpacked = #"{"\#(upper)_DATA_DIR":"/mnt/x/data/\#(hash)"}"#
        #expect(try places(#"["server"]"#, unpacked).dataDirectory == "/mnt/x")
        #expect(try places(#"["server"]"#, #"{"\#(upper)_DATA_DIR":"\#(data)/data/\#(hash)"}"#) == HostPlaces())
        #expect(try places(#"["server","--private-registry","/x.yaml"]"#).registriesFile == "/x.yaml")
        #expect(try places(#"["server","-c","/x.yaml"]"#).configSource == "--config")
        let both = try places(#"["server","--config=/x.yaml"]"#, #"{"\#(upper)_CONFIG_FILE":"/y.yaml"}"#)
        #expect(both.configFile == "/y.yaml" && both.configSource == "\(upper)_CONFIG_FILE")
        // A file can't send the service to another file.
        #expect(try places(#"["server","--config","/x"]"#, files: "config: /x") == HostPlaces())
        // Without a Node the files count.
        let alone = HostPlaces(
            annotations: [:],
            distribution: distribution,
            configuration: try ConfigDirectory.merge([("config.yaml", Array("private-registry: /r".utf8))])
        )
        #expect(alone.registriesFile == "/r" && distribution.at(alone).registriesFile == "/r")
        let moved = distribution.at(HostPlaces(configFile: "/etc/rancher/a.yaml", dataDirectory: "/b/"))
        #expect(moved.dropInFile == "/etc/rancher/a.yaml.d/zz-p2pmirror.yaml")
        #expect(moved.etcdMemberDirectory == "/b/server/db/etcd/member")
    }
}
