package import KubeCore

/// Objects of the API server as plain values, for the sandbox's own controllers.
package struct ClusterObjects: Sendable {
    package static let manager = "sandbox-controllers"

    package let api: KubeAPI

    package init(_ api: KubeAPI) {
        self.api = api
    }

    package static let nodes = core("nodes", "Node", namespaced: false)
    package static let namespaces = core("namespaces", "Namespace", namespaced: false)
    package static let pods = core("pods", "Pod")
    package static let services = core("services", "Service")
    package static let serviceAccounts = core("serviceaccounts", "ServiceAccount")
    package static let configMaps = core("configmaps", "ConfigMap")
    package static let statefulSets = ResourceType(
        group: "apps",
        version: "v1",
        plural: "statefulsets",
        kind: "StatefulSet",
        namespaced: true
    )
    package static let networkPolicies = ResourceType(
        group: "networking.k8s.io",
        version: "v1",
        plural: "networkpolicies",
        kind: "NetworkPolicy",
        namespaced: true
    )
    package static let daemonSets = ResourceType(
        group: "apps",
        version: "v1",
        plural: "daemonsets",
        kind: "DaemonSet",
        namespaced: true
    )

    private static func core(_ plural: String, _ kind: String, namespaced: Bool = true) -> ResourceType {
        ResourceType(group: "", version: "v1", plural: plural, kind: kind, namespaced: namespaced)
    }

    /// All objects of a kind, or of one namespace.
    package func list(_ resource: ResourceType, namespace: String? = nil) async throws(KubeError) -> [JSONValue] {
        let answer: JSONValue = try await api.send(KubeRequest(.get, resource.path(namespace: namespace)))
        return answer["items"]?.arrayValue ?? []
    }

    /// Creates an object.
    package func create(_ resource: ResourceType, _ object: JSONValue) async throws(KubeError) {
        let request = try KubeRequest.create(
            resource,
            namespace: object.objectNamespace,
            object,
            manager: Self.manager
        )
        _ = try await api.answer(to: request)
    }

    /// Writes an object's status.
    package func write(
        status: JSONValue,
        of object: JSONValue,
        _ resource: ResourceType
    ) async throws(KubeError) {
        let key = ObjectKey(namespace: object.objectNamespace, name: object.objectName)
        let patch: JSONValue = ["metadata": ["uid": .string(object.objectUID)], "status": status]
        _ = try await api.answer(
            to: .patch(resource, key, subresource: "status", .merge(patch), manager: Self.manager)
        )
    }

    /// Deletes a Pod; one that is gone is no error.
    ///
    /// - Parameter grace: seconds; nil for the Pod's own.
    package func delete(
        pod: String,
        _ namespace: String?,
        uid: String? = nil,
        grace: Int? = nil
    ) async throws(KubeError) {
        var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let grace { options["gracePeriodSeconds"] = .int(Int64(grace)) }
        if let uid { options["preconditions"] = ["uid": .string(uid)] }
        let request = KubeRequest(
            .delete,
            Self.pods.path(of: ObjectKey(namespace: namespace, name: pod)),
            contentType: "application/json",
            body: try JSONCoding.encode(options)
        )
        do {
            _ = try await api.answer(to: request)
        } catch  where error.isNotFound {
            return
        }
    }
}
