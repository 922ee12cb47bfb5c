import KubeCore
import MirrorSandbox
import Synchronization

/// The controller of DaemonSets, and kubelets whose pods run at once.
final class PodControllers: Sendable {
    private struct Settings {
        var refusal: String?
        var unready: Set<String> = []
    }

    private let objects: ClusterObjects
    private let clock: FastClock
    private let settings = Mutex(Settings())

    init(_ api: KubeAPI, _ clock: FastClock) {
        objects = ClusterObjects(api)
        self.clock = clock
    }

    /// Why no pod can be made; nil while they can.
    var refusal: String? {
        get { settings.withLock(\.refusal) }
        set { settings.withLock { $0.refusal = newValue } }
    }

    /// Nodes whose pods are not ready.
    var unready: Set<String> {
        get { settings.withLock(\.unready) }
        set { settings.withLock { $0.unready = newValue } }
    }

    func run() async {
        while !Task.isCancelled {
            // What has changed in the meantime is reconciled again.
            try? await round()
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func round() async throws(KubeError) {
        let nodes = try await objects.list(ClusterObjects.nodes)
        for set in try await objects.list(ClusterObjects.daemonSets) {
            let pods = try await objects.list(ClusterObjects.pods, namespace: Self.namespace(of: set))
            try await attend(to: set, DaemonSetPlan(set, nodes: nodes, pods: pods))
        }
        for pod in try await objects.list(ClusterObjects.pods) { try await attend(to: pod) }
    }

    private func attend(to set: JSONValue, _ plan: DaemonSetPlan) async throws(KubeError) {
        let refusal = refusal
        if let refusal, !plan.creations.isEmpty { try await tell(refusal, of: set) }
        if plan.status != set["status"] {
            try await objects.write(status: plan.status, of: set, ClusterObjects.daemonSets)
        }
        guard refusal == nil else { return }
        let namespace = Self.namespace(of: set)
        for pod in plan.creations {
            var pod = pod
            pod["metadata"]?["namespace"] = .string(namespace)
            try await objects.create(ClusterObjects.pods, pod)
        }
        for name in plan.deletions { try await objects.delete(pod: name, namespace) }
    }

    private func attend(to pod: JSONValue) async throws(KubeError) {
        let name = pod[path: "metadata", "name"]?.stringValue ?? ""
        guard !PodView.isDeleting(pod) else {
            let uid = pod[path: "metadata", "uid"]?.stringValue
            return try await objects.delete(pod: name, Self.namespace(of: pod), uid: uid, grace: 0)
        }
        let report = PodReport(
            ip: "10.244.0.1",
            hostIP: "10.0.0.1",
            isRunning: true,
            isStarted: true,
            isReady: !unready.contains(PodView.node(of: pod) ?? ""),
            restarts: 0
        )
        let status = report.status(of: pod, now: clock.wallTime.timestamp)
        if status != pod["status"] { try await objects.write(status: status, of: pod, ClusterObjects.pods) }
    }

    /// Says it in an Event, as the controller does.
    private func tell(_ refusal: String, of set: JSONValue) async throws(KubeError) {
        let event = Event(
            metadata: ObjectMeta(name: "refused", namespace: Self.namespace(of: set)),
            eventTime: clock.wallTime,
            reportingController: "daemonset-controller",
            reportingInstance: "one",
            action: "Create",
            reason: "FailedCreate",
            note: refusal,
            type: "Warning",
            regarding: Event.Reference(
                apiVersion: "apps/v1",
                kind: "DaemonSet",
                namespace: Self.namespace(of: set),
                name: set[path: "metadata", "name"]?.stringValue,
                uid: set[path: "metadata", "uid"]?.stringValue
            )
        )
        guard try await objects.api.find(Event.self, event.key) == nil else { return }
        try await objects.api.create(event, manager: "daemonset-controller")
    }

    private static func namespace(of object: JSONValue) -> String {
        object[path: "metadata", "namespace"]?.stringValue ?? ""
    }
}
