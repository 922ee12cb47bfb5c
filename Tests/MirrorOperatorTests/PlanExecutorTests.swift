import KubeCore
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Testing

@Suite("Carrying out a plan")
struct PlanExecutorTests {
    private let holder = DisruptionHolder(mirror: "m", node: "s1", revision: "1-a")

    private func execute(
        _ writes: [Write],
        on cluster: TestCluster,
        now: MicroTimestamp = Fixture.start
    ) async throws -> PlanExecutor.Outcome {
        try await Fixture.executor(cluster, now: now).execute(
            Plan(mirror: "m", writes: writes, status: Fixture.status()),
            of: ObservedMirror(metadata: ObjectMeta(name: "m"), content: .unreadable("It is no matter here."))
        )
    }

    @Test("the disruption Lease is created with its first epoch, and without a time at which it expires")
    func createsLease() async throws {
        let cluster = try await TestCluster()
        #expect(try await execute([.acquireDisruption(holder, from: nil)], on: cluster) == .done)
        let lease = try #require(try await cluster.object(Lease.self, Fixture.lease))
        #expect(lease.spec?.holderIdentity == "m/s1/1-a")
        #expect(lease.spec?.leaseTransitions == Fixture.firstEpoch)
        #expect(lease.spec?.acquireTime == Fixture.start)
        #expect(lease.spec?.leaseDurationSeconds == nil)
        #expect(DisruptionHolder(lease) == holder)
    }

    @Test("every taking of the Lease is another epoch, and giving it back keeps the count")
    func epochs() async throws {
        let cluster = try await TestCluster()
        for taking in 0..<3 {
            let free = try await cluster.object(Lease.self, Fixture.lease)
            #expect(DisruptionHolder(free) == nil)
            #expect(try await execute([.acquireDisruption(holder, from: free)], on: cluster) == .done)
            let held = try #require(try await cluster.object(Lease.self, Fixture.lease))
            #expect(held.spec?.leaseTransitions == Fixture.firstEpoch + taking)
            let release = Write.releaseDisruption(from: held, reason: .stepDone, message: "done")
            #expect(try await execute([release], on: cluster) == .done)
        }
        let free = try #require(try await cluster.object(Lease.self, Fixture.lease))
        #expect(free.metadata.annotations.isEmpty)
        #expect(free.spec?.holderIdentity == nil)
        #expect(free.spec?.leaseTransitions == Fixture.firstEpoch + 2)
    }

    @Test("a Lease that somebody deleted comes back with an epoch that was never given")
    func epochAfterDeletion() async throws {
        let cluster = try await TestCluster()
        var epochs: [Int] = []
        for second in 0..<3 {
            let now = MicroTimestamp(Fixture.start.timestamp + second)
            #expect(try await execute([.acquireDisruption(holder, from: nil)], on: cluster, now: now) == .done)
            let lease = try #require(try await cluster.object(Lease.self, Fixture.lease))
            epochs.append(try #require(lease.spec?.leaseTransitions))
            try await cluster.api.delete(Lease.self, Fixture.lease)
        }
        #expect(epochs == [0, 1, 2].map { Fixture.firstEpoch + $0 })
    }

    @Test("of two who take the Lease from the same state one gets it", arguments: [true, false])
    func race(isNew: Bool) async throws {
        let cluster = try await TestCluster()
        if !isNew {
            try await cluster.put(Lease(metadata: ObjectMeta(name: Fixture.lease.name, namespace: Fixture.namespace)))
        }
        let seen = try await cluster.object(Lease.self, Fixture.lease)
        let other = DisruptionHolder(mirror: "m", node: "s2", revision: "1-b")
        let first = try await execute([.acquireDisruption(holder, from: seen)], on: cluster)
        let second = try await execute([.acquireDisruption(other, from: seen)], on: cluster)
        #expect(first == .done)
        #expect(second == .lookAgain("conflict"))
        #expect(DisruptionHolder(try await cluster.object(Lease.self, Fixture.lease)) == holder)
    }

    @Test("an approval rests on the version that was seen")
    func approvalConflict() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirrorNode("s1", revision: "1-a"))
        let seen = try #require(try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1")))
        try await cluster.put(Fixture.mirrorNode("s1", revision: "2-b"))
        let action = Write.approve(
            name: "m.s1",
            node: "s1",
            resourceVersion: seen.metadata.resourceVersion,
            Fixture.approval("1-a")
        )
        #expect(try await execute([action], on: cluster) == .lookAgain("conflict"))
        #expect(try await cluster.object(MirrorNode.self, seen.key)?.spec.approval == nil)
    }

    @Test("an approval is given and taken back by its own manager")
    func approvalAndBack() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirrorNode("s1", revision: "1-a"))
        func version() async throws -> String? {
            try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1"))?.metadata.resourceVersion
        }
        let approval = Fixture.approval("1-a", epoch: 4)
        let give = Write.approve(name: "m.s1", node: "s1", resourceVersion: try await version(), approval)
        #expect(try await execute([give], on: cluster) == .done)
        #expect(try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1"))?.spec.approval == approval)
        let take = Write.withdrawApproval(
            name: "m.s1",
            node: "s1",
            resourceVersion: try await version(),
            reason: .approvalExpired,
            message: "expired"
        )
        #expect(try await execute([take], on: cluster) == .done)
        let after = try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1"))
        #expect(after?.spec.approval == nil)
        #expect(after?.spec.revision == "1-a")
        #expect(cluster.writes.allSatisfy { $0.hasSuffix("by p2pmirror-approval") })
    }

    @Test("an approval without a version to rest on is never sent", arguments: [nil, ""] as [String?])
    func approvalWithoutVersion(version: String?) async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirrorNode("s1", revision: "1-a"))
        let action = Write.approve(name: "m.s1", node: "s1", resourceVersion: version, Fixture.approval("1-a"))
        await #expect(throws: KubeError.self) { try await execute([action], on: cluster) }
        #expect(cluster.writes.isEmpty)
    }

    @Test("the first step that is not carried out ends the pass", arguments: [409, 0])
    func stops(code: Int) async throws {
        let cluster = try await TestCluster()
        var writes: [Write] = []
        for name in ["s1", "s2", "s3"] {
            let node = try await cluster.put(Fixture.mirrorNode(name, revision: "1-a"))
            let version = node.metadata.resourceVersion
            writes.append(
                .approve(name: "m.\(name)", node: name, resourceVersion: version, Fixture.approval("1-a"))
            )
        }
        cluster.onRequest { request, _ in
            guard request.path.hasSuffix("m.s2") else { return nil }
            return code == 0 ? .unanswered : .refused(code, "Conflict")
        }
        #expect(try await execute(writes, on: cluster) == .lookAgain(code == 0 ? "unknown" : "conflict"))
        #expect(cluster.writes.count == 2)
    }

    @Test("what is remembered of a set rests on the mirror that was planned from, and on no earlier one")
    func earlierMirror() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirror())
        cluster.clearLog()
        let write = Write(
            Write.Target(P2PMirror.resource, ObjectKey(name: "m"), subresource: "status"),
            .status(Fixture.status()),
            .version("7"),
            by: FieldManager.status,
            mustBeKept: true,
            .recordSet,
            Verdict(.seedsPublished, "test")
        )
        #expect(try await execute([write], on: cluster) == .lookAgainAtSet("conflict"))
        #expect(cluster.writes.isEmpty)
    }

    @Test("a missing namespace is an error and no reason to look again at once")
    func missingNamespace() async throws {
        let cluster = try await TestCluster()
        cluster.onRequest { _, _ in .refused(404, "NotFound") }
        let error = await #expect(throws: KubeError.self) {
            try await execute([.acquireDisruption(holder, from: nil)], on: cluster)
        }
        #expect(error?.isNotFound ?? false)
    }
}
