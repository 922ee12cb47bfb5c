import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// A graph by name, what must be seen in it, and what must be done about it.
struct GraphCase: CustomTestStringConvertible {
    var name: String
    var nodes: [TestNode]
    var shape: TopologyShape
    var cycles: [[String]] = []
    var depth = 0
    /// `node: reason`, in order.
    var changes: [String] = []
    var ready = "Healthy"
    var acyclic = "Acyclic"
    var change: @Sendable (inout P2PMirrorSpec) -> Void = { _ in }

    var testDescription: String { name }
}

private let ring = [["server-1", "server-3", "server-2"]]
private let pending = "AgentNotReporting"
private let found = "RingFound"

@Suite("Every kind of server topology is seen as it is and put right in the right order")
struct GraphTests {
    @Test("A graph has its shape, cycles, depth, changes and reasons", arguments: GraphCase.all)
    func graph(_ graph: GraphCase) throws {
        let snapshot = Fixture.snapshot(Fixture.mirror("embedded", mode: .enforce, graph.change), graph.nodes)
        let plan = try #require(Planner.plan(mirror: "embedded", snapshot))
        let topology = try #require(plan.status.topology)
        #expect(topology.observed == graph.shape)
        #expect((topology.cycles ?? []).map(\.nodes) == graph.cycles)
        #expect(topology.cycleCount == graph.cycles.count)
        #expect(topology.depth == graph.depth)
        let assessment = Assessment(Fleet(snapshot.mirrors[0], .rke2, snapshot), disrupted: nil, elects: true)
        #expect(assessment.changes.map { "\($0.node): \($0.reason.rawValue)" } == graph.changes)
        #expect(topology.pendingChanges == graph.changes.count)
        #expect(plan.status.conditions.first(ofType: "Ready")?.reason == graph.ready)
        #expect(plan.status.conditions.first(ofType: "TopologyAcyclic")?.reason == graph.acyclic)
        #expect(plan == Planner.plan(mirror: "embedded", snapshot), "equal snapshots give equal plans")
    }
}

extension GraphCase {
    static var all: [GraphCase] { rings + trees + addresses + odd }

    private static var rings: [GraphCase] {
        [
            GraphCase(
                name: "a server that points to itself",
                nodes: Fixture.servers([1, 1, 1]),
                shape: .ring,
                cycles: [["server-1"]],
                changes: ["server-1: BreaksCycle"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a server that points to its loopback address",
                nodes: [
                    .server("server-1", "https://127.0.0.1:9345"), .server("server-2", Fixture.url(1)),
                    .server("server-3", Fixture.url(1)),
                ],
                shape: .ring,
                cycles: [["server-1"]],
                changes: ["server-1: BreaksCycle"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring of three",
                nodes: Fixture.servers([3, 1, 2]),
                shape: .ring,
                cycles: ring,
                changes: ["server-1: BreaksCycle", "server-3: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring of five",
                nodes: Fixture.servers([2, 3, 4, 5, 1]),
                shape: .ring,
                cycles: [["server-1", "server-2", "server-3", "server-4", "server-5"]],
                changes: [
                    "server-1: BreaksCycle", "server-2: JoinsRoot", "server-3: JoinsRoot", "server-4: JoinsRoot",
                ],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "two rings",
                nodes: Fixture.servers([2, 1, 4, 5, 3]),
                shape: .ring,
                cycles: [["server-1", "server-2"], ["server-3", "server-4", "server-5"]],
                changes: [
                    "server-1: BreaksCycle", "server-3: BreaksCycle", "server-4: JoinsRoot", "server-5: JoinsRoot",
                ],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring with tails keeps its hub",
                nodes: Fixture.servers([3, 1, 2, 2, 2, 5]),
                shape: .ring,
                cycles: ring,
                changes: ["server-2: BreaksCycle", "server-1: JoinsRoot", "server-6: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring beside a star joins the star",
                nodes: Fixture.servers([nil, 1, 1, 5, 4]),
                shape: .ring,
                cycles: [["server-4", "server-5"]],
                changes: ["server-4: BreaksCycle"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring with the embedded registry off is left alone",
                nodes: Fixture.servers([3, 1, 2]) { $0.registry = false },
                shape: .ring,
                cycles: ring,
                acyclic: "EmbeddedRegistryOff"
            ),
            GraphCase(
                name: "a ring on a fixed version is put right, too",
                nodes: Fixture.servers([3, 1, 2]) { $0.version = "v1.33.1+rke2r1" },
                shape: .ring,
                cycles: ring,
                changes: ["server-1: BreaksCycle", "server-3: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring with rewrite: Never is reported only",
                nodes: Fixture.servers([3, 1, 2]),
                shape: .ring,
                cycles: ring,
                ready: "RewriteIsOff",
                acyclic: found,
                change: { $0.topology.rewrite = .never }
            ),
            GraphCase(
                name: "a preferred root on a tail is cleared before anything points to it",
                nodes: Fixture.servers([2, 1, 1]),
                shape: .ring,
                cycles: [["server-1", "server-2"]],
                changes: ["server-3: BecomesRoot", "server-1: BreaksCycle", "server-2: JoinsRoot"],
                ready: pending,
                acyclic: found,
                change: { $0.topology.preferredRoots = ["server-3"] }
            ),
        ]
    }

    private static var trees: [GraphCase] {
        [
            GraphCase(name: "one server", nodes: Fixture.servers([nil]), shape: .single),
            GraphCase(name: "two servers and one edge", nodes: Fixture.servers([nil, 1]), shape: .star, depth: 1),
            GraphCase(name: "a star", nodes: Fixture.servers([nil, 1, 1, 1]), shape: .star, depth: 1),
            GraphCase(name: "a chain", nodes: Fixture.servers([nil, 1, 2, 3]), shape: .chain, depth: 3),
            GraphCase(
                name: "a tree deeper than needed",
                nodes: Fixture.servers([nil, 1, 1, 2, 4, 4]),
                shape: .tree,
                depth: 3
            ),
            GraphCase(
                name: "a star and a chain",
                nodes: Fixture.servers([nil, 1, nil, 3, 4]),
                shape: .mixed,
                depth: 2
            ),
            GraphCase(
                name: "an external datastore without any server",
                nodes: Fixture.servers([nil, nil, nil]) {
                    $0.extraArguments = ["--datastore-endpoint", "********"]
                    $0.isVoter = nil
                    $0.labels["no-etcd"] = "true"
                },
                shape: .single
            ),
            GraphCase(
                name: "a ring on an external datastore has no root that could be cleared",
                nodes: Fixture.servers([2, 1]) {
                    $0.extraArguments = ["--datastore-endpoint", "********"]
                    $0.isVoter = nil
                    $0.labels["no-etcd"] = "true"
                },
                shape: .ring,
                cycles: [["server-1", "server-2"]],
                ready: "NoEligibleRoot",
                acyclic: found
            ),
        ]
    }

    private static var addresses: [GraphCase] {
        let balancer = "https://lb.example.com:9345"
        return [
            GraphCase(
                name: "a load balancer on a version that asks on",
                nodes: [
                    .server("server-1", balancer), .server("server-2", balancer), .server("server-3", balancer),
                ],
                shape: .ring,
                cycles: [["server-1", "server-2", "server-3"]],
                changes: ["server-1: BreaksCycle", "server-2: BreaksCycle", "server-3: BreaksCycle"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a load balancer on a fixed version",
                nodes: [TestNode.server("server-1"), .server("server-2", balancer), .server("server-3", balancer)].map {
                    var node = $0
                    node.version = "v1.32.4+rke2r1"
                    return node
                },
                shape: .external
            ),
            GraphCase(
                name: "a server that is gone, on a fixed version",
                nodes: Fixture.servers([nil, 1, 77]) { $0.version = "v1.32.4+rke2r1" },
                shape: .mixed,
                depth: 1
            ),
            GraphCase(
                name: "IPv6 in another spelling",
                nodes: [
                    .server("server-1", "https://[FD00:0:0::3]:9345") { $0.address = "fd00::1" },
                    .server("server-2", "https://[fd00::1]:9345") { $0.address = "fd00::2" },
                    .server("server-3", "https://[fd00:0000::0002]") { $0.address = "fd00::3" },
                ],
                shape: .ring,
                cycles: ring,
                changes: ["server-1: BreaksCycle", "server-3: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "names in another case, with a final dot, and by the hostname annotation",
                nodes: [
                    TestNode.server("server-1", "https://SERVER-3:9345"), .server("server-2", "HTTPS://Server-1.:9345"),
                    .server("server-3", "https://two.example.com:9345"),
                ].map {
                    var node = $0
                    if node.name == "server-2" { node.annotations["rke2.io/hostname"] = "Two.Example.com" }
                    return node
                },
                shape: .ring,
                cycles: ring,
                changes: ["server-1: BreaksCycle", "server-3: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a port other than the default",
                nodes: [
                    .server("server-1", Fixture.url(3, port: 19_345)), .server("server-2", Fixture.url(1, port: 443)),
                    .server("server-3", Fixture.url(2, port: 19_345)),
                ],
                shape: .ring,
                cycles: ring,
                changes: ["server-1: BreaksCycle", "server-3: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
        ]
    }

    private static var odd: [GraphCase] {
        [
            GraphCase(
                name: "an empty value is no edge",
                nodes: [
                    .server("server-1", ""), .server("server-2", Fixture.url(1)), .server("server-3", Fixture.url(1)),
                ],
                shape: .star,
                depth: 1
            ),
            GraphCase(
                name: "a missing annotation leaves the server alone",
                nodes: [
                    .server("server-1"), .server("server-2", Fixture.url(1)),
                    .server("server-3") { $0.rawArguments = .some(nil) },
                ],
                shape: .mixed,
                depth: 1,
                ready: "UnreadableConfiguration",
                acyclic: "UnreadableConfiguration"
            ),
            GraphCase(
                name: "a malformed annotation leaves the server alone",
                nodes: Fixture.servers([2, 1]) + [.server("server-3") { $0.rawArguments = "[\"server\"" }],
                shape: .ring,
                cycles: [["server-1", "server-2"]],
                changes: ["server-1: BreaksCycle"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a guard-list node in the ring is pointed, never cleared",
                nodes: Fixture.servers([3, 1, 2, 2]) { node in
                    guard node.name == "server-1" else { return }
                    node.extraArguments = ["--disable-etcd"]
                    node.isVoter = nil
                },
                shape: .ring,
                cycles: ring,
                changes: ["server-2: BreaksCycle", "server-1: JoinsRoot"],
                ready: pending,
                acyclic: found
            ),
            GraphCase(
                name: "a ring of guard-list nodes only has no root",
                nodes: Fixture.servers([3, 1, 2]) { $0.isVoter = false },
                shape: .ring,
                cycles: ring,
                ready: "NoEligibleRoot",
                acyclic: found
            ),
            GraphCase(
                name: "a ring of managed nodes is observed",
                nodes: Fixture.servers([3, 1, 2]) { $0.annotations["rke.cattle.io/machine"] = "x" },
                shape: .ring,
                cycles: ring,
                ready: "ManagedElsewhere",
                acyclic: found
            ),
            GraphCase(
                name: "two voters only",
                nodes: Fixture.servers([2, 1]),
                shape: .ring,
                cycles: [["server-1", "server-2"]],
                changes: ["server-1: BreaksCycle"],
                ready: "QuorumWouldBeLost",
                acyclic: found
            ),
        ]
    }
}
