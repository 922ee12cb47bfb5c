package import KubeCore
import MirrorPlanner

/// What a DaemonSet's controller has to do at one moment: one Pod on each node that matches.
///
/// A Pod of an earlier template stays until it is deleted (`updateStrategy: OnDelete`); rolling updates are not
/// simulated.
///
/// Source: `pkg/controller/daemon/daemon_controller.go` of kubernetes.
package struct DaemonSetPlan: Hashable, Sendable {
    /// Pods to create.
    package var creations: [JSONValue] = []
    /// Names of Pods to delete.
    package var deletions: [String] = []
    /// The status to write.
    package var status: JSONValue

    /// - Parameter pods: all of the DaemonSet's namespace.
    package init(_ daemonSet: JSONValue, nodes: [JSONValue], pods: [JSONValue]) {
        let owned = pods.filter { PodView.controller(of: $0) == daemonSet.objectUID }
        let template = daemonSet.at(["spec", "template"]) ?? [:]
        let hash = Self.hash(template)
        var numbers: [String: Int64] = [:]
        for node in nodes.sorted(by: { $0.objectName < $1.objectName }) {
            let here = owned.filter { PodView.node(of: $0) == node.objectName }
            guard NodeMatch.matches(node, template["spec"] ?? [:]) else {
                if !here.isEmpty { numbers["numberMisscheduled", default: 0] += 1 }
                deletions += here.filter { !PodView.isDeleting($0) }.map(\.objectName)
                continue
            }
            numbers["desiredNumberScheduled", default: 0] += 1
            guard let pod = here.first else {
                if daemonSet.at(["metadata", "deletionTimestamp"]) == nil {
                    creations.append(Self.pod(daemonSet, template, hash, node: node.objectName))
                }
                continue
            }
            numbers["currentNumberScheduled", default: 0] += 1
            if PodView.isReady(pod) { numbers["numberReady", default: 0] += 1 }
            let labels = pod.stringMap(["metadata", "labels"])
            if labels[Self.hashLabel] == hash { numbers["updatedNumberScheduled", default: 0] += 1 }
        }
        // Pods of nodes that are gone are the garbage collector's.
        let names = Set(nodes.map(\.objectName))
        deletions += owned.filter { pod in
            !PodView.isDeleting(pod) && !(PodView.node(of: pod).map { names.contains($0) } ?? false)
        }.map(\.objectName)
        status = Self.status(numbers, daemonSet)
    }

    static let hashLabel = "controller-revision-hash"

    private static func hash(_ template: JSONValue) -> String { StableHash.short(template.text) }

    private static func status(_ numbers: [String: Int64], _ daemonSet: JSONValue) -> JSONValue {
        func number(_ name: String) -> Int64 { numbers[name] ?? 0 }
        let unavailable = number("desiredNumberScheduled") - number("numberReady")
        return [
            "currentNumberScheduled": .int(number("currentNumberScheduled")),
            "desiredNumberScheduled": .int(number("desiredNumberScheduled")),
            "numberAvailable": .int(number("numberReady")),
            "numberMisscheduled": .int(number("numberMisscheduled")),
            "numberReady": .int(number("numberReady")),
            "numberUnavailable": .int(max(0, unavailable)),
            "observedGeneration": daemonSet.at(["metadata", "generation"]) ?? 0,
            "updatedNumberScheduled": .int(number("updatedNumberScheduled")),
        ]
    }

    private static func pod(_ daemonSet: JSONValue, _ template: JSONValue, _ hash: String, node: String) -> JSONValue {
        let generation = daemonSet.stringMap(["metadata", "annotations"])[WorkloadRules.templateGeneration] ?? "1"
        var labels = template.stringMap(["metadata", "labels"])
        labels[hashLabel] = hash
        labels["pod-template-generation"] = generation
        var metadata: JSONValue = [
            "generateName": .string("\(daemonSet.objectName)-"),
            "labels": .object(labels.mapValues { .string($0) }),
            "ownerReferences": [
                [
                    "apiVersion": "apps/v1", "kind": "DaemonSet", "name": .string(daemonSet.objectName),
                    "uid": .string(daemonSet.objectUID), "controller": true, "blockOwnerDeletion": true,
                ]
            ],
        ]
        metadata["annotations"] = template.at(["metadata", "annotations"])
        var spec = template["spec"] ?? [:]
        spec["nodeName"] = .string(node)
        return ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    }
}
