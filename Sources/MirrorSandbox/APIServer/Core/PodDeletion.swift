import KubeCore

/// How a Pod ends that runs on a node: the API server marks it and gives its node time, and the node's kubelet then
/// deletes it for good.
///
/// Source: `pkg/registry/core/pod/strategy.go` (`CheckGracefulDelete`) and
/// `staging/src/k8s.io/apiserver/pkg/registry/rest/delete.go` of kubernetes.
enum PodDeletion {
    /// Seconds that a Pod's deletion may take; 0 where it goes at once.
    ///
    /// - Parameter asked: `gracePeriodSeconds` of the request; nil for the Pod's own.
    static func grace(_ pod: JSONValue, asked: Int64?) -> Int64 {
        let isBound = pod.at(["spec", "nodeName"])?.stringValue.map { !$0.isEmpty } ?? false
        let phase = pod.at(["status", "phase"])?.stringValue ?? ""
        guard isBound, !["Succeeded", "Failed"].contains(phase) else { return 0 }
        return max(0, asked ?? pod.at(["spec", "terminationGracePeriodSeconds"])?.intValue ?? 30)
    }

    /// The Pod with a deadline that many seconds from now; nil where it has one already that is no later.
    static func marked(_ pod: JSONValue, grace: Int64, now: MicroTimestamp) -> JSONValue? {
        let end = MicroTimestamp(microseconds: now.microseconds + grace * 1_000_000).timestamp
        if let before = pod.at(["metadata", "deletionTimestamp"])?.stringValue.flatMap(Timestamp.init), before <= end {
            return nil
        }
        var pod = pod
        pod.put(.string(end.description), at: ["metadata", "deletionTimestamp"])
        pod.put(.int(grace), at: ["metadata", "deletionGracePeriodSeconds"])
        return pod
    }
}
