import KubeCore

extension JSONValue {
    /// The value at a path through objects; the empty path is the value itself.
    func at(_ path: [String]) -> JSONValue? {
        path.reduce(Optional(self)) { value, key in value?[key] }
    }

    /// Puts a value at a path and makes the objects on the way; nil removes, and then nothing is made.
    mutating func put(_ value: JSONValue?, at path: [String]) {
        guard let key = path.first else {
            if let value { self = value }
            return
        }
        let rest = Array(path.dropFirst())
        guard !rest.isEmpty else {
            self[key] = value
            return
        }
        var child = self[key] ?? [:]
        guard value != nil || self[key] != nil else { return }
        child.put(value, at: rest)
        self[key] = child
    }

    /// The members without some of them.
    func without(_ keys: Set<String>) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !keys.contains($0.key) })
    }

    /// Whether this is an empty object, or null.
    var isEmptyOrNull: Bool {
        switch self {
        case .null: true
        case .object(let members): members.isEmpty
        default: false
        }
    }

    /// The strings of an array of strings; anything else counts as none.
    var strings: [String] { (arrayValue ?? []).compactMap(\.stringValue) }

    /// An array of strings as a value.
    static func strings(_ strings: [String]) -> JSONValue { .array(strings.map { .string($0) }) }

    /// The string map at a path, as labels and annotations are.
    func stringMap(_ path: [String]) -> [String: String] {
        (at(path)?.objectValue ?? [:]).compactMapValues(\.stringValue)
    }

    /// Name of the object that this value is.
    var objectName: String { at(["metadata", "name"])?.stringValue ?? "" }
    /// Namespace of the object that this value is; nil where it has none.
    var objectNamespace: String? {
        at(["metadata", "namespace"])?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
    /// Identity of the object that this value is.
    var objectUID: String { at(["metadata", "uid"])?.stringValue ?? "" }
    /// Finalizers of the object that this value is.
    var finalizers: [String] { at(["metadata", "finalizers"])?.strings ?? [] }
    /// Identities of the owners of the object that this value is.
    var ownerUIDs: [String] {
        (at(["metadata", "ownerReferences"])?.arrayValue ?? []).compactMap { $0["uid"]?.stringValue }
    }

    /// How the server writes a value into an error message.
    var quoted: String {
        switch self {
        case .string(let text): "\"\(text)\""
        case .int(let value): String(value)
        case .double(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .null: "null"
        case .array, .object: text
        }
    }
}
