import KubeCore

/// One step of a path into an object, as `managedFields` writes it.
enum PathElement: Hashable, Sendable {
    /// A member of an object.
    case field(String)
    /// An element of a list by its key fields.
    case key(JSONValue)
    /// An element of a set by its value.
    case value(JSONValue)

    /// `f:name`, `k:{"type":"Ready"}`, `v:"x"`.
    var text: String {
        switch self {
        case .field(let name): "f:\(name)"
        case .key(let keys): "k:\(keys.text)"
        case .value(let value): "v:\(value.text)"
        }
    }

    init?(_ text: String) {
        let rest = String(text.dropFirst(2))
        switch text.prefix(2) {
        case "f:": self = .field(rest)
        case "k:":
            guard let keys = try? JSONCoding.decode(JSONValue.self, from: Array(rest.utf8)) else { return nil }
            self = .key(keys)
        case "v:":
            guard let value = try? JSONCoding.decode(JSONValue.self, from: Array(rest.utf8)) else { return nil }
            self = .value(value)
        default: return nil
        }
    }

    /// How a conflict's message writes the step: `.name`, `[type="Ready"]`, `[="x"]`.
    var pathText: String {
        switch self {
        case .field(let name): return ".\(name)"
        case .value(let value): return "[=\(value.text)]"
        case .key(let keys):
            let pairs = (keys.objectValue ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }
            return "[\(pairs.joined(separator: ","))]"
        }
    }

    /// The value that a message about a duplicate shows.
    var shown: JSONValue {
        switch self {
        case .field(let name): .string(name)
        case .key(let value), .value(let value): value
        }
    }
}
