import KubeCore
import MirrorAPI
import MirrorSandbox
import Testing

/// The definitions are deleted, and with them all objects, and applied again under a star that stands.
@Suite struct DefinitionsAppliedAgainTests {
    private static let spec = P2PMirrorSpec(
        provider: .rke2,
        mode: .enforce,
        rollout: .init(minReadySeconds: 1, progressDeadlineSeconds: 120),
        deletionPolicy: .restore
    )

    private static func restored(_ cluster: SimulatedCluster) async throws -> [String] {
        try await cluster.api.list(MirrorNode.self).filter { $0.spec.deletionPolicy == .restore }
            .map(\.spec.nodeName).sorted()
    }

    private static func settle(_ cluster: SimulatedCluster, seconds: Int = 20) async throws {
        var processes = ProcessTable(cluster)
        for _ in 0..<seconds { try await cluster.runSecond(&processes) }
    }

    private static func deleteAll(_ cluster: SimulatedCluster) async throws {
        try await cluster.api.delete(P2PMirror.self, ObjectKey(name: SimulatedCluster.mirror))
        for node in try await cluster.api.list(MirrorNode.self) {
            try await cluster.api.delete(MirrorNode.self, node.key)
        }
    }

    @Test(arguments: [Mode.enforce, .observe])
    func `the new mirror knows what its hosts hold, restores it at its end, and restarts nobody`(
        _ mode: Mode
    ) async throws {
        let cluster = try await SimulatedCluster(.ring(agents: 0, network: "10.0.0"))
        try await cluster.createMirror(Self.spec)
        #expect(try await cluster.run(limit: 400) != nil)
        try await Self.settle(cluster)
        let before = try await Self.restored(cluster)
        let restarts = cluster.hosts.map(\.restarts)
        let files = cluster.hosts.map(\.dropIn)
        #expect(!before.isEmpty)
        try await Self.deleteAll(cluster)
        try await Self.settle(cluster)
        var spec = Self.spec
        spec.mode = mode
        try await cluster.createMirror(spec)
        try await Self.settle(cluster, seconds: 40)
        #expect(try await Self.restored(cluster) == before)
        #expect(cluster.hosts.map(\.restarts) == restarts)
        #expect(cluster.hosts.map(\.dropIn) == files)
        let root = try await cluster.api.get(P2PMirror.self, ObjectKey(name: SimulatedCluster.mirror)).status?.topology
        #expect(root?.observed == .star)
        #expect(root?.root == "server-1")
        // Its end: after the grace the files of those that may go back are gone.
        try await Self.deleteAll(cluster)
        try await Self.settle(cluster, seconds: 320)
        for host in cluster.hosts where before.contains(host.host.name) { #expect(host.dropIn == nil) }
        #expect(cluster.hosts.map(\.restarts) == restarts)
    }
}
