import KubeCore
import KubectlTesting
import MirrorAPI
import MirrorSandbox
import Synchronization
import Testing

/// A fleet from its ring to the end of its mirror, as the ServiceAccounts of the manifests: with one right less
/// something is refused.
@Suite struct RightsTests {
    /// What a run came to.
    struct Outcome: Equatable {
        /// Whether the ring became a star in time.
        var isStar: Bool
        /// MirrorNodes after a node had gone.
        var mirrorNodes: Int
        /// Drop-ins that are still there at the end.
        var dropIns: Int
        /// What was asked and refused.
        var refused: Set<String>
    }

    final class Accesses: Sendable {
        private let all = Mutex<[(APIUser, APIAccess, Bool)]>([])
        func add(_ user: APIUser, _ access: APIAccess, _ isAllowed: Bool) {
            all.withLock { $0.append((user, access, isAllowed)) }
        }
        var refused: Set<String> { Set(all.withLock { $0 }.filter { !$0.2 }.map(\.1.description)) }
        var used: Set<String> { Set(all.withLock { $0 }.map { "\($0.0.name) \($0.1)" }) }
    }

    static func life(without right: Right? = nil) async throws -> (outcome: Outcome, accesses: Accesses) {
        let cluster = try await SimulatedCluster(.ring(agents: 1, network: "10.0.0"), without: right)
        let accesses = Accesses()
        cluster.server.observe { accesses.add($0, $1, $2) }
        let rollout = P2PMirrorSpec.Rollout(minReadySeconds: 1, progressDeadlineSeconds: 120)
        try await cluster.createMirror(
            P2PMirrorSpec(provider: .rke2, mode: .enforce, rollout: rollout, deletionPolicy: .restore)
        )
        let isStar = try await cluster.run(limit: right == nil ? CrashTests.limit : 60) != nil
        var processes = ProcessTable(cluster)
        for _ in 0..<3 { try await cluster.runSecond(&processes) }
        if let last = cluster.hosts.last?.host.name { try await cluster.api.delete(Node.self, ObjectKey(name: last)) }
        for _ in 0..<3 { try await cluster.runSecond(&processes) }
        let mirrorNodes = try await cluster.api.list(MirrorNode.self).count
        try await cluster.api.delete(P2PMirror.self, ObjectKey(name: SimulatedCluster.mirror))
        for _ in 0..<3 { try await cluster.runSecond(&processes) }
        for crd in try Definitions.all() {
            let name = crd[path: "metadata", "name"]?.stringValue ?? ""
            _ = try await cluster.api.answer(to: .delete(Definitions.resource, ObjectKey(name: name)))
        }
        for _ in 0..<5 { try await cluster.runSecond(&processes) }
        let dropIns = cluster.hosts.count { $0.dropIn != nil }
        let outcome = Outcome(
            isStar: isStar,
            mirrorNodes: mirrorNodes,
            dropIns: dropIns,
            refused: accesses.refused
        )
        return (outcome, accesses)
    }

    /// The rights of the base's roles that this life needs.
    static let needed: [Right] = [
        "p2pmirror-agent//nodes/get",
        "p2pmirror-agent//nodes/list",
        "p2pmirror-agent/coordination.k8s.io/leases/get",
        "p2pmirror-agent/p2pmirror.io/mirrornodes/get",
        "p2pmirror-agent/p2pmirror.io/mirrornodes/list",
        "p2pmirror-agent/p2pmirror.io/mirrornodes/status/patch",
        "p2pmirror-agent/p2pmirror.io/mirrornodes/status/update",
        "p2pmirror-agent/p2pmirror.io/p2pmirrors/get",
        "p2pmirror-operator//nodes/list",
        "p2pmirror-operator/coordination.k8s.io/leases/create",
        "p2pmirror-operator/coordination.k8s.io/leases/get",
        "p2pmirror-operator/coordination.k8s.io/leases/update",
        "p2pmirror-operator/p2pmirror.io/mirrornodes/create",
        "p2pmirror-operator/p2pmirror.io/mirrornodes/delete",
        "p2pmirror-operator/p2pmirror.io/mirrornodes/get",
        "p2pmirror-operator/p2pmirror.io/mirrornodes/list",
        "p2pmirror-operator/p2pmirror.io/mirrornodes/patch",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors/finalizers/update",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors/get",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors/list",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors/status/patch",
    ].compactMap { Right($0) }

    @Test func `with the rights of the base nothing is refused`() async throws {
        let (outcome, accesses) = try await Self.life()
        #expect(outcome.isStar)
        #expect(outcome.refused == [])
        #expect(accesses.used.count > 20)
    }

    @Test(arguments: needed)
    func `without a right the life of a fleet is another`(_ right: Right) async throws {
        let (outcome, _) = try await Self.life(without: right)
        let refusal = "\(right.verb) resource \"\(right.resource)\" in API group \"\(right.group)\""
        #expect(outcome.refused.contains { $0.hasPrefix(refusal) }, "\(outcome)")
    }
}
