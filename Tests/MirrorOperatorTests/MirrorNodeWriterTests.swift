import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Synchronization
import Testing

@Suite("Writing MirrorNodes")
struct MirrorNodeWriterTests {
    private func write(
        _ actions: [Write],
        on cluster: TestCluster,
        present: [MirrorNode] = []
    ) async throws -> MirrorNodeWriter.Outcome {
        try await write(actions, Fixture.recorder(cluster), present: present)
    }

    private func write(
        _ actions: [Write],
        _ writer: MirrorNodeWriter,
        present: [MirrorNode] = [],
        while isMeant: @escaping @Sendable () -> Bool = { true }
    ) async throws -> MirrorNodeWriter.Outcome {
        try await writer.write(
            Plan(mirror: "m", records: actions, status: Fixture.status()),
            present: present,
            while: isMeant
        )
    }

    /// Those of a mirror that is there: what has no owner is collected as garbage.
    private static func actions(_ count: Int, _ cluster: TestCluster) async throws -> [Write] {
        let uid = try await cluster.put(Fixture.mirror()).metadata.uid
        return (0..<count).map { .applyMirrorNode(Fixture.intent("n\(100 + $0)", uid: uid)) }
    }

    @Test("a MirrorNode is applied by its own manager, with owner and labels and without an approval")
    func applies() async throws {
        let cluster = try await TestCluster()
        let uid = try await cluster.put(Fixture.mirror()).metadata.uid
        let intent = Fixture.intent("s1", uid: uid, revision: "1-a")
        #expect(try await write([.applyMirrorNode(intent)], on: cluster) == .done)
        let node = try #require(try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1")))
        #expect(node.spec.revision == "1-a")
        #expect(node.metadata.ownerReferences.first?.kind == "P2PMirror")
        #expect(node.metadata.labels == [LabelKey.mirror: "m"])
        #expect(cluster.writes == ["PATCH /apis/p2pmirror.io/v1alpha1/mirrornodes/m.s1 by p2pmirror-spec"])
        let request = try #require(cluster.log.first)
        #expect(request.query("force") == "true")
        let body = try JSONCoding.decode(JSONValue.self, from: request.body ?? [])
        #expect(body["spec"]?.objectValue?.keys.contains("approval") == false)
        #expect(body["status"] == nil)
    }

    @Test("applying the operator's part leaves the approval where it is")
    func keepsApproval() async throws {
        let cluster = try await TestCluster()
        var node = Fixture.mirrorNode("s1", revision: "1-a")
        node.spec.approval = Fixture.approval("1-a")
        try await cluster.put(node)
        let uid = try await cluster.put(Fixture.mirror()).metadata.uid
        _ = try await write([.applyMirrorNode(Fixture.intent("s1", uid: uid, revision: "2-b"))], on: cluster)
        let after = try await cluster.object(MirrorNode.self, node.key)
        #expect(after?.spec.revision == "2-b")
        #expect(after?.spec.approval == node.spec.approval)
    }

    @Test("a part of the wishes that is wished for no longer goes, and the others stay", arguments: [true, false])
    func dropsPart(isAll: Bool) async throws {
        let cluster = try await TestCluster()
        let uid = try await cluster.put(Fixture.mirror()).metadata.uid
        var intent = Fixture.intent("s1", uid: uid, revision: "1-a")
        intent.spec.desired?.registries = ["docker.io"]
        intent.spec.desired?.debug = true
        _ = try await write([.applyMirrorNode(intent)], on: cluster)
        let key = ObjectKey(name: "m.s1")
        let present = try #require(try await cluster.object(MirrorNode.self, key))
        intent.spec.desired = isAll ? nil : .init(registries: ["docker.io"])
        intent.spec.revision = "2-b"
        _ = try await write(
            Write.records(intent, present: present.spec),
            on: cluster,
            present: [present]
        )
        let after = try #require(try await cluster.object(MirrorNode.self, key))
        #expect(after.spec.desired == intent.spec.desired)
        #expect(after.spec.revision == "2-b")
    }

    @Test("a MirrorNode that was made anew is not deleted in place of its predecessor")
    func deletePrecondition() async throws {
        let cluster = try await TestCluster()
        try await cluster.put(Fixture.mirrorNode("s1"))
        let stale = Write.deleteMirrorNode(name: "m.s1", uid: "another", reason: .noNodesSelected)
        #expect(try await write([stale], on: cluster) == .lookAgain)
        let uid = try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1"))?.metadata.uid
        let right = Write.deleteMirrorNode(name: "m.s1", uid: uid, reason: .noNodesSelected)
        #expect(try await write([right], on: cluster) == .done)
        #expect(try await cluster.object(MirrorNode.self, ObjectKey(name: "m.s1")) == nil)
    }

    @Test("many are under way at once, and never more than the bound", arguments: [1, 4, 16])
    func bound(inFlight: Int) async throws {
        let cluster = try await TestCluster()
        let gauge = GaugedTransport(cluster)
        let writer = Fixture.recorder(gauge, inFlight: inFlight)
        #expect(try await write(Self.actions(40, cluster), writer) == .done)
        #expect(try await cluster.api.list(MirrorNode.self).count == 40)
        #expect(gauge.most == inFlight)
    }

    @Test("a pass takes its share, the first ones of the plan")
    func share() async throws {
        let cluster = try await TestCluster()
        let writer = Fixture.recorder(cluster, share: 10)
        #expect(try await write(Self.actions(40, cluster), writer) == .done)
        let names = try await cluster.api.list(MirrorNode.self).map(\.spec.nodeName).sorted()
        #expect(names == (100..<110).map { "n\($0)" })
    }

    @Test("one that is refused stops no other, and comes last the next time", arguments: [422, 403])
    func refused(code: Int) async throws {
        let cluster = try await TestCluster()
        cluster.onRequest { request, _ in
            request.path.hasSuffix("m.n100") || request.path.hasSuffix("m.n103") ? .refused(code, "Refused") : nil
        }
        let writer = Fixture.recorder(cluster, share: 10)
        let actions = try await Self.actions(15, cluster)
        let plan = Plan(mirror: "m", records: actions, status: Fixture.status())
        guard case .refused(let error, wroteOthers: true) = try await write(actions, writer) else {
            Issue.record("it was not told")
            return
        }
        #expect(error.message.contains("MirrorNode m.n100"))
        #expect(error.message.contains("1 more"))
        #expect(error.httpStatus == code)
        #expect(writer.refusal(of: plan) == error)
        let left = actions.filter { action in
            let name = action.target.key.name
            return ["m.n100", "m.n103"].contains(name) || name > "m.n109"
        }
        cluster.clearLog()
        _ = try await write(left, writer)
        #expect(cluster.writes.count == 7)
        #expect(cluster.writes.prefix(4).allSatisfy { !$0.contains("m.n103") })
        #expect(try await cluster.api.list(MirrorNode.self).count == 13)
        guard case .refused(_, wroteOthers: false) = try await write(Array(left.prefix(2)), writer) else {
            Issue.record("nothing is left but what is refused")
            return
        }
        cluster.onRequest(nil)
        #expect(try await write(Array(left.prefix(2)), writer) == .done)
        #expect(writer.refusal(of: plan) == nil)
    }

    @Test("where all are refused it ends soon")
    func allRefused() async throws {
        let cluster = try await TestCluster()
        cluster.onRequest { _, _ in .refused(403, "Forbidden") }
        _ = try await write(Self.actions(90, cluster), on: cluster)
        #expect(cluster.writes.count <= 20)
    }

    @Test("what is true of all lets no further one begin", arguments: [429, 500, 503])
    func busy(code: Int) async throws {
        let cluster = try await TestCluster()
        cluster.onRequest { _, number in number >= 8 ? .refused(code, "Busy") : nil }
        let actions = try await Self.actions(90, cluster)
        let error = await #expect(throws: KubeError.self) { try await write(actions, on: cluster) }
        #expect(error?.httpStatus == code)
        #expect(cluster.writes.count <= 8 + 4)
    }

    @Test("once the leadership is lost nothing more is sent")
    func lostLeadership() async throws {
        let cluster = try await TestCluster()
        let isLeader = Mutex(true)
        cluster.onRequest { _, number in
            if number == 7 { isLeader.withLock { $0 = false } }
            return nil
        }
        let transport = LeaderTransport(cluster) { isLeader.withLock { $0 } }
        let actions = try await Self.actions(90, cluster)
        let error = await #expect(throws: KubeError.self) { try await write(actions, Fixture.recorder(transport)) }
        #expect(error?.code == .notLeading)
        #expect(cluster.writes.count <= 8 + 4)
    }

    @Test("once the mirror is asked for something else nothing more is begun")
    func changed() async throws {
        let cluster = try await TestCluster()
        let isMeant = Mutex(true)
        cluster.onRequest { _, number in
            if number == 7 { isMeant.withLock { $0 = false } }
            return nil
        }
        let outcome = try await write(Self.actions(90, cluster), Fixture.recorder(cluster)) { isMeant.withLock { $0 } }
        #expect(outcome == .lookAgain)
        #expect(cluster.writes.count <= 8 + 4)
    }
}

/// Counts the requests that are under way at once.
private final class GaugedTransport: Transport {
    private let base: any Transport
    private let counts = Mutex((now: 0, most: 0))

    init(_ base: any Transport) { self.base = base }

    var most: Int { counts.withLock { $0.most } }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        counts.withLock { counts in
            counts.now += 1
            counts.most = max(counts.most, counts.now)
        }
        defer { counts.withLock { $0.now -= 1 } }
        // Long enough for the others to begin.
        try? await Task.sleep(for: .milliseconds(20))
        return try await base.send(request)
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream { try await base.open(request) }
}
