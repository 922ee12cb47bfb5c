import KubeCore
import MirrorAPI
import MirrorPlanner
import Synchronization
import Telemetry
import Testing

@testable import MirrorOperator

/// The operator over an API server and scripted endpoints.
@Suite("Evidence about seeds, as the operator gathers it")
struct SeedOperatorTests {
    private let plans = Collected<Snapshot>()

    private func makeOperator(_ cluster: TestCluster, _ probes: ScriptedProbes?, leaderElection: Bool = false) throws
        -> MirrorOperator
    {
        let plans = plans
        return try MirrorOperator(
            cluster,
            options: OperatorOptions(
                leaseNamespace: Fixture.namespace,
                identity: "a",
                leaderElection: leaderElection
            ),
            probes: probes,
            planner: { name, snapshot in
                plans.add(snapshot)
                return Planner.plan(mirror: name, snapshot)
            },
            logger: Fixture.logger
        )
    }

    /// Waits until `condition` holds; a test that would wait for ever fails by its time limit.
    private func wait(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }

    private var evidence: SeedEvidence? { plans.all.last?.seeds["m"] }

    private func fleet(_ probe: Probe = Probe(name: "p", tcpSocket: .init(port: 1), periodSeconds: 1)) async throws
        -> TestCluster
    {
        let cluster = try await TestCluster()
        for number in 1...2 { try await cluster.put(Fixture.server("s\(number)", number: number), status: true) }
        var mirror = Fixture.mirror(mode: .observe)
        mirror.spec.health.probes = [probe]
        try await cluster.put(mirror)
        return cluster
    }

    @Test("Evidence of each kind comes to be in the snapshot of its mirror", .timeLimit(.minutes(1)))
    func everyKind() async throws {
        let cluster = try await fleet()
        try await cluster.put(SeedPodTests.pod("s1", isReady: false), status: true)
        try await cluster.put(SeedBench.lease("s1", renewal: 1))
        let answers = Mutex<ProbeOutcome.Fault?>(nil)
        let mirrorOperator = try makeOperator(
            cluster,
            ScriptedProbes { $0.outcome($0.host == "10.0.0.2" ? .timeout : answers.withLock { $0 }) }
        )
        let running = Task { await mirrorOperator.run() }
        try await wait { evidence?.stale.isEmpty == true && evidence?.announcements["s1"] != nil }
        try await wait { evidence?.pods["s1"]?.state == .notReady }
        // A verdict after a few results in a row.
        try await wait { evidence?.probes["s1"]?.first?.isFailing == false }
        try await wait { evidence?.probes["s2"]?.first?.isFailing == true }
        #expect(evidence?.announcements["s1"]?.saidGoodbye == false)
        try await cluster.put(SeedBench.lease("s1", renewal: 2, saidGoodbye: true))
        try await wait { evidence?.announcements["s1"]?.saidGoodbye == true }
        #expect(evidence?.agentsHeardAt.keys.sorted() == ["s1"])
        try await cluster.put(SeedPodTests.pod("s1"), status: true)
        try await wait { evidence?.pods["s1"]?.state == .ready }
        answers.withLock { $0 = .connection }
        try await wait { evidence?.probes["s1"]?.first?.isFailing == true }
        #expect(evidence?.pods.keys.sorted() == ["s1"])
        #expect(mirrorOperator.readyChecks.allSatisfy { $0.check() == nil })
        running.cancel()
        await running.value
    }

    @Test("A node that comes is probed, and one that goes is not any more", .timeLimit(.minutes(1)))
    func probesFollow() async throws {
        let cluster = try await fleet()
        let probes = ScriptedProbes { $0.outcome() }
        let mirrorOperator = try makeOperator(cluster, probes)
        let running = Task { await mirrorOperator.run() }
        try await wait { Set(probes.asked.all.map(\.host)) == ["10.0.0.1", "10.0.0.2"] }
        try await cluster.put(Fixture.server("s3", number: 3), status: true)
        try await wait { probes.asked.all.contains { $0.host == "10.0.0.3" } }
        try await cluster.api.delete(Node.self, ObjectKey(name: "s1"))
        try await wait { evidence.map { !$0.probes.keys.contains("s1") && !$0.probes.isEmpty } == true }
        // Two more rounds of the others.
        for _ in 1...2 {
            probes.asked.clear()
            try await wait { Set(probes.asked.all.map(\.host)).isSuperset(of: ["10.0.0.2", "10.0.0.3"]) }
        }
        #expect(!probes.asked.all.contains { $0.host == "10.0.0.1" })
        running.cancel()
        await running.value
    }

    @Test("Losing the Lease stops the probes; the next term begins them anew", .timeLimit(.minutes(1)))
    func lostLease() async throws {
        let cluster = try await fleet()
        let ended = Collected<String>()
        let probes = ScriptedProbes { request in
            // Hangs until it is given up.
            try? await Task.sleep(for: .seconds(3600))
            ended.add(request.host)
            return request.outcome(.cancelled)
        }
        let mirrorOperator = try makeOperator(cluster, probes, leaderElection: true)
        let running = Task { await mirrorOperator.run() }
        try await wait { probes.asked.all.count == 2 }
        let lease = ObjectKey(namespace: Fixture.namespace, name: "p2pmirror-operator")
        func hold(by holder: String) async throws {
            let patch = Patch.merge(["spec": ["holderIdentity": .string(holder)]])
            try await cluster.api.patch(Lease.self, lease, patch)
        }
        try await hold(by: "somebody")
        try await wait { ended.all.sorted() == ["10.0.0.1", "10.0.0.2"] }
        #expect(!mirrorOperator.isLeader)
        #expect(probes.asked.all.count == 2)
        try await hold(by: "")
        try await wait { probes.asked.all.count == 4 }
        running.cancel()
        await running.value
        #expect(ended.all.count == 4)
    }

    @Test("Without a transport for probes there are none, and all else goes on", .timeLimit(.minutes(1)))
    func noProbes() async throws {
        let cluster = try await fleet()
        try await cluster.put(SeedBench.lease("s1", renewal: 1))
        let mirrorOperator = try makeOperator(cluster, nil)
        let running = Task { await mirrorOperator.run() }
        try await wait { evidence?.announcements["s1"] != nil }
        #expect(evidence?.probes == [:])
        running.cancel()
        await running.value
    }

    @Test("Leases that cannot be read cost their own signal alone", .timeLimit(.minutes(1)))
    func forbidden() async throws {
        let cluster = try await fleet()
        let leases = Lease.resource.path(namespace: Announcements.namespace)
        cluster.onRequest { request, _ in request.path == leases ? .refused(403, "Forbidden") : nil }
        let mirrorOperator = try makeOperator(cluster, nil)
        let running = Task { await mirrorOperator.run() }
        try await wait { evidence?.stale.keys.sorted { $0.rawValue < $1.rawValue } == [.announcements] }
        #expect(plans.all.last?.staleness == nil)
        running.cancel()
        await running.value
    }

    @Test("A namespace of announcements without a name is refused")
    func emptyNamespace() async throws {
        let cluster = try await TestCluster()
        let error = #expect(throws: KubeError.self) {
            try MirrorOperator(
                cluster,
                options: OperatorOptions(leaseNamespace: "x", announcementNamespace: "", identity: "a"),
                logger: Fixture.logger
            )
        }
        #expect(error?.message.contains("announcement namespace") == true)
    }
}
