import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("What a release of the chart says of its ports, registries and paths is read from it")
struct ReleaseSettingsTests {
    private static let node = ChartFixture.node

    private static func hosts(_ pod: JSONValue) -> ReleaseSettings.Hosts? {
        ReleaseSettings(ChartFixture.daemonSet("spegel", pod)).hosts
    }

    private static func expected(
        _ registries: [String],
        _ ports: [Int],
        _ addresses: [String] = [],
        path: String = "/etc/containerd/certs.d"
    ) -> ReleaseSettings.Hosts {
        ReleaseSettings.Hosts(registryConfigPath: path, registries: registries, ports: ports, addresses: addresses)
    }

    @Test("Since v0.1.0: mirrored registries and targets, in each way that flags are written")
    func present() {
        #expect(ReleaseSettings(ChartFixture.old).hosts == Self.expected([], [30_020, 30_021]))
        #expect(
            ReleaseSettings(ChartFixture.custom).hosts == Self.expected(["docker.io", "ghcr.io"], [29_999, 31_999])
        )
        let one = ChartFixture.pod(["--mirror-targets=\(Self.node):30020", "-mirrored-registries", "https://a.example"])
        #expect(Self.hosts(one) == Self.expected(["a.example"], [30_020]), "one port with PreferSameNode")
        let path = ChartFixture.pod([
            "--containerd-registry-config-path", "/srv/certs.d/", "--mirror-targets", "\(Self.node):1",
            "--log-level=DEBUG",
        ])
        #expect(Self.hosts(path) == Self.expected([], [1], path: "/srv/certs.d"))
    }

    @Test(
        "Wildcards are the directory _default, alone or beside others",
        arguments: [
            (["_default"], []), (["*"], []), ([], []), (["_default", "https://docker.io"], ["_default", "docker.io"]),
            (["https://registry.example:5000", "http://b.example"], ["b.example", "registry.example:5000"]),
        ]
    )
    func wildcards(written: [String], read: [String]) {
        let pod = ChartFixture.pod(["--mirrored-registries"] + written + ["--mirror-targets", "\(Self.node):30020"])
        #expect(Self.hosts(pod)?.registries == read)
    }

    @Test("Before v0.1.0: registries and mirror registries; before v0.0.15 at the host's loopback address")
    func old() {
        let before = ChartFixture.pod([
            "--registries", "https://docker.io", "https://quay.io", "--mirror-registries", "\(Self.node):30020",
            "\(Self.node):30021", "https://cache.example", "--append-mirrors=false",
        ])
        #expect(Self.hosts(before) == Self.expected(["docker.io", "quay.io"], [30_020, 30_021]))
        let loopback = [
            "--containerd-mirror-add=true", "--registries", "https://docker.io", "--mirror-registries",
            "http://127.0.0.1:30020", "http://127.0.0.1:30021",
        ]
        let single: JSONValue = ["containers": [ChartFixture.container("registry", loopback)]]
        #expect(Self.hosts(single) == Self.expected(["docker.io"], [30_020, 30_021], ["127.0.0.1"]))
        let first = ["--registry-addr=:5000", "--mirror-registries", "https://docker.io", "https://ghcr.io"]
        let oldest: JSONValue = ["containers": [ChartFixture.container("registry", first)]]
        #expect(Self.hosts(oldest) == Self.expected(["docker.io", "ghcr.io"], [5000], ["127.0.0.1"]))
    }

    @Test("The address that the chart gives for all nodes counts, and other caches do not")
    func addresses() {
        let arguments = ["configuration", "--mirror-targets", "\(Self.node):30020", "http://cache.example:80"]
        let pod: JSONValue = [
            "initContainers": [
                ChartFixture.container("hosts", ["sh"]),
                ChartFixture.container(
                    "configuration",
                    arguments,
                    ["env": [["name": "NODE_IP", "value": "169.254.20.10"]]]
                ),
            ],
            "containers": [ChartFixture.container("registry", ["registry"])],
        ]
        #expect(Self.hosts(pod) == Self.expected([], [30_020], ["169.254.20.10"]))
        let variables = ChartFixture.container(
            "configuration",
            ["configuration"],
            [
                "env": [
                    ChartFixture.nodeIP,
                    ["name": "MIRROR_TARGETS", "value": "http://$(NODE_IP):1,http://$(NODE_IP):2"],
                    ["name": "MIRRORED_REGISTRIES", "value": "https://docker.io"],
                ]
            ]
        )
        #expect(Self.hosts(["initContainers": [variables]]) == Self.expected(["docker.io"], [1, 2]))
    }

    @Test("The directory is that of the host, where the chart mounts it elsewhere in the container")
    func mounted() {
        var pod = ChartFixture.pod([])
        pod["initContainers"] = [
            ChartFixture.container(
                "configuration",
                ["configuration", "--containerd-registry-config-path=/certs/d", "--mirror-targets", "\(Self.node):1"],
                ["volumeMounts": [["name": "config", "mountPath": "/certs"]]]
            )
        ]
        pod["volumes"] = [["name": "config", "hostPath": ["path": "/var/lib/rancher/k3s/certs"]]]
        #expect(Self.hosts(pod)?.registryConfigPath == "/var/lib/rancher/k3s/certs/d")
        pod["volumes"] = [["name": "config", "emptyDir": [:]]]
        #expect(Self.hosts(pod) == nil, "it writes to no host")
    }

    @Test("A release that writes nothing for this node is told of nothing", arguments: 0..<4)
    func nothing(number: Int) {
        let pods: [JSONValue] = [
            ["containers": [ChartFixture.container("registry", ["registry", "--registry-addr=:5000"])]],
            [
                "containers": [
                    ChartFixture.container(
                        "registry",
                        ["--containerd-mirror-add=false", "--mirror-registries", "https://a"]
                    )
                ]
            ],
            ChartFixture.pod(["--mirror-targets", "http://cache.example:80"]),
            ChartFixture.pod(["--containerd-registry-config-path=/a b", "--mirror-targets", "\(Self.node):1"]),
        ]
        #expect(Self.hosts(pods[number]) == nil)
    }

    @Test("Its peers are asked at its own ports and path, and found by its own Service")
    func ports() {
        let settings = ReleaseSettings(ChartFixture.custom)
        #expect(settings.metricsPort == 9190)
        #expect(
            settings.probes == [
                Probe(name: "ready", httpGet: .init(path: "/readyz", port: 5100)),
                Probe(name: "router", tcpSocket: .init(port: 5101)),
            ]
        )
        #expect(settings.bootstrapService?.name == "images-spegel-bootstrap")
        let health = ChartFixture.pod(
            [],
            ["readinessProbe": ["httpGet": ["path": "/healthz", "port": 5000]]]
        )
        #expect(
            ReleaseSettings(ChartFixture.daemonSet(nil, health)).probes[0]
                == Probe(name: "ready", httpGet: .init(path: "/healthz", port: 5000))
        )
    }
}
