import KubeCore

/// Kinds whose objects these tests read as they stand, with every field.
enum BareKind {
    static let daemonSets = ResourceType(
        apiVersion: "apps/v1",
        plural: "daemonsets",
        kind: "DaemonSet",
        namespaced: true
    )
    static let services = ResourceType(apiVersion: "v1", plural: "services", kind: "Service", namespaced: true)
    static let serviceAccounts = ResourceType(
        apiVersion: "v1",
        plural: "serviceaccounts",
        kind: "ServiceAccount",
        namespaced: true
    )
    static let namespaces = ResourceType(apiVersion: "v1", plural: "namespaces", kind: "Namespace", namespaced: false)
    static let pods = Pod.resource
    static let nodes = Node.resource

    static func of(_ kind: String) -> ResourceType? {
        [daemonSets, services, serviceAccounts, namespaces, pods, nodes].first { $0.kind == kind }
    }
}

extension KubeAPI {
    /// The whole object; nil where there is none.
    func bare(_ resource: ResourceType, _ key: ObjectKey) async throws(KubeError) -> JSONValue? {
        do {
            return try await send(.get(resource, key))
        } catch  where error.isNotFound {
            return nil
        }
    }

    /// All whole objects of a namespace, by name; of a kind without namespaces, all there are.
    func allBare(_ resource: ResourceType, _ namespace: String? = nil) async throws(KubeError) -> [JSONValue] {
        let list: JSONValue = try await send(.list(resource, ListOptions(namespace: namespace)))
        return (list["items"]?.arrayValue ?? []).sorted { $0.name < $1.name }
    }

    @discardableResult
    func createBare(_ object: JSONValue, manager: String) async throws(KubeError) -> JSONValue {
        guard let resource = BareKind.of(object["kind"]?.stringValue ?? "") else {
            throw KubeError(.configuration, "the tests know no such kind: \(object)")
        }
        let namespace = object[path: "metadata", "namespace"]?.stringValue
        return try await send(.create(resource, namespace: namespace, object, manager: manager))
    }

    /// Changes an object as a person would who knows nothing of the operator.
    @discardableResult
    func meddle(_ resource: ResourceType, _ key: ObjectKey, _ change: JSONValue) async throws(KubeError) -> JSONValue {
        try await send(.patch(resource, key, .merge(change), manager: "meddler"))
    }

    /// Deletes an object that may be gone.
    func deleteBare(_ resource: ResourceType, _ key: ObjectKey) async throws(KubeError) {
        do {
            _ = try await answer(to: .delete(resource, key))
        } catch  where error.isNotFound {
            return
        }
    }
}

extension JSONValue {
    var name: String { self[path: "metadata", "name"]?.stringValue ?? "" }
    var uid: String { self[path: "metadata", "uid"]?.stringValue ?? "" }
    var labels: [String: JSONValue] { self[path: "metadata", "labels"]?.objectValue ?? [:] }
    var isDeleting: Bool { self[path: "metadata", "deletionTimestamp"] != nil }

    /// The entries of `managedFields` of one manager.
    func managed(by manager: String) -> [JSONValue] {
        (self[path: "metadata", "managedFields"]?.arrayValue ?? []).filter { $0["manager"] == .string(manager) }
    }

    /// Every path of an object or of `fieldsV1`, as `a/b/c`.
    var paths: Set<String> {
        guard let members = objectValue, !members.isEmpty else { return [""] }
        return Set(
            members.flatMap { member in
                member.value.paths.map { $0.isEmpty ? member.key : "\(member.key)/\($0)" }
            }
        )
    }

    /// The object without its version and without who wrote what and when.
    var content: JSONValue {
        var copy = self
        var metadata = copy["metadata"] ?? [:]
        for part in ["managedFields", "resourceVersion", "generation"] { metadata[part] = nil }
        copy["metadata"] = metadata
        return copy
    }

    /// The object without one member far below.
    func without(_ path: String...) -> JSONValue { without(path[...]) }

    private func without(_ path: ArraySlice<String>) -> JSONValue {
        guard let key = path.first, case .object(var members) = self, let value = members[key] else { return self }
        members[key] = path.count == 1 ? nil : .some(value.without(path.dropFirst()))
        return .object(members)
    }
}
