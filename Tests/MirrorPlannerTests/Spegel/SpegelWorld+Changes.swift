import KubeCore
import MirrorAPI

@testable import MirrorPlanner

extension SpegelWorld {
    /// What a merge patch of ours comes to: labels and marks of pods, and the selector of a Service.
    mutating func change(_ resource: ResourceType, _ key: ObjectKey, _ change: JSONValue) {
        if resource == Pod.resource, let index = pods.firstIndex(where: { $0.key == key }) {
            for (name, value) in change[path: "metadata", "labels"]?.objectValue ?? [:] {
                pods[index].metadata.labels[name] = value.stringValue
            }
            for (name, value) in change[path: "metadata", "annotations"]?.objectValue ?? [:] {
                pods[index].metadata.annotations[name] = value.stringValue
            }
            let version = nextVersion()
            pods[index].metadata.resourceVersion = version
        }
        let version = nextVersion()
        guard let index = evidence.objects.firstIndex(where: { $0.resource == resource && $0.key == key }) else {
            return
        }
        for (name, value) in change[path: "spec", "selector"]?.objectValue ?? [:] {
            evidence.objects[index].body["spec"]?["selector"]?[name] = value == .null ? nil : .some(value)
        }
        evidence.objects[index].body["metadata"]?["resourceVersion"] = .string(version)
    }
}
