import KubeCore
import MirrorSandbox

/// The DaemonSet controller for servers beside which none runs: the sandbox's decisions, carried out by requests.
struct TestDaemonSets: Sendable {
    let api: KubeAPI
    let namespace: String

    func run() async {
        while !Task.isCancelled {
            // A conflict or an object that is gone is tried again in the next round.
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
            let plan = DaemonSetPlan(set, nodes: nodes, pods: pods)
            for pod in plan.creations {
                var pod = pod
                pod["metadata"]?["namespace"] = .string(namespace)
                try await api.createBare(pod, manager: "daemonset-controller")
            }
            for name in plan.deletions {
                try await api.deleteBare(BareKind.pods, ObjectKey(namespace: namespace, name: name))
            }
            try await report(plan.status, of: set)
        }
    }

    private func report(_ status: JSONValue, of set: JSONValue) async throws(KubeError) {
        let current = set["status"]?.objectValue ?? [:]
        guard !(status.objectValue ?? [:]).allSatisfy({ current[$0.key] == $0.value }) else { return }
        let key = ObjectKey(namespace: namespace, name: set.name)
        let _: JSONValue = try await api.send(
            .patch(
                BareKind.daemonSets,
                key,
                subresource: "status",
                .merge(["status": status]),
                manager: "daemonset-controller"
            )
        )
    }
}
