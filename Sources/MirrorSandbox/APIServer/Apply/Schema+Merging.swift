import KubeCore

extension Schema {
    /// The live value with what is applied laid over it.
    func overlaid(_ live: JSONValue?, _ applied: JSONValue) -> JSONValue {
        switch (live, applied) {
        case (.object(var members)?, .object(let wanted)) where !isAtomicMap:
            for (name, child) in wanted { members[name] = (member(name) ?? .anything).overlaid(members[name], child) }
            return .object(members)
        case (.array(let elements)?, .array(let wanted)) where listType != .atomic:
            let wantedKeys = wanted.compactMap(element)
            let new = keyed(wanted)
            let old = keyed(elements)
            let item = items.first ?? .anything
            // What is there keeps its place; what is new comes after, in the order in which it is applied.
            let kept = elements.map { value in
                guard let key = element(value), let over = new[key] else { return value }
                return item.overlaid(value, over)
            }
            let added = wantedKeys.filter { old[$0] == nil }.compactMap { new[$0] }
            return .array(kept + added)
        default:
            return applied
        }
    }

    /// The value without the fields of a set; an object or a list that gets empty by it goes as well.
    func removing(_ set: FieldSet, from value: JSONValue) -> JSONValue? {
        guard !set.isMember else { return nil }
        switch value {
        case .object(var members):
            for (key, child) in set.children {
                guard case .field(let name) = key, let old = members[name] else { continue }
                members[name] = (member(name) ?? .anything).removing(child, from: old)
            }
            return members.isEmpty ? .none : .some(.object(members))
        case .array(let elements):
            let rest = elements.compactMap { value -> JSONValue? in
                guard let key = element(value), let child = set.children[key] else { return value }
                return (items.first ?? .anything).removing(child, from: value)
            }
            return rest.isEmpty ? .none : .some(.array(rest))
        default:
            return value
        }
    }

    /// Paths of the fields of a value that the schema does not declare.
    func undeclared(_ value: JSONValue, at path: String = "") -> [String] {
        switch value {
        case .object(let members):
            return members.sorted { $0.key < $1.key }.flatMap { name, child -> [String] in
                if let schema = member(name) { return schema.undeclared(child, at: "\(path).\(name)") }
                return preservesUnknown || kind == .any ? [] : ["\(path).\(name)"]
            }
        case .array(let elements):
            return elements.enumerated().flatMap { index, element in
                items.first?.undeclared(element, at: "\(path)[\(index)]") ?? []
            }
        default:
            return []
        }
    }

    /// The schema of metadata, as far as server-side apply needs it.
    static let metadata = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: [
            "labels": Schema(kind: .object, additional: [Schema(kind: .string)]),
            "annotations": Schema(kind: .object, additional: [Schema(kind: .string)]),
            "finalizers": Schema(kind: .array, listType: .set, items: [Schema(kind: .string)]),
            "ownerReferences": Schema(kind: .array, listType: .map(keys: ["uid"]), items: [.anything]),
        ]
    )

    /// What server-side apply knows of a kind that has no schema here: the lists of a Node that are keyed.
    static let untyped = Schema(
        kind: .object,
        preservesUnknown: true,
        properties: [
            "spec": Schema(kind: .object, preservesUnknown: true),
            "status": Schema(
                kind: .object,
                preservesUnknown: true,
                properties: [
                    "conditions": Schema(kind: .array, listType: .map(keys: ["type"]), items: [.anything]),
                    "addresses": Schema(kind: .array, listType: .map(keys: ["type"]), items: [.anything]),
                ]
            ),
        ]
    )

    /// The schema of a whole object, metadata included, for the ownership of fields.
    func withMetadata() -> Schema {
        var schema = self
        schema.properties["metadata"] = .metadata
        schema.properties["apiVersion"] = Schema(kind: .string)
        schema.properties["kind"] = Schema(kind: .string)
        return schema
    }
}
