package import KubeCore
import MirrorAPI
package import MirrorPlanner

/// Reads the evidence of a disruption from the API server itself, past every cache.
///
/// A watch may be behind without anybody knowing. For all else that is harmless, because the next look puts it right; a
/// restart is not taken back. So the few objects that a restart rests on are read at the moment of the decision, and
/// the plan is made anew from them.
package struct EvidenceReader: Sendable {
    private let api: KubeAPI
    private let now: @Sendable () -> Timestamp

    package init(_ api: KubeAPI, now: @escaping @Sendable () -> Timestamp) {
        self.api = api
        self.now = now
    }

    /// Labels of which a server of either distribution has at least one.
    static let serverLabels = [
        "node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/etcd", "node-role.kubernetes.io/master",
    ]

    /// Whether the plan does something that must rest on live evidence.
    package static func isNeeded(for plan: Plan) -> Bool {
        plan.actions.contains { action in
            switch action {
            case .acquireDisruption, .approve: true
            case .applyMirrorNode, .deleteMirrorNode, .withdrawApproval, .releaseDisruption: false
            }
        }
    }

    /// The snapshot with the mirror, all servers and the nodes that the plan is about as they are now; nil where the
    /// mirror is gone, is going, or can't be read.
    ///
    /// - Throws: `KubeError` where anything of it can't be read: missing information never starts a restart.
    package func refreshed(_ snapshot: Snapshot, for plan: Plan) async throws(KubeError) -> Snapshot? {
        var live = snapshot
        guard let mirror = try await api.find(ObservedMirror.self, ObjectKey(name: plan.mirror))?.mirror,
            mirror.metadata.deletionTimestamp == nil,
            let index = live.mirrors.firstIndex(where: { $0.metadata.name == plan.mirror })
        else { return nil }
        live.mirrors[index] = mirror
        live.nodes = try await nodes(of: snapshot, for: plan)
        live.now = now()
        return live
    }

    private func nodes(of snapshot: Snapshot, for plan: Plan) async throws(KubeError) -> [Node] {
        var nodes = Dictionary(snapshot.nodes.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
        var isLive: Set<String> = []
        for label in Self.serverLabels {
            for node in try await api.list(Node.self, ListOptions(labelSelector: label, limit: 500)) {
                nodes[node.metadata.name] = NodePruning.pruned(node)
                isLive.insert(node.metadata.name)
            }
        }
        let remembered = snapshot.nodes.filter { node in Self.serverLabels.contains { node.metadata.labels[$0] != nil }
        }
        let named = Set(remembered.map(\.metadata.name)).union(Self.targets(of: plan, in: snapshot))
        // Not among the servers any more: gone, or without its label; which one makes a difference.
        for name in named.subtracting(isLive).sorted() {
            nodes[name] = try await api.find(Node.self, ObjectKey(name: name)).map(NodePruning.pruned)
        }
        return nodes.values.sorted { $0.metadata.name < $1.metadata.name }
    }

    private static func targets(of plan: Plan, in snapshot: Snapshot) -> [String] {
        plan.actions.compactMap { action in
            switch action {
            case .acquireDisruption(let holder, _): holder.node
            case .approve(let name, _, _): snapshot.mirrorNodes.first { $0.metadata.name == name }?.spec.nodeName
            case .applyMirrorNode, .deleteMirrorNode, .withdrawApproval, .releaseDisruption: nil
            }
        }
    }
}
