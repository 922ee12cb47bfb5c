package import KubeCore

/// What a StatefulSet's controller has to do at one moment: Pods with numbers, one after another.
///
/// Source: `pkg/controller/statefulset/stateful_set_control.go` and `stateful_set_utils.go` of kubernetes. The
/// sandbox's scheduler is a part of it: a Pod's number says its node.
package struct StatefulSetPlan: Hashable, Sendable {
    /// Pods to create.
    package var creations: [JSONValue] = []
    /// Names of Pods to delete.
    package var deletions: [String] = []
    /// The status to write.
    package var status: JSONValue = [:]

    /// - Parameter pods: all of the StatefulSet's namespace.
    package init(_ set: JSONValue, nodes: [JSONValue], pods: [JSONValue]) {
        let owned = pods.filter { PodView.controller(of: $0) == set.objectUID }
        let template = set.at(["spec", "template"]) ?? [:]
        let revision = "\(set.objectName)-\(StableHash.short(template.text))"
        let replicas = Int(set.at(["spec", "replicas"])?.intValue ?? 1)
        let fit = nodes.filter { NodeMatch.matches($0, template["spec"] ?? [:]) }.map(\.objectName).sorted()
        let isParallel = set.at(["spec", "podManagementPolicy"]) == "Parallel"
        let isEnding = set.at(["metadata", "deletionTimestamp"]) != nil
        for ordinal in 0..<max(0, replicas) where !isEnding && !fit.isEmpty {
            let name = "\(set.objectName)-\(ordinal)"
            if let pod = owned.first(where: { $0.objectName == name }) {
                if !isParallel, !PodView.isReady(pod) { break }
            } else {
                let node = fit[ordinal % fit.count]
                creations.append(Self.pod(set, template, revision, ordinal: ordinal, node: node))
                if !isParallel { break }
            }
        }
        let wanted = Set((0..<max(0, replicas)).map { "\(set.objectName)-\($0)" })
        deletions = owned.filter { !wanted.contains($0.objectName) && !PodView.isDeleting($0) }.map(\.objectName)
        if deletions.isEmpty, owned.count == replicas,
            owned.allSatisfy({ PodView.isReady($0) && !PodView.isDeleting($0) })
        {
            deletions += Self.outdated(set, owned, revision).prefix(1)
        }
        status = Self.status(set, owned, revision)
    }

    /// Pods of another revision that a rolling update replaces, the highest number first.
    private static func outdated(_ set: JSONValue, _ owned: [JSONValue], _ revision: String) -> [String] {
        guard set.at(["spec", "updateStrategy", "type"]) == "RollingUpdate" else { return [] }
        let partition = set.at(["spec", "updateStrategy", "rollingUpdate", "partition"])?.intValue ?? 0
        return owned.filter { $0.stringMap(["metadata", "labels"])[revisionLabel] != revision }
            .compactMap { pod in ordinal(of: pod).map { (pod.objectName, $0) } }
            .filter { $0.1 >= partition }.sorted { $0.1 > $1.1 }.map(\.0)
    }

    static let revisionLabel = "controller-revision-hash"
    static let nameLabel = "statefulset.kubernetes.io/pod-name"
    private static let indexLabel = "apps.kubernetes.io/pod-index"

    private static func ordinal(of pod: JSONValue) -> Int64? {
        pod.objectName.split(separator: "-").last.flatMap { Int64($0) }
    }

    private static func status(_ set: JSONValue, _ owned: [JSONValue], _ revision: String) -> JSONValue {
        let ready = Int64(owned.count { PodView.isReady($0) && !PodView.isDeleting($0) })
        let updated = Int64(owned.count { $0.stringMap(["metadata", "labels"])[revisionLabel] == revision })
        return [
            "replicas": .int(Int64(owned.count)), "readyReplicas": .int(ready), "availableReplicas": .int(ready),
            "currentReplicas": .int(updated), "updatedReplicas": .int(updated), "currentRevision": .string(revision),
            "updateRevision": .string(revision), "collisionCount": 0,
            "observedGeneration": set.at(["metadata", "generation"]) ?? 0,
        ]
    }

    private static func pod(
        _ set: JSONValue,
        _ template: JSONValue,
        _ revision: String,
        ordinal: Int,
        node: String
    ) -> JSONValue {
        let name = "\(set.objectName)-\(ordinal)"
        var labels = template.stringMap(["metadata", "labels"])
        labels[revisionLabel] = revision
        labels[nameLabel] = name
        labels[indexLabel] = "\(ordinal)"
        var metadata: JSONValue = [
            "name": .string(name), "labels": .object(labels.mapValues { .string($0) }),
            "ownerReferences": [
                [
                    "apiVersion": "apps/v1", "kind": "StatefulSet", "name": .string(set.objectName),
                    "uid": .string(set.objectUID), "controller": true, "blockOwnerDeletion": true,
                ]
            ],
        ]
        metadata["annotations"] = template.at(["metadata", "annotations"])
        var spec = template["spec"] ?? [:]
        spec["nodeName"] = .string(node)
        spec["hostname"] = .string(name)
        var volumes = spec["volumes"]?.arrayValue ?? []
        for claim in set.at(["spec", "volumeClaimTemplates"])?.arrayValue ?? [] {
            let volume = claim.objectName
            volumes.append([
                "name": .string(volume), "persistentVolumeClaim": ["claimName": .string("\(volume)-\(name)")],
            ])
        }
        if !volumes.isEmpty { spec["volumes"] = .array(volumes) }
        return ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    }
}
