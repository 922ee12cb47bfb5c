import KubeCore

/// A set of field paths, as a tree; what `fieldsV1` writes.
struct FieldSet: Hashable, Sendable {
    /// Whether the path to here is in the set.
    var isMember = false
    var children: [PathElement: FieldSet] = [:]

    static let leaf = FieldSet(isMember: true)

    var isEmpty: Bool { !isMember && children.isEmpty }

    private func combined(_ other: FieldSet, _ merge: (Bool, Bool) -> Bool) -> FieldSet {
        var result = FieldSet(isMember: merge(isMember, other.isMember))
        for key in Set(children.keys).union(other.children.keys) {
            let child = (children[key] ?? FieldSet()).combined(other.children[key] ?? FieldSet(), merge)
            if !child.isEmpty { result.children[key] = child }
        }
        return result
    }

    func union(_ other: FieldSet) -> FieldSet { combined(other) { $0 || $1 } }
    func intersection(_ other: FieldSet) -> FieldSet { combined(other) { $0 && $1 } }
    func subtracting(_ other: FieldSet) -> FieldSet { combined(other) { $0 && !$1 } }

    /// The paths as messages write them, in order.
    func paths(_ prefix: String = "") -> [String] {
        (isMember ? [prefix] : [])
            + children.map { ($0.key.pathText, $0.value) }.sorted { $0.0 < $1.0 }
            .flatMap { $1.paths(prefix + $0) }
    }

    /// `fieldsV1`.
    var value: JSONValue {
        var members: [String: JSONValue] = [:]
        if isMember, !children.isEmpty { members["."] = [:] }
        for (key, child) in children { members[key.text] = child.value }
        return .object(members)
    }

    init(isMember: Bool = false, children: [PathElement: FieldSet] = [:]) {
        self.isMember = isMember
        self.children = children
    }

    /// Reads `fieldsV1`.
    init(fields value: JSONValue, isRoot: Bool = true) {
        let members = value.objectValue ?? [:]
        isMember = !isRoot && (members.isEmpty || members["."] != nil)
        for (text, child) in members {
            guard let element = PathElement(text) else { continue }
            children[element] = FieldSet(fields: child, isRoot: false)
        }
    }
}

extension FieldSet {
    /// The fields that a value sets.
    init(of value: JSONValue, _ schema: Schema) {
        switch value {
        case .object(let members) where !schema.isAtomicMap && !members.isEmpty:
            for (name, child) in members {
                var set = FieldSet(of: child, schema.member(name) ?? .anything)
                // Keys of a map are owned themselves, fields of a struct are not.
                if schema.properties[name] == nil, !schema.additional.isEmpty { set.isMember = true }
                if !set.isEmpty { children[.field(name)] = set }
            }
        case .array(let elements) where schema.listType != .atomic:
            for element in elements {
                guard let key = schema.element(element) else { continue }
                var set = FieldSet(of: element, schema.items.first ?? .anything)
                set.isMember = true
                children[key] = set
            }
        default:
            isMember = true
        }
    }

    /// The fields that differ: what `new` adds or changes, and what it no longer has.
    static func difference(
        _ old: JSONValue?,
        _ new: JSONValue?,
        _ schema: Schema
    ) -> (changed: FieldSet, removed: FieldSet) {
        if old == new { return (FieldSet(), FieldSet()) }
        guard let new else {
            var removed = old.map { FieldSet(of: $0, schema) } ?? FieldSet()
            removed.isMember = true
            return (FieldSet(), removed)
        }
        guard let old else {
            var changed = FieldSet(of: new, schema)
            changed.isMember = true
            return (changed, FieldSet())
        }
        var pairs: [(PathElement, JSONValue?, JSONValue?, Schema)] = []
        switch (old, new) {
        case (.object(let left), .object(let right)) where !schema.isAtomicMap:
            for name in Set(left.keys).union(right.keys) {
                pairs.append((.field(name), left[name], right[name], schema.member(name) ?? .anything))
            }
        case (.array(let left), .array(let right)) where schema.listType != .atomic:
            let left = schema.keyed(left)
            let right = schema.keyed(right)
            for key in Set(left.keys).union(right.keys) {
                pairs.append((key, left[key], right[key], schema.items.first ?? .anything))
            }
        default:
            return (.leaf, FieldSet())
        }
        var result = (changed: FieldSet(), removed: FieldSet())
        for (key, left, right, child) in pairs {
            let (changed, removed) = difference(left, right, child)
            if !changed.isEmpty { result.changed.children[key] = changed }
            if !removed.isEmpty { result.removed.children[key] = removed }
        }
        return result
    }
}

extension Schema {
    /// The elements of a set or a keyed list by their names; of two with one name the last wins.
    func keyed(_ elements: [JSONValue]) -> [PathElement: JSONValue] {
        Dictionary(elements.compactMap { value in element(value).map { ($0, value) } }, uniquingKeysWith: { $1 })
    }
}
