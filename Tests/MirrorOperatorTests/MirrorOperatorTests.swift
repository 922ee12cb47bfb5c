import KubeCore
import KubeTestSupport
import Logging
import MirrorAPI
import MirrorOperator
import Telemetry
import Testing

/// What is logged from INFO on.
private final class LoggedLines: Sendable {
    private let state = Shared<[String]>([])

    var all: [String] { state.value }
    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LoggedLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(lines: LoggedLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", ")
            lines.state.withLock { $0.append("\(event.level) \(event.message) \(metadata)") }
        }
    }
}

@Suite("The operator as it runs")
struct MirrorOperatorTests {
    private func makeOperator(_ cluster: TestCluster, identity: String, leaderElection: Bool = true) throws
        -> MirrorOperator
    {
        try MirrorOperator(
            cluster,
            options: OperatorOptions(
                leaseNamespace: Fixture.namespace,
                identity: identity,
                leaderElection: leaderElection
            ),
            logger: Fixture.logger
        )
    }

    /// Waits until `condition` holds; a test that would wait for ever fails by its time limit.
    private func wait(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test(
        "it waits for the definitions, then plans a new mirror, and gives its Lease up at the end",
        .timeLimit(.minutes(1))
    )
    func wholeLife() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.server("s1", number: 1), status: true)
        let mirrorOperator = try makeOperator(cluster, identity: "a")
        let running = Task { await mirrorOperator.run() }
        try await wait { mirrorOperator.isLeader && mirrorOperator.readyChecks.allSatisfy { $0.check() == nil } }
        try await cluster.put(Fixture.mirror(mode: .observe))
        try await wait { try await cluster.mirror().status?.observedGeneration == 1 }
        try await wait { try await cluster.mirrorNode("m.s1") != nil }
        running.cancel()
        await running.value
        let lease = try await cluster.object(
            Lease.self,
            ObjectKey(namespace: Fixture.namespace, name: "p2pmirror-operator")
        )
        #expect(lease?.spec?.holderIdentity == "")
    }

    @Test("a standby keeps its caches warm and writes nothing", .timeLimit(.minutes(1)))
    func standby() async throws {
        let cluster = try await TestCluster()
        let first = try makeOperator(cluster, identity: "a")
        let leading = Task { await first.run() }
        try await wait { first.isLeader }
        let second = try makeOperator(cluster, identity: "b")
        let standing = Task { await second.run() }
        try await wait { second.readyChecks.allSatisfy { $0.check() == nil } }
        #expect(!second.isLeader)
        leading.cancel()
        await leading.value
        standing.cancel()
        await standing.value
    }

    @Test("a standby that takes over lists nothing, and works", .timeLimit(.minutes(1)))
    func takeover() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.server("s1", number: 1), status: true)
        let first = try makeOperator(cluster, identity: "a")
        let leading = Task { await first.run() }
        try await wait { first.isLeader && first.readyChecks.allSatisfy { $0.check() == nil } }
        let second = try makeOperator(cluster, identity: "b")
        let standing = Task { await second.run() }
        try await wait { second.readyChecks.allSatisfy { $0.check() == nil } }
        let before = cluster.log.count
        leading.cancel()
        await leading.value
        try await wait { second.isLeader }
        try await cluster.put(Fixture.mirror(mode: .observe))
        try await wait { try await cluster.mirror().status?.observedGeneration == 1 }
        let resources = [P2PMirror.resource, Node.resource, MirrorNode.resource].map { $0.path() }
        let lists = cluster.log.dropFirst(before).filter { $0.method == .get && resources.contains($0.path) }
        #expect(lists.isEmpty)
        standing.cancel()
        await standing.value
    }

    @Test("losing the Lease stops the writes and nothing else; it leads again when it can", .timeLimit(.minutes(1)))
    func lostLease() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.server("s1", number: 1), status: true)
        let mirrorOperator = try makeOperator(cluster, identity: "a")
        let running = Task { await mirrorOperator.run() }
        try await wait { mirrorOperator.isLeader && mirrorOperator.readyChecks.allSatisfy { $0.check() == nil } }
        let lease = ObjectKey(namespace: Fixture.namespace, name: "p2pmirror-operator")
        func hold(by holder: String) async throws {
            let patch = Patch.merge(["spec": ["holderIdentity": .string(holder)]])
            try await cluster.api.patch(Lease.self, lease, patch)
        }
        try await hold(by: "somebody")
        try await wait { !mirrorOperator.isLeader }
        cluster.clearLog()
        try await cluster.put(Fixture.mirror(mode: .observe))
        let looks = "/apis/coordination.k8s.io/v1/namespaces/\(Fixture.namespace)/leases/p2pmirror-operator"
        try await wait { cluster.log.count { $0.method == .get && $0.path == looks } >= 2 }
        #expect(cluster.writes.filter { $0.contains(" by p2pmirror") } == [])
        #expect(mirrorOperator.readyChecks.allSatisfy { $0.check() == nil })
        try await hold(by: "")
        try await wait { try await cluster.mirror().status?.observedGeneration == 1 }
        running.cancel()
        await running.value
    }

    @Test("without the definitions it is not ready, and says what to do", .timeLimit(.minutes(1)))
    func noDefinitions() async throws {
        let cluster = try await TestCluster(definitions: false)
        let mirrorOperator = try makeOperator(cluster, identity: "a", leaderElection: false)
        let running = Task { await mirrorOperator.run() }
        let check = try #require(mirrorOperator.readyChecks.first { $0.name == "definitions" })
        try await wait { check.check()?.contains("crds/") ?? false }
        running.cancel()
        await running.value
        #expect(cluster.writes.isEmpty)
    }

    @Test("it is not ready any more once the definitions vanish", .timeLimit(.minutes(1)))
    func vanishedDefinitions() async throws {
        let cluster = try await TestCluster()
        let mirrorOperator = try makeOperator(cluster, identity: "a", leaderElection: false)
        let running = Task { await mirrorOperator.run() }
        try await wait { mirrorOperator.readyChecks.allSatisfy { $0.check() == nil } }
        let resource = ResourceType(
            group: "apiextensions.k8s.io",
            version: "v1",
            plural: "customresourcedefinitions",
            kind: "CustomResourceDefinition",
            namespaced: false
        )
        let name = "\(MirrorNode.resource.plural).\(MirrorNode.resource.group)"
        _ = try await cluster.api.answer(to: .delete(resource, ObjectKey(name: name)))
        let check = try #require(mirrorOperator.readyChecks.first { $0.name == "definitions" })
        try await wait { check.check()?.contains("mirrornodes of p2pmirror.io/v1alpha1: apply") ?? false }
        running.cancel()
        await running.value
    }

    @Test("it says once what runs, against which server and with which settings")
    func start() async throws {
        let cluster = try await TestCluster()
        let lines = LoggedLines()
        let mirrorOperator = try MirrorOperator(
            cluster,
            options: OperatorOptions(leaseNamespace: "leases", identity: "a", leaderElection: true),
            logger: lines.logger
        )
        await mirrorOperator.logStart(version: "1.2.3", host: "10.0.0.1:6443")
        let line = try #require(lines.all.first)
        #expect(lines.all.count == 1)
        for part in ["info", "Operator starts", "1.2.3", "10.0.0.1:6443", "leases/p2pmirror-operator", "kubernetes: v"]
        {
            #expect(line.contains(part), "\(part): \(line)")
        }
    }

    @Test("a deed waits until what a quiet watch knows is proven", .timeLimit(.minutes(1)))
    func provenFirst() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.server("s1", number: 1), status: true)
        try await cluster.put(Fixture.mirror(mode: .observe))
        let demands = Shared(0)
        var proofs = Proofs()
        proofs.add {
            demands.withLock { demands in
                demands += 1
                return demands == 1
            }
        }
        let pass = OperatorPass(
            cluster,
            leaseNamespace: Fixture.namespace,
            proofs: proofs,
            wallClock: { Fixture.start },
            logger: Fixture.logger
        )
        try await pass.run()
        #expect(try await cluster.mirrorNode("m.s1") == nil)
        try await pass.run()
        #expect(try await cluster.mirrorNode("m.s1") != nil)
    }

    @Test("options that can't work are refused", arguments: [("", "a"), (Fixture.namespace, "")])
    func options(namespace: String, identity: String) async throws {
        let cluster = try await TestCluster()
        let error = #expect(throws: KubeError.self) {
            try MirrorOperator(
                cluster,
                options: OperatorOptions(leaseNamespace: namespace, identity: identity),
                logger: Fixture.logger
            )
        }
        #expect(error?.code == .configuration)
    }
}
