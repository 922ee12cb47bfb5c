import KubeCore
import MirrorAPI
import MirrorPlanner
import MirrorSandbox
import Testing

/// A fleet with something about it, a mirror over it, and what comes of that.
struct OddFleet: Sendable, CustomTestStringConvertible {
    /// What happens while the mirror is at work.
    enum Incident: Sendable {
        case none
        /// The mirror is deleted as soon as an agent has claimed its approval.
        case deletedOnceClaimed
    }

    /// What a condition must say.
    struct Expectation: Sendable {
        var type: MirrorConditionType
        var status: Condition.Status
        var reason: Reason

        init(_ type: MirrorConditionType, _ status: Condition.Status, _ reason: Reason) {
            self.type = type
            self.status = status
            self.reason = reason
        }

        static func stalled(_ reason: Reason) -> Expectation { Expectation(.stalled, .true, reason) }
        static func waiting(_ reason: Reason) -> Expectation { Expectation(.reconciling, .true, reason) }
        static func ready(_ reason: Reason) -> Expectation { Expectation(.ready, .true, reason) }
    }

    /// Unique in the table.
    var name: String
    var fleet = FleetBlueprint.ring(agents: 0, network: "10.0.0")
    /// What is otherwise about a Node: a merge patch, whose status is written as kubelets do.
    var nodes: [String: JSONValue] = [:]
    /// Conditions of Nodes that are otherwise.
    var conditions: [String: [String: String]] = [:]
    /// Files that are otherwise on the disk of every host, from the service's start on or later; nil: absent.
    var files: [String: String?] = [:]
    /// Directories that are absent.
    var lacking: [String] = []
    /// Hosts without an agent.
    var silent: Set<String> = []
    /// Who holds the disruption Lease without being a mirror.
    var stranger: String?
    /// As YAML, what the mirror says beside its provider and `mode: Enforce`; further ones come a second later.
    var specs = ["{}"]
    var incident = Incident.none
    /// What the last mirror must say.
    var expected: [Expectation]
    /// Hosts that are changed and restarted once each; all others must be as they were.
    var touched: [String] = []

    /// How many steps were begun that an agent refused before it touched anything.
    var refusals = 0

    var testDescription: String { name }

    static let all = selections + roots + rivals + quorum + configurations + guarded + health + managed + held + hosts
}

extension OddFleet {
    static let agentsOnly = FleetBlueprint.ring(servers: 0, agents: 2, network: "10.0.0")

    private static let windows: JSONValue = [
        "metadata": ["labels": ["kubernetes.io/os": "windows"]],
        "status": ["nodeInfo": ["operatingSystem": "windows"]],
    ]

    private static let selections = [
        OddFleet(
            name: "a selector that matches nothing",
            specs: ["{selector: {matchLabels: {zone: nowhere}}}"],
            expected: [Expectation(.ready, .false, .noNodesSelected)]
        ),
        OddFleet(
            name: "an RKE2 mirror over K3s nodes",
            fleet: .ring(.k3s, agents: 0, network: "10.0.0"),
            expected: [Expectation(.ready, .false, .noNodesSelected)]
        ),
        OddFleet(
            name: "Windows nodes only",
            fleet: agentsOnly,
            nodes: ["agent-1": windows, "agent-2": windows],
            expected: [Expectation(.ready, .false, .noNodesSelected)]
        ),
        OddFleet(
            name: "agents only",
            fleet: agentsOnly,
            expected: [Expectation(.topologyAcyclic, .unknown, .noServers), .ready(.healthy)]
        ),
        OddFleet(
            name: "an unknown build",
            fleet: .ring(agents: 0, network: "10.0.0", version: "v1.32.3-dirty+rke2-abc"),
            expected: [Expectation(.versionsSupported, .unknown, .unknownVersion), .ready(.healthy)],
            touched: ["server-1", "server-3"]
        ),
        OddFleet(
            name: "fields that no schema names",
            specs: ["{topologie: {preferredRoots: [server-2]}, topology: {roots: [server-2]}}"],
            expected: [Expectation(.accepted, .true, .accepted), .ready(.healthy)],
            touched: ["server-1", "server-3"]
        ),
    ]

    private static func preferring(
        _ name: String,
        _ root: String,
        nodes: [String: JSONValue] = [:],
        agents: Int = 0,
        _ expected: [Expectation],
        touched: [String]
    ) -> OddFleet {
        OddFleet(
            name: name,
            fleet: .ring(agents: agents, network: "10.0.0"),
            nodes: nodes,
            specs: ["{topology: {preferredRoots: [\(root)]}}"],
            expected: expected,
            touched: touched
        )
    }

    private static let passedOver = [Expectation(.nodesCurrent, .true, .preferredRootMissing), .ready(.healthy)]

    private static let roots = [
        preferring("a preferred root that does not exist", "server-9", passedOver, touched: ["server-1", "server-3"]),
        preferring(
            "a preferred root that is an agent",
            "agent-1",
            agents: 1,
            passedOver,
            touched: ["server-1", "server-3"]
        ),
        preferring(
            "a preferred root that is excluded",
            "server-1",
            nodes: ["server-1": ["metadata": ["annotations": ["p2pmirror.io/exclude": "to be replaced"]]]],
            [Expectation(.nodesCurrent, .true, .preferredRootUnfit), .ready(.healthy)],
            touched: ["server-1", "server-2"]
        ),
        preferring(
            "a preferred root that is cordoned",
            "server-1",
            nodes: ["server-1": cordoned],
            [.waiting(.serverCordoned)],
            touched: []
        ),
        preferring(
            "a preferred root that is fit",
            "server-3",
            [Expectation(.nodesCurrent, .true, .nodesCurrent), .ready(.healthy)],
            touched: ["server-2", "server-3"]
        ),
    ]

    /// Two rings side by side, `red-` and `blue-`.
    private static let twoRings: FleetBlueprint = {
        var first = FleetBlueprint.ring(agents: 0, network: "10.0.1")
        var second = FleetBlueprint.ring(agents: 0, network: "10.0.2")
        for index in first.hosts.indices { first.hosts[index].name = "red-\(index + 1)" }
        for index in second.hosts.indices { second.hosts[index].name = "blue-\(index + 1)" }
        first.hosts += second.hosts
        return first
    }()

    private static let colours = Dictionary(
        uniqueKeysWithValues: twoRings.hosts.map { host -> (String, JSONValue) in
            (host.name, ["metadata": ["labels": ["team": .string(String(host.name.prefix { $0 != "-" }))]]])
        }
    )

    private static let rivals = [
        OddFleet(
            name: "two mirrors over the same servers",
            specs: ["{mode: Observe}", "{}"],
            expected: [Expectation(.accepted, .false, .conflict), .stalled(.conflict)]
        ),
        OddFleet(
            name: "two mirrors of which one has a server too many",
            fleet: twoRings,
            nodes: colours,
            specs: ["{mode: Observe, selector: {matchLabels: {team: red}}}", "{}"],
            expected: [Expectation(.accepted, .false, .conflict)]
        ),
        OddFleet(
            name: "two mirrors over other servers",
            fleet: twoRings,
            nodes: colours,
            specs: ["{selector: {matchLabels: {team: red}}}", "{selector: {matchLabels: {team: blue}}}"],
            expected: [Expectation(.accepted, .true, .accepted), .ready(.healthy)],
            touched: ["blue-1", "blue-3", "red-1", "red-3"]
        ),
        OddFleet(
            name: "two mirrors of two providers",
            specs: ["{}", "{provider: K3s}"],
            expected: [Expectation(.accepted, .true, .accepted), Expectation(.ready, .false, .noNodesSelected)],
            touched: ["server-1", "server-3"]
        ),
    ]
}
