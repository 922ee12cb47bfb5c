import KubeCore

/// Every object of a namespace and every one that is in none, by name: what is there after a deletion and was not
/// there before is a left-over.
enum Inventory {
    /// Records of what happened, and statistics, are no left-overs.
    private static let passing: Set<String> = ["events", "componentstatuses", "apiservices"]

    static func take(_ api: KubeAPI, namespace: String) async throws(KubeError) -> Set<String> {
        var found: Set<String> = []
        for path in try await versions(api) {
            let list: JSONValue = try await api.send(KubeRequest(.get, path))
            for resource in list["resources"]?.arrayValue ?? [] {
                found.formUnion(try await names(api, path, resource, namespace))
            }
        }
        return found
    }

    private static func versions(_ api: KubeAPI) async throws(KubeError) -> [String] {
        let groups: JSONValue = try await api.send(KubeRequest(.get, "/apis"))
        let others = (groups["groups"]?.arrayValue ?? []).compactMap { group -> String? in
            group[path: "preferredVersion", "groupVersion"]?.stringValue
        }
        return ["/api/v1"] + others.map { "/apis/\($0)" }
    }

    private static func names(
        _ api: KubeAPI,
        _ path: String,
        _ resource: JSONValue,
        _ namespace: String
    ) async throws(KubeError) -> [String] {
        let plural = resource["name"]?.stringValue ?? ""
        let canList = resource["verbs"]?.arrayValue?.contains("list") == true
        guard canList, !plural.contains("/"), !passing.contains(plural) else { return [] }
        let isNamespaced = resource["namespaced"]?.boolValue == true
        let place = isNamespaced ? "\(path)/namespaces/\(namespace)/\(plural)" : "\(path)/\(plural)"
        let list: JSONValue = try await api.send(KubeRequest(.get, place))
        return (list["items"]?.arrayValue ?? []).map { "\(plural) \($0.name)" }.filter {
            // What the controllers give to every namespace, at a time of their own.
            !$0.contains(" default") && $0 != "configmaps kube-root-ca.crt"
        }
    }
}
