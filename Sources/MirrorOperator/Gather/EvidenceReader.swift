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
        plan.writes.contains { write in
            switch write.evidence {
            case .servers, .installation: true
            // Each of the others rests on a version or a UID; a set is looked at while the plan is carried out.
            case .none, .set: false
            }
        }
    }

    /// The snapshot with the mirror, all servers with their MirrorNodes, and the nodes that the plan is about as they
    /// are now; so is the mirror that holds the Lease. Nil where the mirror is gone.
    ///
    /// - Throws: `KubeError` where anything of it can't be read: missing information never starts a restart.
    package func refreshed(_ snapshot: Snapshot, for plan: Plan) async throws(KubeError) -> Snapshot? {
        var live = snapshot
        guard try await refreshMirror(plan.mirror, in: &live) else { return nil }
        if let holder = DisruptionHolder(snapshot.disruption)?.mirror, holder != plan.mirror {
            _ = try await refreshMirror(holder, in: &live)
        }
        live.nodes = try await nodes(of: snapshot, for: plan)
        live.mirrorNodes = try await mirrorNodes(of: live, for: plan)
        guard try await refreshInstallation(of: plan.mirror, in: &live) else { return nil }
        live.now = now()
        return live
    }

    /// Puts the mirror of that name in as it is now; false where there is none.
    private func refreshMirror(_ name: String, in snapshot: inout Snapshot) async throws(KubeError) -> Bool {
        // Somebody unknown may hold the Lease under a name that no object can have.
        guard !name.isEmpty, !name.contains("/") else { return false }
        let observed = try await api.find(ObservedMirror.self, ObjectKey(name: name))
        snapshot.mirrors.removeAll { $0.metadata.name == name }
        snapshot.unreadableMirrors.removeAll { $0 == name }
        guard let observed else { return false }
        if let mirror = observed.mirror {
            snapshot.mirrors.append(mirror)
            snapshot.mirrors.sort { $0.metadata.name < $1.metadata.name }
        } else {
            snapshot.unreadableMirrors.append(name)
        }
        return true
    }

    /// Puts the objects in that we made for a mirror, and the mirror, as they are at one time: whoever saw an object
    /// that has lost its owner must not miss that the owner is being deleted, and the other way round.
    ///
    /// - Returns: false where the mirror is gone.
    private func refreshInstallation(of name: String, in snapshot: inout Snapshot) async throws(KubeError) -> Bool {
        guard let evidence = snapshot.evidence[name],
            var mirror = snapshot.mirrors.first(where: { $0.metadata.name == name })
        else { return true }
        let known = evidence.objects(of: mirror)
        while true {
            var objects: [ManagedObject] = []
            for object in known {
                if let found = try await find(object) { objects.append(found) }
            }
            snapshot.evidence[name] = evidence.with(objects: objects, of: mirror)
            guard try await refreshMirror(name, in: &snapshot) else { return false }
            guard let now = snapshot.mirrors.first(where: { $0.metadata.name == name }) else { return true }
            let isSame =
                now.metadata.deletionTimestamp == mirror.metadata.deletionTimestamp
                && now.metadata.finalizers == mirror.metadata.finalizers
            if isSame { return true }
            mirror = now
        }
    }

    private func find(_ object: ManagedObject) async throws(KubeError) -> ManagedObject? {
        do {
            var body: JSONValue = try await api.send(.get(object.resource, object.key))
            var metadata = body["metadata"] ?? [:]
            metadata["managedFields"] = nil
            body["metadata"] = metadata
            return ManagedObject(object.resource, body)
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// Those of all servers are read: a claim is what the next restart waits for. Of agents, of which there may be
    /// thousands, those that may be claimed: with an approval, which we wrote ourselves, or next to get one.
    private func mirrorNodes(of live: Snapshot, for plan: Plan) async throws(KubeError) -> [MirrorNode] {
        var objects = Dictionary(live.mirrorNodes.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
        let mayBeClaimed = live.mirrorNodes.filter { object in
            object.spec.role == .server || object.spec.approval != nil || object.isClaimed
        }
        var names = Set(mayBeClaimed.map(\.metadata.name))
        names.formUnion(plan.writes.compactMap(\.neededMirrorNode))
        let selector = live.mirrors.first { $0.metadata.name == plan.mirror }?.spec.selector
        for node in live.nodes where Self.serverLabels.contains(where: { node.metadata.labels[$0] != nil }) {
            guard selector?.matches(node.metadata.labels) == true else { continue }
            names.insert(Names.mirrorNode(mirror: plan.mirror, node: node.metadata.name))
        }
        if let lease = live.disruption, lease.metadata.annotations[AnnotationKey.holderMirror] != nil,
            let holder = DisruptionHolder(lease)
        {
            names.insert(Names.mirrorNode(mirror: holder.mirror, node: holder.node))
        }
        for name in names.sorted() {
            objects[name] = try await api.find(MirrorNode.self, ObjectKey(name: name))
        }
        return objects.values.sorted { $0.metadata.name < $1.metadata.name }
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
        let named = Set(remembered.map(\.metadata.name)).union(plan.writes.compactMap(\.neededNode))
        // Not among the servers any more: gone, or without its label; which one makes a difference.
        for name in named.subtracting(isLive).sorted() {
            nodes[name] = try await api.find(Node.self, ObjectKey(name: name)).map(NodePruning.pruned)
        }
        return nodes.values.sorted { $0.metadata.name < $1.metadata.name }
    }
}

extension Write {
    fileprivate var neededNode: String? {
        guard case .servers(let node, _) = evidence else { return nil }
        return node
    }

    fileprivate var neededMirrorNode: String? {
        guard case .servers(_, let mirrorNode) = evidence else { return nil }
        return mirrorNode
    }
}
