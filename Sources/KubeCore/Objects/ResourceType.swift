/// The address of one kind of object at the API server: group, version, plural, kind and scope.
public struct ResourceType: Codable, Hashable, Sendable {
    /// API group; empty for the core group.
    public var group: String
    /// API version, such as `v1`.
    public var version: String
    /// Plural name as it stands in URLs.
    public var plural: String
    /// Kind as it stands in objects.
    public var kind: String
    /// Whether objects live in a namespace.
    public var namespaced: Bool

    /// Creates the address of a kind.
    public init(group: String, version: String, plural: String, kind: String, namespaced: Bool) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.namespaced = namespaced
    }

    /// Creates the address of a kind from an `apiVersion` as it stands in objects: `v1`, or `group/version`.
    public init(apiVersion: String, plural: String, kind: String, namespaced: Bool) {
        let parts = apiVersion.split(separator: "/", maxSplits: 1).map(String.init)
        self.init(
            group: parts.count == 2 ? parts[0] : "",
            version: parts.last ?? "",
            plural: plural,
            kind: kind,
            namespaced: namespaced
        )
    }

    /// `v1` for the core group, `group/version` for the others.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The URL path of the whole collection, or of one namespace's part of it.
    public func path(namespace: String? = nil) -> String {
        let root = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        guard namespaced, let namespace else { return "\(root)/\(plural)" }
        return "\(root)/namespaces/\(namespace)/\(plural)"
    }

    /// The URL path of one object, or of one of its subresources.
    public func path(of key: ObjectKey, subresource: String? = nil) -> String {
        let object = "\(path(namespace: key.namespace))/\(key.name)"
        guard let subresource else { return object }
        return "\(object)/\(subresource)"
    }
}
