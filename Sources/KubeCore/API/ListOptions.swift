/// What a list or a watch is about.
public struct ListOptions: Hashable, Sendable {
    /// Namespace; nil for the whole cluster.
    public var namespace: String?
    /// Label selector in the syntax of the API.
    public var labelSelector: String?
    /// Field selector in the syntax of the API.
    public var fieldSelector: String?
    /// Objects in one page; nil for all at once.
    public var limit: Int?

    /// Creates options; without arguments, all objects of the kind.
    public init(
        namespace: String? = nil,
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        limit: Int? = nil
    ) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
    }
}

/// A partial change of an object.
public enum Patch: Hashable, Sendable {
    /// RFC 7386: members replace members, null removes.
    case merge(JSONValue)
    /// RFC 6902: a list of operations, carried out wholly or not at all.
    case json([JSONPatchOperation])
    /// Server-side apply of the fields that `manager` wants; `force` takes fields over from other managers.
    case apply(JSONValue, manager: String, force: Bool)
}

/// One operation of a JSON patch (RFC 6902).
public enum JSONPatchOperation: Hashable, Sendable {
    /// Fails the whole patch unless the value at the path is this one.
    case test(path: String, value: JSONValue)
    /// Adds or replaces the value at the path.
    case add(path: String, value: JSONValue)
    /// Replaces the value at the path, which must exist.
    case replace(path: String, value: JSONValue)
    /// Removes the value at the path, which must exist.
    case remove(path: String)

    /// The operation as JSON.
    public var value: JSONValue {
        switch self {
        case .test(let path, let value): ["op": "test", "path": .string(path), "value": value]
        case .add(let path, let value): ["op": "add", "path": .string(path), "value": value]
        case .replace(let path, let value): ["op": "replace", "path": .string(path), "value": value]
        case .remove(let path): ["op": "remove", "path": .string(path)]
        }
    }

    /// A JSON pointer (RFC 6901) through object members and array indices; `/` and `~` in a part are escaped.
    public static func pointer(_ parts: String...) -> String {
        parts.map { part in
            "/"
                + part.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
                .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
        }.joined()
    }
}

/// What must hold for a deletion to be carried out.
public struct DeletePreconditions: Hashable, Sendable {
    /// Identity that the object must have.
    public var uid: String?
    /// Version that the object must have.
    public var resourceVersion: String?

    /// Creates preconditions.
    public init(uid: String? = nil, resourceVersion: String? = nil) {
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}
