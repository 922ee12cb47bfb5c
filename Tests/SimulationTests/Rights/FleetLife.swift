import KubeCore
import KubectlTesting
import MirrorAPI
import MirrorPlanner
import MirrorSandbox

/// Lives of a fleet, pass by pass and in a time of their own.
struct FleetLife {
    /// What a life came to.
    struct Outcome: Equatable {
        /// Whether the ring became a star in time.
        var isStar: Bool
        /// Drop-ins that are still there at the end.
        var dropIns: Int
        /// What was asked and refused.
        var refused: [String]
    }

    private let cluster: SimulatedCluster
    let accesses: AccessLog
    private let limit: Int

    private init(without right: Right?) async throws {
        cluster = try await SimulatedCluster(.ring(agents: 1, network: "10.0.0"), without: right)
        accesses = AccessLog(cluster.server)
        limit = right == nil ? CrashTests.limit : 60
        let rollout = P2PMirrorSpec.Rollout(minReadySeconds: 1, progressDeadlineSeconds: 120)
        try await cluster.createMirror(
            P2PMirrorSpec(provider: .rke2, mode: .enforce, rollout: rollout, deletionPolicy: .restore)
        )
    }

    private func outcome(_ isStar: Bool) -> Outcome {
        Outcome(isStar: isStar, dropIns: cluster.hosts.count { $0.dropIn != nil }, refused: accesses.refused)
    }

    private func run(_ processes: inout ProcessTable, seconds: Int) async throws {
        for _ in 0..<seconds { try await cluster.runSecond(&processes) }
    }

    private func removeDefinitions(_ isMeant: (String) -> Bool = { _ in true }) async throws {
        for crd in try Definitions.all() {
            let name = crd[path: "metadata", "name"]?.stringValue ?? ""
            guard isMeant(name) else { continue }
            _ = try await cluster.api.answer(to: .delete(Definitions.resource, ObjectKey(name: name)))
        }
    }

    /// A ring becomes a star, a node goes, then the mirror, then the definitions.
    static func whole(without right: Right? = nil) async throws -> (Outcome, AccessLog) {
        let life = try await FleetLife(without: right)
        let cluster = life.cluster
        let isStar = try await cluster.run(limit: life.limit) != nil
        var processes = ProcessTable(cluster)
        try await life.run(&processes, seconds: 3)
        if let last = cluster.hosts.last?.host.name { try await cluster.api.delete(Node.self, ObjectKey(name: last)) }
        try await life.run(&processes, seconds: 3)
        try await cluster.api.delete(P2PMirror.self, ObjectKey(name: SimulatedCluster.mirror))
        try await life.run(&processes, seconds: 3)
        try await life.removeDefinitions()
        try await life.run(&processes, seconds: 5)
        return (life.outcome(isStar), life.accesses)
    }

    /// The labels that make a Node a server go while it is the one that is to be restarted.
    static func lostServer(without right: Right? = nil) async throws -> (Outcome, AccessLog) {
        let life = try await FleetLife(without: right)
        let cluster = life.cluster
        var processes = ProcessTable(cluster)
        var holder: String?
        for _ in 0..<life.limit where holder == nil {
            try await cluster.runSecond(&processes)
            holder = DisruptionHolder(try await cluster.disruptionLease())?.node
        }
        if let holder {
            let roles = ["control-plane", "etcd", "master"].map { "node-role.kubernetes.io/\($0)" }
            let labels = Dictionary(uniqueKeysWithValues: roles.map { ($0, JSONValue.null) })
            let change: JSONValue = ["metadata": ["labels": .object(labels)]]
            try await cluster.api.patch(Node.self, ObjectKey(name: holder), .merge(change))
        }
        try await life.run(&processes, seconds: 10)
        return (life.outcome(holder != nil), life.accesses)
    }

    /// The definition of mirrors goes, and the mirror with it; what an agent wrote is put back five minutes later.
    static func lostDefinition(without right: Right? = nil) async throws -> (Outcome, AccessLog) {
        let life = try await FleetLife(without: right)
        let isStar = try await life.cluster.run(limit: life.limit) != nil
        var processes = ProcessTable(life.cluster)
        try await life.run(&processes, seconds: 3)
        try await life.removeDefinitions { $0.hasPrefix(P2PMirror.resource.plural) }
        try await life.run(&processes, seconds: 310)
        return (life.outcome(isStar), life.accesses)
    }
}
