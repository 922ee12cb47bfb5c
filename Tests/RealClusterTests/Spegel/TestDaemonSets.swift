import KubeCore

/// A DaemonSet controller for servers beside which none runs: one pod on each node that the template's `nodeSelector`
/// fits, made anew when it is gone, and the figures of `status`.
///
/// As the real one it never replaces the pods of a template before (`OnDelete`), waits until a pod that ends is gone,
/// and leaves DaemonSets alone that are being deleted. Affinity and taints are not looked at.
struct TestDaemonSets: Sendable {
    let api: KubeAPI
    let namespace: String

    func run() async {
        while !Task.isCancelled {
            // A conflict or an object that is gone is looked at again in the next round.
            try? await round()
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func round() async throws(KubeError) {
        let sets = try await api.allBare(BareKind.daemonSets, namespace)
        guard !sets.isEmpty else { return }
        let nodes = try await api.allBare(BareKind.nodes)
        let pods = try await api.allBare(BareKind.pods, namespace)
        for set in sets where !set.isDeleting {
            let selector = set[path: "spec", "template", "spec", "nodeSelector"]?.objectValue ?? [:]
            let wanted = nodes.filter { node in selector.allSatisfy { node.labels[$0.key] == $0.value } }.map(\.name)
            let own = pods.filter { pod in
                pod[path: "metadata", "ownerReferences"]?.arrayValue?.contains { $0["uid"] == .string(set.uid) } == true
            }
            try await place(set, on: wanted, own)
            try await report(set, wanted.count, own)
        }
    }

    private func place(_ set: JSONValue, on wanted: [String], _ own: [JSONValue]) async throws(KubeError) {
        let taken = Set(own.compactMap { $0[path: "spec", "nodeName"]?.stringValue })
        for node in wanted where !taken.contains(node) {
            try await api.createBare(pod(of: set, on: node), manager: "daemonset-controller")
        }
        for pod in own where !wanted.contains(pod[path: "spec", "nodeName"]?.stringValue ?? "") {
            try await api.deleteBare(BareKind.pods, ObjectKey(namespace: namespace, name: pod.name))
        }
    }

    private func pod(of set: JSONValue, on node: String) -> JSONValue {
        var template = set[path: "spec", "template"] ?? [:]
        var metadata = template["metadata"] ?? [:]
        let suffix = String((0..<5).compactMap { _ in "bcdfghjklmnpqrstvwxz2456789".randomElement() })
        metadata["name"] = .string("\(set.name)-\(suffix)")
        metadata["namespace"] = .string(namespace)
        metadata["ownerReferences"] = [
            [
                "apiVersion": "apps/v1", "kind": "DaemonSet", "name": .string(set.name), "uid": .string(set.uid),
                "controller": true, "blockOwnerDeletion": true,
            ]
        ]
        template["metadata"] = metadata
        var spec = template["spec"] ?? [:]
        spec["nodeName"] = .string(node)
        template["spec"] = spec
        template["apiVersion"] = "v1"
        template["kind"] = "Pod"
        return template
    }

    private func report(_ set: JSONValue, _ wanted: Int, _ own: [JSONValue]) async throws(KubeError) {
        let ready = own.filter { pod in
            (pod[path: "status", "conditions"]?.arrayValue ?? [])
                .contains { $0["type"] == "Ready" && $0["status"] == "True" }
        }
        let status: [String: JSONValue] = [
            "observedGeneration": set[path: "metadata", "generation"] ?? 1,
            "desiredNumberScheduled": .int(Int64(wanted)), "currentNumberScheduled": .int(Int64(own.count)),
            "updatedNumberScheduled": .int(Int64(own.count)), "numberMisscheduled": 0,
            "numberReady": .int(Int64(ready.count)), "numberAvailable": .int(Int64(ready.count)),
            "numberUnavailable": .int(Int64(wanted - ready.count)),
        ]
        let current = set["status"]?.objectValue ?? [:]
        guard !status.allSatisfy({ current[$0.key] == $0.value }) else { return }
        let key = ObjectKey(namespace: namespace, name: set.name)
        let _: JSONValue = try await api.send(
            .patch(
                BareKind.daemonSets,
                key,
                subresource: "status",
                .merge(["status": .object(status)]),
                manager: "daemonset-controller"
            )
        )
    }
}
