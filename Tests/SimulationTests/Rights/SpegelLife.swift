import KubeCore
import KubectlTesting
import MirrorAPI
import MirrorPlanner
import MirrorSandbox

/// Spegel on three nodes, as the operator installs it.
struct SpegelLife {
    private let cluster: RunningCluster
    private let controllers: PodControllers
    private static let mirror = ObjectKey(name: "peers")
    private static let monitors = ServiceMonitorKind.resource
    private static let nodes = ["node-1", "node-2", "node-3"]

    private init(_ cluster: RunningCluster) async throws {
        self.cluster = cluster
        controllers = PodControllers(cluster.api, cluster.clock)
        try await Definitions.apply(Self.monitorDefinition, cluster.api)
        for (number, name) in Self.nodes.enumerated() {
            let conditions = [Node.Condition(type: "Ready", status: "True")]
            let addresses = [Node.Address(type: "InternalIP", address: "10.0.0.\(number + 1)")]
            let node = Node(
                metadata: ObjectMeta(name: name, labels: ["kubernetes.io/os": "linux"]),
                status: Node.Status(conditions: conditions, addresses: addresses)
            )
            try await cluster.api.create(node, manager: "kubelet")
        }
    }

    /// It is installed, at first without pods, others take from it and it comes back, a peer falls ill, it is upgraded,
    /// and nothing is left of it in the end.
    static func run(streamingLists: Bool, without right: Right? = nil) async throws -> AccessLog {
        try await RunningCluster.turns.take { try await live(streamingLists, without: right) }
    }

    private static func live(_ streamingLists: Bool, without right: Right?) async throws -> AccessLog {
        let cluster = try await RunningCluster([.base, .spegel], streamingLists: streamingLists, without: right)
        let life = try await SpegelLife(cluster)
        let controllers = life.controllers
        try await cluster.operating([{ await controllers.run() }]) {
            try await life.installation()
            try await life.drift()
            try await life.illness()
            try await life.unmonitored { try await life.apply(version: "v0.7.3", serviceMonitor: false) }
            try await life.upgrade()
        }
        guard !cluster.accesses.hasRefused else { return cluster.accesses }
        // What is wished for while no operator runs is for the next one.
        try await life.apply(version: "v0.7.4", serviceMonitor: false)
        try await cluster.operating([{ await controllers.run() }]) {
            try await life.unmonitored {}
            try await life.deletion()
        }
        return cluster.accesses
    }

    /// As much of the Prometheus operator as a ServiceMonitor needs.
    private static var monitorDefinition: JSONValue {
        let anything: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(monitors.plural).\(monitors.group)")],
            "spec": [
                "group": .string(monitors.group), "scope": "Namespaced",
                "names": [
                    "plural": .string(monitors.plural), "kind": .string(monitors.kind), "singular": "servicemonitor",
                    "listKind": "ServiceMonitorList",
                ],
                "versions": [
                    [
                        "name": .string(monitors.version), "served": true, "storage": true,
                        "schema": ["openAPIV3Schema": anything],
                    ]
                ],
            ],
        ]
    }

    private func apply(version: String, serviceMonitor: Bool) async throws {
        let install = P2PMirrorSpec.Install(
            version: version,
            serviceMonitor: serviceMonitor,
            maxUnavailable: .percent(100)
        )
        let spec = P2PMirrorSpec(
            provider: .spegel,
            mode: .enforce,
            candidates: P2PMirrorSpec.Candidates(unhealthyForSeconds: 0, healthyForSeconds: 10),
            rollout: P2PMirrorSpec.Rollout(minReadySeconds: 0),
            spegel: P2PMirrorSpec.Spegel(install: install)
        )
        var object = try JSONCoding.value(of: P2PMirror(metadata: ObjectMeta(name: Self.mirror.name), spec: spec))
        object["apiVersion"] = .string(P2PMirror.resource.apiVersion)
        object["kind"] = .string(P2PMirror.resource.kind)
        let patch = Patch.apply(object, manager: "kubectl", force: true)
        _ = try await cluster.api.answer(to: .patch(P2PMirror.resource, Self.mirror, patch))
    }

    private func installation() async throws {
        let refusal = "the quota of this namespace is used up"
        controllers.refusal = refusal
        try await apply(version: "v0.7.3", serviceMonitor: true)
        try await cluster.until("the mirror says why there are no pods") {
            try await cluster.api.get(P2PMirror.self, Self.mirror).status?.conditions
                .contains { $0.message.contains(refusal) } == true
        }
        controllers.refusal = nil
        try await untilRunning("v0.7.3")
    }

    /// Waits until all pods are of that version, ready, and in the set.
    private func untilRunning(_ version: String) async throws {
        try await cluster.until("\(version) runs on all nodes") {
            let pods = try await pods().filter { !PodView.isDeleting($0) && PodView.isReady($0) }
            let images = pods.compactMap { $0[path: "spec", "containers"]?.arrayValue?.first?["image"]?.stringValue }
            let status = try await cluster.api.get(P2PMirror.self, Self.mirror).status
            return images.count == Self.nodes.count && images.allSatisfy { $0.hasSuffix(":\(version)") }
                && status?.candidates?.published == Self.nodes.count
        }
    }

    private func pods() async throws -> [JSONValue] {
        try await ClusterObjects(cluster.api).list(ClusterObjects.pods)
    }

    // MARK: What others do

    private func find(_ resource: ResourceType, _ name: String) async throws(KubeError) -> JSONValue? {
        do {
            return try await cluster.api.send(.get(resource, key(name)))
        } catch  where error.isNotFound {
            return nil
        }
    }

    private func key(_ name: String) -> ObjectKey {
        ObjectKey(namespace: SimulatedCluster.leaseNamespace, name: name)
    }

    private func drift() async throws {
        let base = "\(Self.mirror.name)-spegel"
        let objects = [
            (ServiceAccountKind.resource, base), (ServiceKind.resource, "\(base)-bootstrap"), (Self.monitors, base),
            (DaemonSetKind.resource, base),
        ]
        let orphan: JSONValue = ["metadata": ["ownerReferences": nil]]
        for (resource, name) in objects {
            let key = key(name)
            _ = try await cluster.api.answer(to: .patch(resource, key, .merge(orphan), manager: "meddler"))
            try await cluster.until("\(resource.kind) \(name) has its owner again") {
                try await find(resource, name)?[path: "metadata", "ownerReferences"] != nil
            }
            let uid = try await find(resource, name)?[path: "metadata", "uid"]
            _ = try await cluster.api.answer(to: .delete(resource, key))
            try await cluster.until("\(resource.kind) \(name) is back") {
                let now = try await find(resource, name)
                return now != nil && now?[path: "metadata", "uid"] != uid
            }
        }
        try await untilRunning("v0.7.3")
    }

    // MARK: What happens to it

    private func illness() async throws {
        controllers.unready = [Self.nodes[0]]
        try await cluster.until("a peer that is not ready leaves the set") {
            try await pods().contains { $0[path: "metadata", "labels"]?[LabelKey.candidate] == "false" }
        }
        controllers.unready = []
        try await untilRunning("v0.7.3")
    }

    private func upgrade() async throws {
        try await apply(version: "v0.7.4", serviceMonitor: true)
        try await untilRunning("v0.7.4")
        try await cluster.until("Prometheus is told of the pods") { try await monitor() != nil }
    }

    private func unmonitored(_ change: () async throws -> Void) async throws {
        try await change()
        try await cluster.until("Prometheus is told of the pods no more") { try await monitor() == nil }
    }

    private func monitor() async throws -> JSONValue? { try await find(Self.monitors, "\(Self.mirror.name)-spegel") }

    private func deletion() async throws {
        try await cluster.api.delete(P2PMirror.self, Self.mirror)
        try await cluster.until("nothing is left") {
            for resource in [P2PMirror.resource, MirrorNode.resource, DaemonSetKind.resource, ServiceKind.resource] {
                let list: JSONValue = try await cluster.api.send(.list(resource))
                if list["items"] != [] { return false }
            }
            return try await pods().isEmpty
        }
    }
}
