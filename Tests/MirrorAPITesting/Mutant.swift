package import KubeCore
package import MirrorAPI

/// An object with one fault, and the field that has it.
package struct Mutant: CustomStringConvertible, Sendable {
    package var path: String
    package var object: JSONValue

    package var description: String { "\(path): \(object)" }
    package var isP2PMirror: Bool { (try? JSONCoding.decode(P2PMirror.self, from: object)) != nil }
    package var isMirrorNode: Bool { (try? JSONCoding.decode(MirrorNode.self, from: object)) != nil }

    /// Every field of a sample left out in turn.
    package static func removals(of kind: KindSchema, _ sample: JSONValue) -> [Mutant] {
        each(of: kind, sample) { schema, value, path in
            guard case .object(let fields, _, _) = schema.form else { return [] }
            return fields.keys.sorted().filter { value[$0] != nil }.map { name in
                var less = value
                less[name] = nil
                return Mutant(path: "\(path).\(name)", object: less)
            }
        }
    }

    /// Every bound of a schema broken in turn.
    package static func breaches(of kind: KindSchema, _ sample: JSONValue) -> [Mutant] {
        each(of: kind, sample) { schema, value, path in
            let required: [Mutant] = schema.required.map { name in
                var less = value
                less[name] = nil
                return Mutant(path: "\(path).\(name)", object: less)
            }
            return required + schema.form.breaches(value).map { Mutant(path: path + $0.0, object: $0.1) }
        }
    }

    private typealias Change = (FieldSchema, JSONValue, String) -> [Mutant]

    private static func each(of kind: KindSchema, _ sample: JSONValue, _ change: Change) -> [Mutant] {
        [("spec", kind.spec), ("status", kind.status)].flatMap { name, schema in
            inside(schema, sample[name] ?? .null, at: name, change).map { mutant in
                var object = sample
                object[name] = mutant.object
                return Mutant(path: mutant.path, object: object)
            }
        }
    }

    private static func inside(
        _ schema: FieldSchema,
        _ value: JSONValue,
        at path: String,
        _ change: Change
    ) -> [Mutant] {
        let own = change(schema, value, path)
        switch (schema.form, value) {
        case (.object(let fields, _, _), .object(let members)):
            return own
                + fields.sorted { $0.key < $1.key }.flatMap { name, field -> [Mutant] in
                    guard let member = members[name] else { return [] }
                    return inside(field, member, at: "\(path).\(name)", change)
                        .map { Mutant(path: $0.path, object: replacing(name, in: value, by: $0.object)) }
                }
        case (.map(let schema, _), .object(let members)):
            return own
                + members.flatMap { key, member in
                    inside(schema, member, at: "\(path)[\(key)]", change)
                        .map { Mutant(path: $0.path, object: replacing(key, in: value, by: $0.object)) }
                }
        case (.list(let item, _, _), .array(let items)):
            guard let first = items.first else { return own }
            return own
                + inside(item, first, at: "\(path)[0]", change)
                .map { Mutant(path: $0.path, object: .array([$0.object] + items.dropFirst())) }
        default:
            return own
        }
    }

    private static func replacing(_ name: String, in value: JSONValue, by member: JSONValue) -> JSONValue {
        var value = value
        value[name] = member
        return value
    }
}

extension FieldSchema {
    fileprivate var required: [String] {
        guard case .object(_, let required, _) = form else { return [] }
        return required
    }
}

extension FieldSchema.Form {
    /// Values that break one bound each, with what the fault adds to the field's path.
    fileprivate func breaches(_ value: JSONValue) -> [(String, JSONValue)] {
        switch self {
        case .object, .boolean:
            return [("", "x"), ("", 1)]
        case .map(_, let maxProperties):
            let keys = (0...maxProperties).map { "k\($0)" }
            return [("", "x"), ("", .object(Dictionary(uniqueKeysWithValues: keys.map { ($0, "v") })))]
        case .list(_, let maxItems, let kind):
            let first = value.arrayValue?.first ?? .null
            let tooMany: (String, JSONValue) = ("", .array(Array(repeating: first, count: maxItems + 1)))
            return [("", "x"), tooMany] + (kind == .atomic ? [] : [("[1]", [first, first])])
        case .string(let bounds):
            return [("", 1)] + bounds.breaches.map { ("", .string($0)) }
        case .intOrPercent(let bounds):
            return ["x", "101%", "1.5%", "-1%", "%", "5", ""].map { ("", .string($0)) }
                + [("", .double(1.5)), ("", .int(bounds.minimum - 1))]
                + (bounds.maximum.map { [("", .int($0 + 1))] } ?? [])
        case .integer(let bounds):
            return [("", "x"), ("", .double(1.5)), ("", .int(bounds.minimum - 1))]
                + (bounds.maximum.map { [("", .int($0 + 1))] } ?? [])
        }
    }
}

extension FieldSchema.TextBounds {
    fileprivate var breaches: [String] {
        var texts: [String] = []
        if choices != nil { texts += ["Foo", ""] }
        if isTime { texts += ["yesterday"] }
        if let minLength { texts.append(String(repeating: "a", count: minLength - 1)) }
        if let maxLength { texts.append(String(repeating: "a", count: maxLength + 1)) }
        if form != nil { texts += ["!", "-a", "a b", "a\n"] }
        return texts
    }
}
