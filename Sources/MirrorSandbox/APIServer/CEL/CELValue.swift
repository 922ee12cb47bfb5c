import KubeCore

/// A value while a rule is evaluated.
enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case timestamp(MicroTimestamp)
    case type(String)
    case list([CELValue], Schema.ListType)
    /// An object whose fields the schema names.
    case object([String: JSONValue], Schema)
    /// A map whose keys are free.
    case map([String: CELValue])
    /// Data that rules cannot look into.
    case opaque(JSONValue)
    /// What went wrong instead of a value.
    case failure(String)

    static let mismatch = CELValue.failure("no such overload")

    /// A value of an object as its schema has it (k8s.io/apiserver, pkg/cel/common/valuesunstructured.go).
    init(_ value: JSONValue, _ schema: Schema) {
        switch (schema.isIntOrString ? .any : schema.kind, value) {
        case (_, .null):
            self = schema.isNullable ? .null : .failure("invalid data, got null for schema with nullable=false")
        case (.object, .object(let members)):
            if schema.properties.isEmpty, let element = schema.additional.first {
                self = .map(members.mapValues { CELValue($0, element) })
            } else {
                self = .object(members, schema)
            }
        case (.array, .array(let elements)):
            let item = schema.items.first ?? .anything
            self = .list(elements.map { CELValue($0, item) }, schema.listType)
        case (.string, .string(let text)): self.init(text: text, schema)
        case (.integer, .int(let number)): self = .int(number)
        case (.number, .int(let number)): self = .double(Double(number))
        case (.number, .double(let number)): self = .double(number)
        case (.boolean, .bool(let flag)): self = .bool(flag)
        case (.any, .string(let text)) where schema.isIntOrString: self = .string(text)
        case (.any, .int(let number)) where schema.isIntOrString: self = .int(number)
        case (.any, _) where schema.preservesUnknown: self = .opaque(value)
        default: self = .failure("invalid data, expected \(schema.kind.rawValue)")
        }
    }

    private init(text: String, _ schema: Schema) {
        switch schema.format {
        case "date-time"?:
            self = MicroTimestamp(text).map { .timestamp($0) } ?? .failure("Invalid date-time formatted string \(text)")
        case "date"?, "duration"?, "byte"?:
            self = .failure("this server does not read values of format \(schema.format ?? "")")
        default: self = .string(text)
        }
    }

    /// The type of a literal.
    var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .double: .double
        case .string: .string
        default: .dyn
        }
    }

    /// The name of its type, as `type(x)` gives it.
    var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .double: "double"
        case .string: "string"
        case .timestamp: "google.protobuf.Timestamp"
        case .type: "type"
        case .list: "list"
        case .object, .map: "map"
        case .opaque, .failure: "unknown"
        }
    }

    /// A field of an object or an entry of a map; nil where there is none.
    func member(_ name: String) -> CELValue? {
        switch self {
        case .object(let members, let schema):
            guard let property = CELName.unescaped(name), let value = members[property], value != .null,
                let child = schema.properties[property]
            else { return nil }
            return CELValue(value, child)
        case .map(let entries): return entries[name]
        case .failure: return self
        default: return .mismatch
        }
    }

    /// How many elements, entries or characters it has; nil where it has none of them.
    var count: Int? {
        switch self {
        case .string(let text): text.unicodeScalars.count
        case .list(let elements, _): elements.count
        case .map(let entries): entries.count
        case .object(let members, _): members.count
        default: nil
        }
    }

    /// Whether two values are equal; values of different types are not. Lists that are sets or maps have no order.
    func equals(_ other: CELValue) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.int(let left), .int(let right)): left == right
        case (.double(let left), .double(let right)): left == right
        case (.int(let left), .double(let right)), (.double(let right), .int(let left)): Double(left) == right
        case (.string(let left), .string(let right)): left.unicodeScalars.elementsEqual(right.unicodeScalars)
        case (.timestamp(let left), .timestamp(let right)): left == right
        case (.type(let left), .type(let right)): left == right
        case (.opaque(let left), .opaque(let right)): left == right
        case (.map(let left), .map(let right)):
            left.count == right.count && left.allSatisfy { name, value in right[name].map(value.equals) ?? false }
        case (.object(let left, let schema), .object(let right, _)):
            left.count == right.count
                && left.allSatisfy { name, value in
                    guard let after = right[name] else { return false }
                    guard let child = schema.properties[name] else { return value == after }
                    return CELValue(value, child).equals(CELValue(after, child))
                }
        case (.list(let left, .atomic), .list(let right, .atomic)):
            left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
        case (.list(let left, _), .list(let right, _)):
            left.count == right.count && left.allSatisfy { element in right.contains { element.equals($0) } }
        default: false
        }
    }
}
