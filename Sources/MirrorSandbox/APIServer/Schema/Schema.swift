import KubeCore

/// A structural schema: what a CustomResourceDefinition says about the shape of objects.
struct Schema: Sendable, Hashable {
    /// The types of OpenAPI; `any` where the schema names none.
    enum Kind: String, Sendable, Hashable {
        case object, array, string, integer, number, boolean, any
    }

    /// How the elements of a list belong together when several write it.
    enum ListType: Sendable, Hashable {
        case atomic
        case set
        case map(keys: [String])
    }

    var kind = Kind.any
    var isNullable = false
    var preservesUnknown = false
    var isIntOrString = false
    var isAtomicMap = false
    var listType = ListType.atomic
    var properties: [String: Schema] = [:]
    /// The schema of members without a property; none or one.
    var additional: [Schema] = []
    /// The schema of elements; none or one.
    var items: [Schema] = []
    var required: [String] = []
    var enumeration: [JSONValue] = []
    var defaultValue: JSONValue?
    var bounds = Bounds()
    /// The form of a text, such as `date-time`.
    var format: String?
    /// Rules in CEL on this value.
    var rules: [CELRule] = []
    /// Whether there are rules here or below.
    var hasRules = false

    /// Bounds of values.
    struct Bounds: Sendable, Hashable {
        var pattern: String?
        var minimum: Double?
        var maximum: Double?
        var isMinimumExclusive = false
        var isMaximumExclusive = false
        var multipleOf: Double?
        var length: Range = .init()
        var items: Range = .init()
        var properties: Range = .init()
        var hasUniqueItems = false

        struct Range: Sendable, Hashable {
            var least: Int?
            var most: Int?
        }
    }

    /// The schema of a member, if one is known.
    func member(_ name: String) -> Schema? { properties[name] ?? additional.first }

    /// A schema that takes anything.
    static let anything = Schema(preservesUnknown: true)
}

extension Schema {
    /// Keywords that are read; others in a schema are refused rather than ignored.
    private static let known: Set<String> = [
        "type", "nullable", "properties", "additionalProperties", "items", "required", "enum", "default", "pattern",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
        "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems", "format", "description", "title",
        "example", "externalDocs", "anyOf", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string",
        "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
        "x-kubernetes-validations",
    ]

    /// Reads a schema; what cannot be honoured is reported in `faults`.
    init(_ value: JSONValue, at path: String, faults: inout [FieldFault]) {
        for key in (value.objectValue ?? [:]).keys.sorted() where !Self.known.contains(key) {
            faults.append(.forbidden("\(path).\(key)", "this server does not implement this keyword"))
        }
        if let type = value["type"]?.stringValue {
            if let known = Kind(rawValue: type) {
                kind = known
            } else {
                faults.append(.unsupported("\(path).type", .string(type), ["object", "array", "string", "integer"]))
            }
        }
        isNullable = value["nullable"]?.boolValue ?? false
        preservesUnknown = value["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
        isIntOrString = value["x-kubernetes-int-or-string"]?.boolValue ?? false
        if value["anyOf"] != nil, !isIntOrString {
            faults.append(.forbidden("\(path).anyOf", "this server does not implement this keyword"))
        }
        if kind == .any, !isIntOrString, !preservesUnknown {
            faults.append(.required("\(path).type", "must not be empty for specified object fields"))
        }
        isAtomicMap = value["x-kubernetes-map-type"]?.stringValue == "atomic"
        required = value["required"]?.strings ?? []
        enumeration = value["enum"]?.arrayValue ?? []
        defaultValue = value["default"]
        format = value["format"]?.stringValue
        bounds = Bounds(value)
        readChildren(value, at: path, faults: &faults)
        readList(value, at: path, faults: &faults)
        readRules(value, at: path, faults: &faults)
        if let pattern = bounds.pattern, (try? Regex(pattern)) == nil {
            faults.append(.invalid("\(path).pattern", .string(pattern), "must be a valid regular expression"))
        }
    }

    private mutating func readChildren(_ value: JSONValue, at path: String, faults: inout [FieldFault]) {
        for (name, child) in (value["properties"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            properties[name] = Schema(child, at: "\(path).properties[\(name)]", faults: &faults)
        }
        switch value["additionalProperties"] {
        case .object?:
            let child = value["additionalProperties"] ?? [:]
            additional = [Schema(child, at: "\(path).additionalProperties", faults: &faults)]
        case .bool(true)?: additional = [.anything]
        default: break
        }
        if let child = value["items"] {
            items = [Schema(child, at: "\(path).items", faults: &faults)]
        }
        if kind == .array, items.isEmpty {
            faults.append(.required("\(path).items", "must be specified"))
        }
    }

    private mutating func readRules(_ value: JSONValue, at path: String, faults: inout [FieldFault]) {
        let known: Set<String> = ["rule", "message", "reason"]
        let reasons = ["FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate"]
        for (index, rule) in (value["x-kubernetes-validations"]?.arrayValue ?? []).enumerated() {
            let place = "\(path).x-kubernetes-validations[\(index)]"
            for key in (rule.objectValue ?? [:]).keys.sorted() where !known.contains(key) {
                faults.append(.forbidden("\(place).\(key)", "this server does not implement this keyword"))
            }
            if let reason = rule["reason"]?.stringValue, !reasons.contains(reason) {
                faults.append(.unsupported("\(place).reason", .string(reason), reasons.sorted()))
            }
            rules.append(CELRule(rule))
        }
        hasRules = !rules.isEmpty || (Array(properties.values) + additional + items).contains { $0.hasRules }
    }

    private mutating func readList(_ value: JSONValue, at path: String, faults: inout [FieldFault]) {
        let keys = value["x-kubernetes-list-map-keys"]?.strings ?? []
        switch value["x-kubernetes-list-type"]?.stringValue {
        case nil, "atomic"?: listType = .atomic
        case "set"?: listType = .set
        case "map"?:
            listType = .map(keys: keys.sorted())
            if keys.isEmpty {
                faults.append(.required("\(path).x-kubernetes-list-map-keys", "must not be empty"))
            }
        case let other?:
            let field = "\(path).x-kubernetes-list-type"
            faults.append(.unsupported(field, .string(other), ["atomic", "map", "set"]))
        }
    }
}

extension Schema.Bounds {
    fileprivate init(_ value: JSONValue) {
        func number(_ key: String) -> Double? {
            switch value[key] {
            case .int(let number)?: Double(number)
            case .double(let number)?: number
            default: nil
            }
        }
        func range(_ least: String, _ most: String) -> Range {
            Range(least: value[least]?.intValue.map(Int.init), most: value[most]?.intValue.map(Int.init))
        }
        pattern = value["pattern"]?.stringValue
        minimum = number("minimum")
        maximum = number("maximum")
        isMinimumExclusive = value["exclusiveMinimum"]?.boolValue ?? false
        isMaximumExclusive = value["exclusiveMaximum"]?.boolValue ?? false
        multipleOf = number("multipleOf")
        length = range("minLength", "maxLength")
        items = range("minItems", "maxItems")
        properties = range("minProperties", "maxProperties")
        hasUniqueItems = value["uniqueItems"]?.boolValue ?? false
    }
}
