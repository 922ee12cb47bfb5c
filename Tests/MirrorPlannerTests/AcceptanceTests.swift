import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A mirror that is not accepted, selects nothing or rests touches nothing")
struct AcceptanceTests {
    private static let ring = Fixture.servers([3, 1, 2])

    private static func condition(_ plan: Plan, _ type: String) -> String {
        let condition = plan.status.conditions.first(ofType: type)
        return "\(condition?.status.rawValue ?? "?") \(condition?.reason ?? "?")"
    }

    @Test("Of two mirrors over the same servers the older acts and the younger names it")
    func conflict() throws {
        var younger = Fixture.mirror("another")
        younger.metadata.creationTimestamp = Timestamp(seconds: 1_700_000_001)
        var snapshot = Fixture.snapshot(younger, Self.ring)
        snapshot.mirrors.append(Fixture.mirror())
        let refused = try #require(Planner.plan(mirror: "another", snapshot))
        #expect(refused.actions.isEmpty)
        #expect(Self.condition(refused, "Accepted") == "False Conflict")
        #expect(refused.status.conditions.first(ofType: "Accepted")?.message.contains("embedded") == true)
        #expect(refused.status.conditions.count == MirrorConditionType.types(of: .rke2).count)
        let accepted = try #require(Planner.plan(mirror: "embedded", snapshot))
        #expect(Self.condition(accepted, "Accepted") == "True Accepted")
        #expect(accepted.actions.count == 3)
    }

    @Test("Mirrors of different providers, or over different servers, do not meet")
    func noConflict() throws {
        var snapshot = Fixture.snapshot(Fixture.mirror(), Self.ring)
        snapshot.mirrors.append(Fixture.mirror("a") { $0.provider = .k3s })
        snapshot.mirrors.append(Fixture.mirror("b") { $0.selector = LabelSelector(matchLabels: ["x": "y"]) })
        for mirror in snapshot.mirrors {
            let plan = try #require(Planner.plan(mirror: mirror.metadata.name, snapshot))
            #expect(Self.condition(plan, "Accepted") == "True Accepted")
        }
    }

    @Test("A selector that matches nothing is no fault of the specification")
    func nothingSelected() throws {
        let mirror = Fixture.mirror { $0.selector = LabelSelector(matchLabels: ["no": "where"]) }
        let plan = try #require(Planner.plan(mirror: "embedded", Fixture.snapshot(mirror, Self.ring)))
        #expect(plan.actions.isEmpty)
        #expect(Self.condition(plan, "Accepted") == "True Accepted")
        #expect(Self.condition(plan, "Ready") == "False NoNodesSelected")
        #expect(Self.condition(plan, "TopologyAcyclic") == "Unknown NoServers")
    }

    @Test("Windows nodes, other distributions and nodes without a version are never selected")
    func foreignNodes() throws {
        let nodes: [TestNode] = [
            .server("server-1") { $0.os = "windows" }, .server("server-2") { $0.version = "v1.32.3+k3s1" },
            .server("server-3") { $0.version = "v1.32.3" }, .agent("agent-4", Fixture.url(1)) { $0.os = "windows" },
        ]
        let plan = try #require(Planner.plan(mirror: "embedded", Fixture.snapshot(Fixture.mirror(), nodes)))
        #expect(plan.status.nodes?.selected == 0)
        #expect(plan.actions.isEmpty)
    }

    @Test("Under Observe the mirror is Ready, says what it would do, and wishes for nothing")
    func observe() throws {
        let mirror = Fixture.mirror(mode: .observe)
        let plan = try #require(Planner.plan(mirror: "embedded", Fixture.snapshot(mirror, Self.ring)))
        #expect(Self.condition(plan, "Ready") == "True Observing")
        #expect(Self.condition(plan, "TopologyAcyclic") == "False RingFound")
        #expect(plan.status.nextChange?.node == "server-1")
        #expect(plan.status.nextChange?.action == .clearServer)
        #expect(plan.status.topology?.pendingChanges == 2)
        for intent in plan.actions.compactMap(\.mirrorNode) { #expect(intent.spec.desired == nil) }
        #expect(plan.actions.count == 3)
    }

    @Test("A pause and stale information leave everything as it is", arguments: [true, false])
    func rest(isPause: Bool) throws {
        var snapshot = Fixture.snapshot(Fixture.mirror { $0.pauseRequests = isPause ? ["upgrade"] : [] }, Self.ring)
        if !isPause { snapshot.staleness = "the watch of nodes is broken" }
        let plan = try #require(Planner.plan(mirror: "embedded", snapshot))
        #expect(plan.actions.isEmpty)
        #expect(Self.condition(plan, "Ready") == (isPause ? "False Paused" : "Unknown StaleInformation"))
        #expect(Self.condition(plan, "Reconciling") == (isPause ? "False Paused" : "True StaleInformation"))
        #expect(Self.condition(plan, "Paused") == (isPause ? "True Paused" : "False NotPaused"))
    }

    @Test("A preferred root that is absent is told, and another one is taken")
    func missingRoot() throws {
        let mirror = Fixture.mirror { $0.topology.preferredRoots = ["server-9", "server-2"] }
        let plan = try #require(Planner.plan(mirror: "embedded", Fixture.snapshot(mirror, Self.ring)))
        #expect(plan.status.topology?.root == "server-2")
        #expect(plan.notes.contains { $0.reason == .preferredRootMissing && $0.message.contains("server-9") })
    }

    @Test(
        "Whose node it is, is told by the marks of Rancher and of Cluster API",
        arguments: [
            ("rke.cattle.io/machine", true, "Rancher"), ("cluster.x-k8s.io/machine", false, "Cluster API"),
            ("cluster.x-k8s.io/owner-name", false, "Cluster API"),
            ("cluster.x-k8s.io/cluster-name", false, "Cluster API"),
            ("rke.cattle.io/pre-bootstrapped", false, "Rancher"), ("plan.upgrade.cattle.io/server-plan", true, nil),
        ] as [(String, Bool, String?)]
    )
    func managers(key: String, isLabel: Bool, manager: String?) {
        var node = TestNode.server("server-1")
        if isLabel { node.labels[key] = "x" } else { node.annotations[key] = "x" }
        #expect(RancherNode(node: node.node, distribution: .rke2).manager == manager)
        // Rancher provisions by Cluster API, and then it is Rancher that writes the files.
        node.annotations["cluster.x-k8s.io/machine"] = "x"
        #expect(
            RancherNode(node: node.node, distribution: .rke2).manager
                == (manager == "Rancher" ? manager : "Cluster API")
        )
    }

    @Test(
        "Registries of a worker that Rancher manages are left alone, unless the mirror says otherwise",
        arguments: ManagedNodes.allCases
    )
    func managedWorker(managed: ManagedNodes) throws {
        let mirror = Fixture.mirror {
            $0.registries = ["quay.io"]
            $0.rke2 = .init(managedNodes: managed)
        }
        let nodes =
            Fixture.servers([nil, 1, 1]) + [
                .agent("agent-1", Fixture.url(1)) { $0.labels["rke.cattle.io/machine"] = "x" }
            ]
        var world = World(Fixture.snapshot(mirror, nodes))
        var dice = Dice(seed: 1)
        for _ in 0..<80 {
            world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
            _ = world.runAgents(&dice)
            world.snapshot.now = world.snapshot.now + 15
        }
        #expect(world.restarts.contains { $0.node == "agent-1" } == (managed == .enforce))
        #expect(world.restarts.filter { $0.node != "agent-1" }.count == 3)
    }

    @Test("An agent whose server is away is told")
    func deadServer() throws {
        var nodes = Fixture.servers([nil, 1, 1])
        nodes[1].isReady = false
        nodes.append(.agent("agent-1", Fixture.url(2)))
        nodes.append(.agent("agent-2", Fixture.url(1)))
        let plan = try #require(Planner.plan(mirror: "embedded", Fixture.snapshot(Fixture.mirror(), nodes)))
        let notes = plan.notes.filter { $0.reason == .deadServer }
        #expect(notes.map(\.node) == ["server-2"])
        #expect(notes.first?.message.hasPrefix("agent-1 ") == true)
        #expect(Self.condition(plan, "NodesCurrent") == "True DeadServer")
    }

    @Test("A MirrorNode goes with its Node, with its replacement, and with the selection")
    func leftovers() throws {
        var world = World(Fixture.snapshot(Fixture.mirror(), Fixture.servers([nil, 1, 1])))
        world.carryOut(try #require(Planner.plan(mirror: "embedded", world.snapshot)))
        world.snapshot.nodes.removeLast()
        world.snapshot.nodes[0].metadata.uid = "another"
        let plan = try #require(Planner.plan(mirror: "embedded", world.snapshot))
        let deleted = plan.actions.compactMap { action -> String? in
            guard action.purpose == .deleteMirrorNode else { return nil }
            let (name, reason) = (action.target.key.name, action.verdict.reason)
            return "\(name) \(reason.rawValue)"
        }
        #expect(deleted == ["embedded.server-1 NodeReplaced", "embedded.server-3 NodeGone"])
        #expect(plan.actions.count == 2)
    }
}
