package import KubeCore

/// What the sandbox's controllers read of a Pod.
package enum PodView {
    /// Whether its containers are ready.
    package static func isReady(_ pod: JSONValue) -> Bool {
        let conditions = pod.at(["status", "conditions"])?.arrayValue ?? []
        return conditions.contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    /// Name of its node; nil while it has none.
    package static func node(of pod: JSONValue) -> String? {
        pod.at(["spec", "nodeName"])?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    package static func isDeleting(_ pod: JSONValue) -> Bool { pod.at(["metadata", "deletionTimestamp"]) != nil }

    /// Identity of the object that controls it; nil where none does.
    package static func controller(of pod: JSONValue) -> String? {
        let owners = pod.at(["metadata", "ownerReferences"])?.arrayValue ?? []
        return owners.first { $0["controller"]?.boolValue == true }?["uid"]?.stringValue
    }
}
