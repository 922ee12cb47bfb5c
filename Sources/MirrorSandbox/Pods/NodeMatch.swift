package import KubeCore

/// Whether a node is one for a workload's Pods: its labels, its name and its taints against the Pods' specification.
///
/// Source: `staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity` and
/// `pkg/controller/daemon/daemon_controller.go` (`NodeShouldRunDaemonPod`) of kubernetes.
package enum NodeMatch {
    package static func matches(_ node: JSONValue, _ spec: JSONValue) -> Bool {
        let labels = node.stringMap(["metadata", "labels"])
        let selected = spec.stringMap(["nodeSelector"]).allSatisfy { labels[$0.key] == $0.value }
        let required = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]
        guard selected, let terms = spec.at(required)?["nodeSelectorTerms"]?.arrayValue else {
            return selected && tolerates(node, spec)
        }
        return terms.contains { matches(node, labels, term: $0) } && tolerates(node, spec)
    }

    private static func matches(_ node: JSONValue, _ labels: [String: String], term: JSONValue) -> Bool {
        let expressions = term["matchExpressions"]?.arrayValue ?? []
        let fields = term["matchFields"]?.arrayValue ?? []
        // A term without requirements matches nothing.
        guard !expressions.isEmpty || !fields.isEmpty else { return false }
        return expressions.allSatisfy { holds($0, labels) }
            && fields.allSatisfy { holds($0, ["metadata.name": node.objectName]) }
    }

    private static func holds(_ requirement: JSONValue, _ labels: [String: String]) -> Bool {
        let value = requirement["key"]?.stringValue.flatMap { labels[$0] }
        let values = requirement["values"]?.strings ?? []
        switch requirement["operator"]?.stringValue {
        case "In": return value.map { values.contains($0) } ?? false
        case "NotIn": return value.map { !values.contains($0) } ?? true
        case "Exists": return value != nil
        case "DoesNotExist": return value == nil
        case "Gt": return value.flatMap { Int($0) } ?? .min > values.first.flatMap { Int($0) } ?? .max
        case "Lt": return value.flatMap { Int($0) } ?? .max < values.first.flatMap { Int($0) } ?? .min
        default: return false
        }
    }

    private static func tolerates(_ node: JSONValue, _ spec: JSONValue) -> Bool {
        let tolerations = spec["tolerations"]?.arrayValue ?? []
        // What a DaemonSet's Pods tolerate in any case.
        let borne: Set<String> = [
            "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/unschedulable",
            "node.kubernetes.io/disk-pressure", "node.kubernetes.io/memory-pressure",
            "node.kubernetes.io/pid-pressure",
        ]
        return (node.at(["spec", "taints"])?.arrayValue ?? []).allSatisfy { taint in
            let key = taint["key"]?.stringValue ?? ""
            if taint["effect"] == "PreferNoSchedule" || borne.contains(key) { return true }
            return tolerations.contains { toleration in
                let wanted = toleration["key"]?.stringValue ?? ""
                let effect = toleration["effect"]?.stringValue ?? ""
                guard effect.isEmpty || effect == taint["effect"]?.stringValue else { return false }
                if toleration["operator"] == "Exists" { return wanted.isEmpty || wanted == key }
                return wanted == key && toleration["value"]?.stringValue ?? "" == taint["value"]?.stringValue ?? ""
            }
        }
    }
}
