import KubeCore
import MirrorAPI
import MirrorSandbox

extension OddFleet {
    static let cordoned: JSONValue = ["spec": ["unschedulable": true]]

    static let outage = "{rollout: {allowControlPlaneOutage: true}}"

    static func ring(_ servers: Int) -> FleetBlueprint { .ring(servers: servers, agents: 0, network: "10.0.0") }

    static let quorum = [
        OddFleet(
            name: "two voters only",
            fleet: ring(2),
            expected: [.stalled(.quorumWouldBeLost), Expectation(.highlyAvailable, .false, .fewerThanThreeServers)]
        ),
        OddFleet(
            name: "two voters, and an outage is allowed",
            fleet: ring(2),
            specs: [outage],
            expected: [.ready(.healthy)],
            touched: ["server-1"]
        ),
        OddFleet(
            name: "a single server that points at itself",
            fleet: ring(1),
            expected: [.stalled(.quorumWouldBeLost), Expectation(.topologyAcyclic, .false, .ringFound)]
        ),
        OddFleet(
            name: "a single server that points at itself, and an outage is allowed",
            fleet: ring(1),
            specs: [outage],
            expected: [.ready(.healthy)],
            touched: ["server-1"]
        ),
        OddFleet(
            name: "one voter among three servers",
            fleet: changing(ring(3), ["server-2", "server-3"], to: "disable-etcd: true"),
            expected: [.stalled(.quorumWouldBeLost)]
        ),
    ]

    /// The fleet with another line in the configuration of some servers, which then have no etcd of their own.
    private static func changing(_ fleet: FleetBlueprint, _ names: [String], to line: String) -> FleetBlueprint {
        var fleet = fleet
        for index in fleet.hosts.indices where names.contains(fleet.hosts[index].name) {
            fleet.hosts[index].extraConfiguration.append(line)
            fleet.hosts[index].hasEtcdMember = line.hasPrefix("disable-apiserver")
        }
        return fleet
    }

    /// All servers with that one `server:`.
    private static func pointing(to url: String, version: String? = nil) -> FleetBlueprint {
        var fleet = FleetBlueprint.ring(agents: 0, network: "10.0.0", version: version)
        for index in fleet.hosts.indices { fleet.hosts[index].server = url }
        return fleet
    }

    private static func arguments(_ value: JSONValue) -> [String: JSONValue] {
        ["server-2": ["metadata": ["annotations": ["rke2.io/node-args": value]]]]
    }

    private static let registryOff: FleetBlueprint = {
        var fleet = ring(3)
        for index in fleet.hosts.indices { fleet.hosts[index].extraConfiguration = [] }
        return fleet
    }()

    private static let unreadable = [
        Expectation(.topologyAcyclic, .unknown, .unreadableConfiguration),
        Expectation.ready(.unreadableConfiguration),
    ]

    static let configurations = [
        OddFleet(name: "node-args that are no JSON", nodes: arguments("--server=x"), expected: unreadable),
        OddFleet(name: "node-args that are no list", nodes: arguments(#"{"server":"x"}"#), expected: unreadable),
        OddFleet(name: "no node-args", nodes: arguments(nil), expected: unreadable),
        OddFleet(
            name: "a `server:` that is no URL",
            nodes: arguments(#"["server","--server","10.0.0.10","--embedded-registry","true"]"#),
            expected: [Expectation(.topologyAcyclic, .true, .acyclic), .ready(.healthy)]
        ),
        OddFleet(
            name: "the embedded registry is off",
            fleet: registryOff,
            expected: [Expectation(.topologyAcyclic, .false, .embeddedRegistryOff), .ready(.healthy)]
        ),
        OddFleet(
            name: "a ring on a version with the fix",
            fleet: .ring(agents: 0, network: "10.0.0", version: "v1.32.5+rke2r1"),
            expected: [Expectation(.versionsSupported, .true, .versionsSupported), .ready(.healthy)],
            touched: ["server-1", "server-3"]
        ),
        OddFleet(
            name: "a load balancer on a version that recurses",
            fleet: pointing(to: "https://registration.example.org:9345"),
            expected: [.ready(.healthy)],
            touched: ["server-1", "server-2", "server-3"]
        ),
        OddFleet(
            name: "a load balancer on a version with the fix",
            fleet: pointing(to: "https://registration.example.org:9345", version: "v1.32.5+rke2r1"),
            expected: [Expectation(.topologyAcyclic, .true, .acyclic), .ready(.healthy)]
        ),
    ]

    static let guarded = [
        OddFleet(
            name: "an external datastore",
            fleet: changing(
                ring(3),
                ["server-1", "server-2", "server-3"],
                to: "datastore-endpoint: postgres://user:password@db.example.org:5432/rke2"
            ),
            expected: [.stalled(.noEligibleRoot)]
        ),
        OddFleet(
            name: "a ring of servers without etcd",
            fleet: changing(ring(3), ["server-1", "server-2", "server-3"], to: "disable-etcd: true"),
            expected: [.stalled(.noEligibleRoot)]
        ),
        OddFleet(
            name: "one server without etcd in a ring of four",
            fleet: changing(ring(4), ["server-1"], to: "disable-etcd: true"),
            expected: [.ready(.healthy)],
            touched: ["server-1", "server-2", "server-4"]
        ),
        OddFleet(
            name: "one server without an API server in a ring of four",
            fleet: changing(ring(4), ["server-1"], to: "disable-apiserver: true"),
            expected: [.ready(.healthy)],
            touched: ["server-1", "server-2", "server-4"]
        ),
        OddFleet(
            name: "an etcd member without a vote",
            conditions: ["server-2": ["EtcdIsVoter": "False"]],
            expected: [.stalled(.quorumWouldBeLost)]
        ),
        OddFleet(
            name: "no etcd member has a vote",
            conditions: Dictionary(
                uniqueKeysWithValues: (1...3).map { ("server-\($0)", ["EtcdIsVoter": "False"]) }
            ),
            expected: [.stalled(.noEligibleRoot)]
        ),
    ]

    static let health = [
        OddFleet(
            name: "a server that is not Ready",
            conditions: ["server-2": ["Ready": "Unknown"]],
            expected: [.waiting(.otherServerNotReady)]
        ),
        OddFleet(
            name: "no server is Ready",
            conditions: Dictionary(uniqueKeysWithValues: (1...3).map { ("server-\($0)", ["Ready": "False"]) }),
            expected: [.stalled(.noEligibleRoot)]
        ),
        OddFleet(
            name: "a server that is cordoned",
            nodes: ["server-2": cordoned],
            expected: [.waiting(.serverCordoned)]
        ),
        OddFleet(
            name: "no agent reports",
            silent: ["server-1", "server-2", "server-3"],
            expected: [.waiting(.agentNotReporting)]
        ),
        OddFleet(
            name: "the agent of one server does not report",
            silent: ["server-3"],
            expected: [.waiting(.agentNotReporting)],
            touched: ["server-1"]
        ),
    ]
}
