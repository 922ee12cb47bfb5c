package import KubeCore

/// What the pods of one seed say about it.
package struct PodReading: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable {
        /// Running and ready.
        case ready = "Ready"
        /// There, and not ready.
        case notReady = "NotReady"
        /// Its container ends again and again.
        case crashLooping = "CrashLooping"
        /// On its way out.
        case deleting = "Deleting"
    }

    package var state: State
    /// The pod that says so.
    package var pod: String
    /// Since when, where the pod says.
    package var since: Timestamp?
    /// A sentence for an administrator.
    package var message: String

    package init(state: State, pod: String, since: Timestamp? = nil, message: String) {
        self.state = state
        self.pod = pod
        self.since = since
        self.message = message
    }

    /// What the pods of one node amount to; nil where there are none, which says nothing: a watch may be behind.
    ///
    /// A pod that is on its way out while another one is there is being replaced, and the other one counts. So is a
    /// static one at every change of its file, so that its going is never more than its not being ready.
    package init?(_ pods: [Pod]) {
        let staying = pods.filter { !$0.isDeleting && $0.status.phase != "Succeeded" && $0.status.phase != "Failed" }
        let all = (staying.isEmpty ? pods : staying).map(PodReading.init)
        // The worst of them; by name where several are alike, so that it stays the same.
        guard let worst = all.max(by: { ($0.severity, $1.pod) < ($1.severity, $0.pod) }) else { return nil }
        self = worst
    }

    private init(_ pod: Pod) {
        let ready = pod.status.conditions.first { $0.type == "Ready" }
        let name = pod.metadata.name
        if let deletion = pod.metadata.deletionTimestamp, !pod.isStatic {
            self.init(state: .deleting, pod: name, since: deletion, message: "Pod \(name) is being deleted.")
        } else if let container = pod.crashLooping.first {
            let cause = container.lastState?.terminated?.reason.map { " (\($0))" } ?? ""
            self.init(
                state: .crashLooping,
                pod: name,
                since: ready?.lastTransitionTime,
                message: "Container \(container.name) of pod \(name) ends again and again\(cause)."
            )
        } else if pod.isReady, !pod.isDeleting {
            self.init(state: .ready, pod: name, since: ready?.lastTransitionTime, message: "Pod \(name) is ready.")
        } else {
            let cause = (ready?.reason ?? pod.status.phase).map { " (\($0))" } ?? ""
            self.init(
                state: .notReady,
                pod: name,
                since: ready?.lastTransitionTime,
                message: "Pod \(name) is not ready\(cause)."
            )
        }
    }

    private var severity: Int {
        switch state {
        case .ready: 0
        case .notReady: 1
        case .crashLooping: 2
        case .deleting: 3
        }
    }

    /// The evidence of each node that has such pods.
    package static func byNode(_ pods: [Pod]) -> [String: PodReading] {
        let onNodes = pods.filter { $0.spec.nodeName?.isEmpty == false }
        return Dictionary(grouping: onNodes) { $0.spec.nodeName ?? "" }.compactMapValues { PodReading($0) }
    }
}

extension Pod {
    /// Whether the kubelet runs it from a file: what the API has is then only its image (kubernetes
    /// `pkg/kubelet/types/pod_update.go`, `ConfigMirrorAnnotationKey`).
    fileprivate var isStatic: Bool { metadata.annotations["kubernetes.io/config.mirror"] != nil }
}
