import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Testing

@Suite("Gathering what is known")
struct GatheringTests {
    @Test("a node keeps the annotations that decisions rest on, and no secret")
    func pruning() {
        var node = Fixture.server("s1", number: 1)
        node.metadata.annotations["rke2.io/node-args"] = #"["server","--token","hunter2","--server","https://a:9345"]"#
        node.metadata.annotations["p2pmirror.io/exclude"] = "old disk"
        node.metadata.annotations["cluster.x-k8s.io/machine"] = "m"
        node.metadata.annotations["csi.volume.kubernetes.io/nodeid"] = "x"
        node.metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"] = "hunter2"
        let pruned = NodePruning.pruned(node)
        #expect(
            pruned.metadata.annotations.keys.sorted() == [
                "cluster.x-k8s.io/machine", "p2pmirror.io/exclude", "rke2.io/hostname", "rke2.io/node-args",
                "rke2.io/node-config-hash", "rke2.io/node-env",
            ]
        )
        #expect(!pruned.metadata.annotations.values.contains { $0.contains("hunter2") })
        #expect(pruned.metadata.labels == node.metadata.labels)
        #expect(NodePruning.pruned(pruned) == pruned)
    }

    @Test("a node keeps each condition that says something of a seed")
    func prunedConditions() {
        var node = Fixture.server("s1", number: 1)
        let types = ["Ready", "DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable"]
        node.status?.conditions = (types + ["Chatter"]).map {
            Node.Condition(type: $0, status: $0 == "Ready" ? "False" : "True")
        }
        let pruned = NodePruning.pruned(node)
        #expect(pruned.status?.conditions?.map(\.type) == types)
        #expect(NodeEvidence(pruned) == NodeEvidence(node))
    }

    @Test(
        "what can't be read as a mirror is a mirror with its fault",
        arguments: [
            #"{"metadata":{"name":"m"},"spec":{"provider":"Nexus"}}"#,
            #"{"metadata":{"name":"m"},"spec":{"provider":"RKE2","mode":7}}"#,
            #"{"metadata":{"name":"m"},"spec":{}}"#, #"{"metadata":{"name":"m"}}"#,
        ]
    )
    func unreadable(text: String) throws {
        let observed = try JSONCoding.decode(ObservedMirror.self, from: Array(text.utf8))
        #expect(observed.mirror == nil)
        #expect(observed.fault?.contains("spec") ?? false)
    }

    @Test("a status of another shape does not hide the mirror")
    func otherStatus() throws {
        let text = #"{"metadata":{"name":"m"},"spec":{"provider":"K3s"},"status":{"conditions":"none"}}"#
        let observed = try JSONCoding.decode(ObservedMirror.self, from: Array(text.utf8))
        #expect(observed.mirror?.spec.provider == .k3s)
        #expect(observed.status == nil)
    }

    @Test(
        "stores that are not read, or not heard of, are stale",
        arguments: [(nil, true), (100, true), (151, true), (1, false)]
    )
    func staleness(age: Int?, isSynced: Bool) {
        let nodes = Store<Node>.make()
        let mirrors = Store<ObservedMirror>.make()
        let mirrorNodes = Store<MirrorNode>.make()
        mirrors.writer.apply(.relistEnded(resourceVersion: "1"))
        mirrorNodes.writer.apply(.relistEnded(resourceVersion: "1"))
        if isSynced { nodes.writer.apply(.relistEnded(resourceVersion: "1")) }
        let stores = MirrorStores(
            mirrors: mirrors.reader,
            nodes: nodes.reader,
            mirrorNodes: mirrorNodes.reader,
            health: { age.map { [("nodes", Self.health(.seconds($0)))] } ?? [] }
        )
        if isSynced, age ?? 0 <= 150 {
            #expect(stores.staleness == nil)
        } else {
            #expect(stores.staleness?.contains("nodes") ?? false)
        }
    }

    @Test("a store that a live read has not shown to be complete is stale, however young it is")
    func unprovenStore() {
        let mirrors = Store<ObservedMirror>.make()
        let nodes = Store<Node>.make()
        let mirrorNodes = Store<MirrorNode>.make()
        mirrors.writer.apply(.relistEnded(resourceVersion: "1"))
        nodes.writer.apply(.relistEnded(resourceVersion: "1"))
        mirrorNodes.writer.apply(.relistEnded(resourceVersion: "1"))
        for freshness in Freshness.allCases {
            let stores = MirrorStores(
                mirrors: mirrors.reader,
                nodes: nodes.reader,
                mirrorNodes: mirrorNodes.reader,
                health: { [("nodes", Self.health(.seconds(1), freshness))] }
            )
            #expect((stores.staleness == nil) == (freshness != .unproven), "\(freshness)")
        }
    }

    @Test("a quiet store is not stale, however old: it is proven before something is done")
    func quietStore() async {
        let mirrors = Store<ObservedMirror>.make()
        let nodes = Store<Node>.make()
        let mirrorNodes = Store<MirrorNode>.make()
        mirrors.writer.apply(.relistEnded(resourceVersion: "1"))
        nodes.writer.apply(.relistEnded(resourceVersion: "1"))
        mirrorNodes.writer.apply(.relistEnded(resourceVersion: "1"))
        let stores = MirrorStores(
            mirrors: mirrors.reader,
            nodes: nodes.reader,
            mirrorNodes: mirrorNodes.reader,
            health: { [("nodes", Self.health(.seconds(500), .quiet))] }
        )
        #expect(stores.staleness == nil)
        var proofs = Proofs()
        #expect(await !proofs.demand())
        proofs.add { false }
        proofs.add { true }
        #expect(await proofs.demand())
    }

    private static func health(_ age: Duration, _ freshness: Freshness = .followed) -> ReflectorHealth {
        var health = ReflectorHealth()
        health.age = age
        health.freshness = freshness
        return health
    }

    @Test("evidence is read from the server, whatever the stores say")
    func evidence() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror(pause: ["hold"]))
        try await cluster.put(Fixture.server("s1", number: 1, ready: false))
        try await cluster.put(Fixture.server("s3", number: 3))
        let snapshot = Snapshot(
            now: Fixture.start.timestamp,
            mirrors: [Fixture.mirror()],
            nodes: [Fixture.server("s1", number: 1), Fixture.server("s2", number: 2)]
        )
        let holder = DisruptionHolder(mirror: "m", node: "s1", revision: "1-a")
        let plan = Plan(mirror: "m", writes: [.acquireDisruption(holder, from: nil)], status: Fixture.status())
        #expect(EvidenceReader.isNeeded(for: plan))
        let reader = EvidenceReader(KubeAPI(cluster), now: { Fixture.start.timestamp + 5 })
        let live = try #require(try await reader.refreshed(snapshot, for: plan))
        #expect(live.nodes.map(\.metadata.name) == ["s1", "s3"])
        #expect(live.nodes.first?.isReady == false)
        #expect(live.mirrors.first?.spec.pauseRequests == ["hold"])
        #expect(live.now == Fixture.start.timestamp + 5)
        try await cluster.api.delete(P2PMirror.self, ObjectKey(name: "m"))
        #expect(try await reader.refreshed(snapshot, for: plan) == nil)
    }

    @Test("a heartbeat of a node is no reason to look, and a change of its state is")
    func heartbeat() {
        let old = Fixture.server("s1", number: 1)
        var beat = old
        beat.metadata.resourceVersion = "7"
        var fallen = beat
        fallen.status?.conditions = [Node.Condition(type: "Ready", status: "Unknown")]
        func matters(_ old: Node?, _ new: Node?) -> Bool {
            MirrorOperator.matters(StoreChange(key: ObjectKey(name: "s1"), old: old, new: new))
        }
        #expect(!matters(old, beat))
        #expect(matters(old, fallen))
        #expect(matters(nil, old))
        #expect(matters(old, nil))
    }
}
