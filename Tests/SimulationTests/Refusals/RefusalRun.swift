import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import MirrorSandbox
import Testing

/// What came of a row of the table.
struct RefusalResult: Sendable {
    /// What the API server said where it checks everything: its code, and the faults that it names.
    var refusal: (code: Int, causes: [Status.Cause])?
    /// What let the object through, where the complete definitions did not.
    var letThroughBy: Definitions.Strictness?
    /// Of each mirror, in the order of their creation.
    var conditions: [[Condition]] = []
    /// Names of hosts or Nodes of which anything changed, and how often each service was restarted.
    var touched: [String: Int] = [:]
    /// The epochs under which the disruption Lease was seen taken by a mirror, and who has it at the end.
    var epochs: Set<Int> = []
    var holder = ""
    /// MirrorNodes with an approval.
    var approvals: [String] = []

    /// The condition of that type of the youngest mirror.
    func condition(_ type: MirrorConditionType) -> Condition? { conditions.last?.first(ofType: type.rawValue) }
}

/// Carries a row out: against the API server, then with the operator and all agents over simulated hosts.
enum RefusalRun {
    /// Seconds without any write after which nothing more comes; no row has a delay that is longer, but an approval's.
    private static let quietSeconds = 5
    /// Seconds within which everything must be done.
    private static let limit = 100

    static func result(of row: BadSpecification) async throws -> RefusalResult {
        var result = RefusalResult()
        result.refusal = try await attempt(row, .complete).1
        for strictness in [Definitions.Strictness.withoutCEL, .unchecked] {
            let (cluster, refusal) = try await attempt(row, strictness)
            guard refusal == nil else { continue }
            result.letThroughBy = strictness
            let before = try await Witness(cluster)
            result.epochs = try await run(cluster)
            try await result.note(cluster, since: before, mirrors: [row.mirrorName])
            break
        }
        return result
    }

    /// Creates what stood there before, and then what is bad.
    private static func attempt(
        _ row: BadSpecification,
        _ strictness: Definitions.Strictness
    ) async throws -> (SimulatedCluster, (code: Int, causes: [Status.Cause])?) {
        let cluster = try await SimulatedCluster(.ring(agents: 0, network: "10.0.0"), strictness: strictness)
        let object = try row.object(row.spec)
        do throws(KubeError) {
            if let before = row.before {
                try await create(try row.object(before), cluster.api)
                let patch: JSONValue = ["spec": object["spec"] ?? .null]
                let key = ObjectKey(name: row.mirrorName)
                _ = try await cluster.api.answer(to: .patch(P2PMirror.resource, key, .merge(patch), manager: "kubectl"))
            } else {
                try await create(object, cluster.api)
            }
            return (cluster, nil)
        } catch {
            guard let status = error.status else { throw error }
            // That rules were not asked is said of no field.
            let causes = (status.details?.causes ?? []).filter { $0.field != "<nil>" }
            return (cluster, (status.code ?? 0, causes))
        }
    }

    private static func create(_ object: JSONValue, _ api: KubeAPI) async throws(KubeError) {
        _ = try await api.answer(to: .create(P2PMirror.resource, namespace: nil, object, manager: "kubectl"))
    }

    static func result(of row: OddFleet) async throws -> RefusalResult {
        let cluster = try await SimulatedCluster(row.fleet)
        try await prepare(cluster, row)
        var result = RefusalResult()
        let before = try await Witness(cluster)
        let names = row.specs.indices.map { row.specs.count == 1 ? SimulatedCluster.mirror : "mirror-\($0 + 1)" }
        for (name, spec) in zip(names, row.specs) {
            try await create(try mirror(name, spec, row.fleet.distribution.provider), cluster.api)
            cluster.passSecond()
        }
        result.epochs = try await run(cluster, silent: row.silent, incident: row.incident)
        try await result.note(cluster, since: before, mirrors: row.incident == .none ? names : [])
        return result
    }

    /// What is said in the row over what all rows have: short times, and leave to act.
    private static func mirror(_ name: String, _ text: String, _ provider: Provider) throws -> JSONValue {
        let usual: JSONValue = [
            "provider": "RKE2", "mode": "Enforce", "rollout": ["minReadySeconds": 1, "progressDeadlineSeconds": 120],
        ]
        let given = try YAMLCoding.documents(text).first ?? [:]
        return [
            "apiVersion": "p2pmirror.io/v1alpha1", "kind": "P2PMirror", "metadata": ["name": .string(name)],
            "spec": usual.overlaid(with: given),
        ]
    }

    private static func prepare(_ cluster: SimulatedCluster, _ row: OddFleet) async throws {
        for host in cluster.hosts {
            let name = host.host.name
            for (path, content) in row.files {
                if let content { host.disk.put(path, content) } else { host.disk.delete(path) }
            }
            for directory in row.lacking { host.disk.removeTree(directory) }
            if let patch = row.nodes[name] { try await change(name, patch, cluster.api) }
            if let conditions = row.conditions[name] { try await change(name, conditions, cluster.api) }
        }
        guard let stranger = row.stranger else { return }
        let key = ObjectKey(namespace: SimulatedCluster.leaseNamespace, name: DisruptionLease.name)
        let lease = Lease(
            metadata: ObjectMeta(name: key.name, namespace: key.namespace),
            spec: Lease.Spec(holderIdentity: stranger)
        )
        try await cluster.api.create(lease, manager: "stranger")
    }

    private static func change(_ node: String, _ patch: JSONValue, _ api: KubeAPI) async throws(KubeError) {
        let key = ObjectKey(name: node)
        try await api.patch(Node.self, key, .merge(patch), manager: "administrator")
        guard let status = patch["status"] else { return }
        try await api.patch(Node.self, key, subresource: "status", .merge(["status": status]), manager: "kubelet")
    }

    private static func change(_ node: String, _ conditions: [String: String], _ api: KubeAPI) async throws(KubeError) {
        let present = try await api.get(Node.self, ObjectKey(name: node)).status?.conditions ?? []
        let changed = present.map { condition in
            var condition = condition
            condition.status = conditions[condition.type] ?? condition.status
            return condition
        }
        try await change(node, ["status": ["conditions": try JSONCoding.value(of: changed)]], api)
    }

    /// Lets everybody work until nothing is written any more.
    ///
    /// - Returns: the epochs of the disruption Lease; an operator does one thing with it in a second.
    private static func run(
        _ cluster: SimulatedCluster,
        silent: Set<String> = [],
        incident: OddFleet.Incident = .none
    ) async throws -> Set<Int> {
        var processes = ProcessTable(cluster)
        var isDeleted = incident == .none
        var quiet = 0
        var epochs: Set<Int> = []
        for _ in 0..<limit where quiet < quietSeconds {
            let revision = cluster.server.revision
            try await cluster.runSecond(&processes, silent: silent)
            quiet = cluster.server.revision == revision ? quiet + 1 : 0
            if let lease = try await cluster.disruptionLease()?.spec, lease.holderIdentity != nil,
                let epoch = lease.leaseTransitions
            {
                epochs.insert(epoch)
            }
            guard !isDeleted, try await cluster.api.list(MirrorNode.self).contains(where: \.isClaimed) else { continue }
            isDeleted = true
            try await cluster.api.delete(P2PMirror.self, ObjectKey(name: SimulatedCluster.mirror))
        }
        #expect(quiet == quietSeconds, "there is still something going on after \(limit) s")
        return epochs
    }
}

/// What must stay as it is: every file of every host, every Node.
struct Witness {
    var files: [String: [String: String]]
    var nodes: [String: String]

    init(_ cluster: SimulatedCluster) async throws {
        files = Dictionary(uniqueKeysWithValues: cluster.hosts.map { ($0.host.name, Self.files(of: $0)) })
        nodes = Dictionary(
            uniqueKeysWithValues: try await cluster.api.list(Node.self).map {
                ($0.metadata.name, $0.metadata.resourceVersion ?? "")
            }
        )
    }

    /// An agent keeps a lock of its own, which says nothing of the node.
    private static func files(of host: SimulatedHost) -> [String: String] {
        host.disk.contents.filter { !$0.key.hasSuffix("/agent.lock") }
    }
}

extension RefusalResult {
    fileprivate mutating func note(_ cluster: SimulatedCluster, since before: Witness, mirrors: [String]) async throws {
        let after = try await Witness(cluster)
        for host in cluster.hosts {
            let name = host.host.name
            let isTouched =
                host.restarts > 0 || after.files[name] != before.files[name] || after.nodes[name] != before.nodes[name]
            if isTouched { touched[name] = host.restarts }
        }
        for name in mirrors {
            let mirror: JSONValue = try await cluster.api.send(.get(P2PMirror.resource, ObjectKey(name: name)))
            let conditions = mirror["status"]?["conditions"] ?? []
            self.conditions.append(try JSONCoding.decode([Condition].self, from: conditions))
        }
        holder = try await cluster.disruptionLease()?.spec?.holderIdentity ?? ""
        approvals = try await cluster.api.list(MirrorNode.self).filter { $0.spec.approval != nil }.map(\.metadata.name)
    }
}

extension JSONValue {
    /// This value with the members of another put over it, at every depth.
    fileprivate func overlaid(with other: JSONValue) -> JSONValue {
        guard case .object(let mine) = self, case .object(let theirs) = other else { return other }
        return .object(mine.merging(theirs) { $0.overlaid(with: $1) })
    }
}

extension SimulatedDisk {
    /// Takes a directory away with all that is in it.
    fileprivate func removeTree(_ directory: String) {
        for path in contents.keys where path.hasPrefix(directory + "/") {
            delete(path)
            removeDirectory(HostPath.parent(path))
        }
        removeDirectory(directory)
    }
}
