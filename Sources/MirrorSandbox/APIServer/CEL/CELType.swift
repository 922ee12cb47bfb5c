/// A type of CEL.
indirect enum CELType: Hashable, Sendable {
    case null, bool, int, double, string, bytes, timestamp, duration
    /// The type of types.
    case type
    /// Known when the expression is evaluated, and not before.
    case dyn
    case list(CELType)
    case map(CELType, CELType)
    /// An object of the schema, named by its path.
    case object(String)
    /// Any type in a signature, the same wherever it has the same name.
    case parameter(String)

    /// Whether values have one size that is known without looking (cel-go, checker/cost.go).
    var isScalar: Bool {
        switch self {
        case .bool, .int, .double, .timestamp, .duration: true
        default: false
        }
    }

    private var takesNull: Bool {
        switch self {
        case .object, .timestamp, .duration, .null: true
        default: false
        }
    }

    /// Whether a value of type `actual` may stand where this type is wanted; binds this one's parameters.
    func admits(_ actual: CELType, _ bound: inout [String: CELType]) -> Bool {
        switch (self, actual) {
        case (.parameter(let name), _):
            guard let before = bound[name], before != .dyn else {
                if bound[name] == nil { bound[name] = actual }
                return true
            }
            if before == .null, actual.takesNull {
                bound[name] = actual
                return true
            }
            return before.admits(actual, &bound)
        case (.dyn, _), (_, .dyn): return true
        case (_, .null): return takesNull
        case (.list(let wanted), .list(let element)): return wanted.admits(element, &bound)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return key.admits(otherKey, &bound) && value.admits(otherValue, &bound)
        default: return self == actual
        }
    }

    /// The type with what its parameters are bound to.
    func bound(_ types: [String: CELType]) -> CELType {
        switch self {
        case .parameter(let name): types[name] ?? .dyn
        case .list(let element): .list(element.bound(types))
        case .map(let key, let value): .map(key.bound(types), value.bound(types))
        default: self
        }
    }
}

extension CELType: CustomStringConvertible {
    var description: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .type: "type"
        case .dyn: "dyn"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .object(let name), .parameter(let name): name
        }
    }
}
