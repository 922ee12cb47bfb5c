import KubeCore

/// What rules know of a part of a schema: its type and how large it may be (k8s.io/apiserver,
/// pkg/cel/common/schemas.go and pkg/cel/types.go).
struct CELDeclaration: Sendable {
    var type: CELType
    /// Fields of an object, by the names that rules call them.
    var fields: [String: CELDeclaration] = [:]
    /// What a list or a map holds; none or one.
    var elements: [CELDeclaration] = []
    /// Elements or bytes at most; 0 where the real server keeps no figure either.
    var most: UInt64 = 0
    /// The least bytes of JSON.
    var leastBytes = 0

    /// The largest request, in bytes.
    static let requestBytes = 3 * 1024 * 1024

    /// The name of the type of `self`.
    static let root = "selfType"

    /// The declaration of a schema; nil where rules cannot see it.
    init?(_ schema: Schema, named name: String = root) {
        if schema.isIntOrString {
            self.init(type: .dyn, most: Self.length(schema), leastBytes: 1)
            return
        }
        switch schema.kind {
        case .any: return nil
        case .boolean: self.init(type: .bool, leastBytes: 4)
        case .integer: self.init(type: .int, leastBytes: 1)
        case .number: self.init(type: .double, leastBytes: 1)
        case .string: self.init(text: schema)
        case .array:
            guard let item = schema.items.first.flatMap({ CELDeclaration($0, named: "\(name).@idx") }) else {
                return nil
            }
            let fallback = (Self.requestBytes - 2) / (item.leastBytes + 1)
            self.init(
                type: .list(item.type),
                elements: [item],
                most: UInt64(max(0, schema.bounds.items.most ?? fallback)),
                leastBytes: 2
            )
        case .object:
            guard let additional = schema.additional.first, additional != .anything else {
                self.init(object: schema, name)
                return
            }
            guard let value = CELDeclaration(additional, named: "\(name).@elem") else { return nil }
            let fallback = (Self.requestBytes - 2) / (value.leastBytes + 6)
            self.init(
                type: .map(.string, value.type),
                elements: [value],
                most: UInt64(max(0, schema.bounds.properties.most ?? fallback)),
                leastBytes: 2
            )
        }
    }

    private init(
        type: CELType,
        fields: [String: CELDeclaration] = [:],
        elements: [CELDeclaration] = [],
        most: UInt64 = 0,
        leastBytes: Int
    ) {
        self.type = type
        self.fields = fields
        self.elements = elements
        self.most = most
        self.leastBytes = leastBytes
    }

    private init(text schema: Schema) {
        switch schema.format {
        case "byte"?:
            let most = schema.bounds.length.most ?? Self.requestBytes - 2
            self.init(type: .bytes, most: UInt64(max(0, most)), leastBytes: 2)
        case "duration"?: self.init(type: .duration, most: 32, leastBytes: 3)
        case "date"?: self.init(type: .timestamp, most: 12, leastBytes: 12)
        case "date-time"?: self.init(type: .timestamp, most: 32, leastBytes: 21)
        default:
            let longest = schema.enumeration.compactMap { $0.stringValue?.utf8.count }.max()
            let isBounded = schema.bounds.length.most != nil
            let most = isBounded ? nil : longest.map { UInt64($0) }
            self.init(type: .string, most: most ?? Self.length(schema), leastBytes: 2)
        }
    }

    private init(object schema: Schema, _ name: String) {
        self.init(type: .object(name), leastBytes: 2)
        for (property, child) in schema.properties {
            guard let declaration = CELDeclaration(child, named: "\(name).\(property)") else { continue }
            if let escaped = CELName.escaped(property) { fields[escaped] = declaration }
            guard schema.required.contains(property), child.defaultValue == nil else { continue }
            leastBytes += property.utf8.count + declaration.leastBytes + 4
        }
    }

    /// Bytes of a text: a character is up to four.
    private static func length(_ schema: Schema) -> UInt64 {
        schema.bounds.length.most.map { UInt64(max(0, $0)) * 4 } ?? UInt64(requestBytes - 2)
    }

    /// A field by its name in a rule. Newer servers also find one that is a reserved word by the word itself, and then
    /// know nothing of its size.
    func field(_ name: String) -> CELDeclaration? {
        fields[name] ?? (CELName.reserved.contains(name) ? fields["__\(name)__"] : nil)
    }

    /// All objects in it, by the names of their types.
    var objects: [String: CELDeclaration] {
        var found: [String: CELDeclaration] = [:]
        if case .object(let name) = type { found[name] = self }
        for child in Array(fields.values) + elements { found.merge(child.objects) { first, _ in first } }
        return found
    }

    /// How often data of this kind fits in one request, where nothing else bounds it.
    var mostInRequest: UInt64 { UInt64(Self.requestBytes / (leastBytes + 1)) }
}

/// The names of properties in rules (k8s.io/apiserver, pkg/cel/escaping.go).
enum CELName {
    static let reserved = CELLexer.reserved.union(["true", "false", "null", "in"])

    private static let escapes = ["__": "underscores", ".": "dot", "-": "dash", "/": "slash"]

    /// The name of a property in rules; nil where it has none.
    static func escaped(_ property: String) -> String? {
        guard let first = property.unicodeScalars.first, !("0"..."9").contains(first) else { return nil }
        if reserved.contains(property) { return "__\(property)__" }
        var name = ""
        var rest = Substring(property)
        while let next = rest.first {
            if let (found, word) = escapes.first(where: { rest.hasPrefix($0.key) }) {
                name += "__\(word)__"
                rest = rest.dropFirst(found.count)
            } else if next.isASCII, next.isLetter || next.isNumber || next == "_" {
                name.append(next)
                rest = rest.dropFirst()
            } else {
                return nil
            }
        }
        return name
    }

    /// The property that a name in a rule means; nil where the name is none.
    static func unescaped(_ name: String) -> String? {
        guard name.contains("__") else { return name }
        if name.hasPrefix("__"), name.hasSuffix("__"), name.count > 4 {
            let inner = String(name.dropFirst(2).dropLast(2))
            if reserved.contains(inner) { return inner }
        }
        var property = ""
        var rest = Substring(name)
        while !rest.isEmpty {
            if let (text, word) = escapes.first(where: { rest.hasPrefix("__\($0.value)__") }) {
                property += text
                rest = rest.dropFirst(word.count + 4)
            } else if rest.hasPrefix("__") {
                return nil
            } else {
                property.append(rest.removeFirst())
            }
        }
        return property
    }
}
