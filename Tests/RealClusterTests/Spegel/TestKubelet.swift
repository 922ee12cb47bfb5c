import KubeCore
import Synchronization

/// The scheduler's and the kubelets' part for Nodes that are objects alone: pods of one namespace are bound to the
/// node that their DaemonSet means, begin to run, and end when they are deleted.
///
/// Nothing listens at the pods' addresses.
final class TestKubelet: Sendable {
    private struct State {
        var addresses: [String: Int] = [:]
        var withheld: Set<String> = []
        var complaints: [String] = []
    }

    private let api: KubeAPI
    private let namespace: String
    private let state = Mutex(State())

    init(_ api: KubeAPI, namespace: String) {
        self.api = api
        self.namespace = namespace
    }

    /// The nodes on which pods that begin do not become ready until this says so.
    var withheld: Set<String> {
        get { state.withLock { $0.withheld } }
        set { state.withLock { $0.withheld = newValue } }
    }

    /// What went wrong beside pods that were changed or gone in the meantime.
    var complaints: [String] { state.withLock { $0.complaints } }

    func run() async {
        while !Task.isCancelled {
            await round()
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func round() async {
        guard
            let pods = await tolerant({ () throws(KubeError) in
                try await self.api.allBare(BareKind.pods, self.namespace)
            })
        else { return }
        for pod in pods { _ = await tolerant { () throws(KubeError) in try await self.attend(to: pod) } }
    }

    private func attend(to pod: JSONValue) async throws(KubeError) {
        let key = ObjectKey(namespace: namespace, name: pod.name)
        if pod.isDeleting {
            try await end(pod, key)
        } else if let node = pod[path: "spec", "nodeName"]?.stringValue, !node.isEmpty {
            try await report(pod, key, isReady: !withheld.contains(node))
        } else if let node = Self.meantNode(of: pod) {
            try await bind(key, to: node)
        }
    }

    /// The node that the DaemonSet controller has written into the pod's affinity.
    private static func meantNode(of pod: JSONValue) -> String? {
        let affinity = pod[path: "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]
        let field = affinity?["nodeSelectorTerms"]?.arrayValue?.first?["matchFields"]?.arrayValue?.first
        return field?["values"]?.arrayValue?.first?.stringValue
    }

    private func bind(_ key: ObjectKey, to node: String) async throws(KubeError) {
        let binding: JSONValue = [
            "apiVersion": "v1", "kind": "Binding", "metadata": ["name": .string(key.name)],
            "target": ["apiVersion": "v1", "kind": "Node", "name": .string(node)],
        ]
        let path = BareKind.pods.path(of: key, subresource: "binding")
        let body = try JSONCoding.encode(binding)
        _ = try await api.answer(to: KubeRequest(.post, path, contentType: "application/json", body: body))
    }

    /// Says that a pod runs, and whether it is ready; once it was ready it stays so.
    private func report(_ pod: JSONValue, _ key: ObjectKey, isReady: Bool) async throws(KubeError) {
        let wasRunning = pod[path: "status", "phase"] == "Running"
        let conditions = pod[path: "status", "conditions"]?.arrayValue ?? []
        let wasReady = conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
        guard !wasRunning || (!wasReady && isReady) else { return }
        let number = state.withLock { state in
            let number = state.addresses[pod.uid] ?? state.addresses.count + 1
            state.addresses[pod.uid] = number
            return number
        }
        let address = JSONValue.string("10.244.\(number / 250).\(number % 250 + 1)")
        let now = JSONValue.string(WallClock.now().timestamp.description)
        let truth: JSONValue = isReady ? "True" : "False"
        let reported: [JSONValue] = ["Initialized", "ContainersReady", "PodScheduled", "Ready"].map { type in
            let status: JSONValue = type.hasSuffix("Ready") ? truth : "True"
            return ["type": .string(type), "status": status, "lastTransitionTime": now]
        }
        let containers = (pod[path: "spec", "containers"]?.arrayValue ?? []).map { container -> JSONValue in
            [
                "name": container["name"] ?? "", "image": container["image"] ?? "", "imageID": "",
                "ready": .bool(isReady), "started": true, "restartCount": 0, "state": ["running": ["startedAt": now]],
            ]
        }
        let status: JSONValue = [
            "phase": "Running", "podIP": address, "podIPs": [["ip": address]], "hostIP": "10.0.1.1",
            "startTime": now, "conditions": .array(reported), "containerStatuses": .array(containers),
        ]
        try await write(["status": status], of: pod, key)
    }

    private func write(_ patch: JSONValue, of pod: JSONValue, _ key: ObjectKey) async throws(KubeError) {
        let _: JSONValue = try await api.send(
            .patch(BareKind.pods, key, subresource: "status", .merge(patch), manager: "kubelet")
        )
    }

    /// Takes away a pod whose deletion was asked for: its containers have ended.
    private func end(_ pod: JSONValue, _ key: ObjectKey) async throws(KubeError) {
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
            "preconditions": ["uid": .string(pod.uid)],
        ]
        let body = try JSONCoding.encode(options)
        let path = BareKind.pods.path(of: key)
        _ = try await api.answer(to: KubeRequest(.delete, path, contentType: "application/json", body: body))
    }

    private func tolerant<Value>(_ body: () async throws(KubeError) -> Value) async -> Value? {
        do {
            return try await body()
        } catch {
            let isOrdinary = error.isNotFound || error.isConflict || Task.isCancelled
            if !isOrdinary { state.withLock { $0.complaints.append("\(error)") } }
            return nil
        }
    }
}
