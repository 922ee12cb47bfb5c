package import KubeCore

/// A field's place, from the object's root.
package struct FieldPath: Hashable, Sendable {
    package var text: String
    /// The last part, which a message begins with.
    package var leaf: String

    package init(_ name: String) {
        text = name
        leaf = name
    }

    private init(text: String, leaf: String) {
        self.text = text
        self.leaf = leaf
    }

    package func member(_ name: String) -> FieldPath { FieldPath(text: "\(text).\(name)", leaf: name) }

    package func entry(_ key: String) -> FieldPath { FieldPath(text: "\(text)[\(key)]", leaf: "\(leaf)[\(key)]") }

    package func violation(_ message: String) -> FieldViolation { FieldViolation(path: text, message: message) }

    func must(_ what: String) -> [FieldViolation] { [violation("\(leaf) must \(what)")] }
}

extension FieldSchema {
    /// What is wrong with a value. The rules of a value are asked only where its parts are right, so that each finding
    /// says something new.
    package func violations(of value: JSONValue, old: JSONValue?, at path: FieldPath) -> [FieldViolation] {
        let structural = structuralViolations(of: value, old: old, at: path)
        guard structural.isEmpty else { return structural }
        return rules.filter { !$0.isTransition || old != nil }
            .filter { !$0.holds(value, old ?? .null) }
            .map { path.violation($0.message) }
    }

    private func structuralViolations(of value: JSONValue, old: JSONValue?, at path: FieldPath) -> [FieldViolation] {
        switch (form, value) {
        case (.object(let fields, let required, _), .object(let members)):
            let missing = required.filter { members[$0] == nil }
                .map { path.member($0).violation("\($0) is required") }
            return fields.keys.sorted().reduce(into: missing) { found, name in
                guard let field = fields[name], let member = members[name] else { return }
                found += field.violations(of: member, old: old?[name], at: path.member(name))
            }
        case (.map(let schema, let maxProperties), .object(let members)):
            guard members.count <= maxProperties else {
                return path.must("have at most \(maxProperties) entries, not \(members.count)")
            }
            return members.sorted { $0.key < $1.key }
                .flatMap { schema.violations(of: $0.value, old: old?[$0.key], at: path.entry($0.key)) }
        case (.list(let item, let maxItems, let kind), .array(let items)):
            guard items.count <= maxItems else {
                return path.must("have at most \(maxItems) entries, not \(items.count)")
            }
            return items.enumerated().flatMap { item.violations(of: $1, old: nil, at: path.entry("\($0)")) }
                + kind.repetitions(in: items, at: path)
        case (.string(let bounds), .string(let text)):
            return bounds.violations(of: text, at: path)
        case (.integer(let bounds), .int(let number)), (.intOrPercent(let bounds), .int(let number)):
            return bounds.violations(of: number, at: path)
        case (.intOrPercent, .string(let text)):
            return FieldSchema.TextBounds(form: .percent).violations(of: text, at: path)
        case (.boolean, .bool):
            return []
        default:
            return path.must("be \(form.name)")
        }
    }

    /// The value with every default filled in.
    package func completed(_ value: JSONValue) -> JSONValue {
        switch (form, value) {
        case (.object(let fields, _, _), .object(var members)):
            for (name, field) in fields {
                // A null stands for absence where there is a default; elsewhere it is a violation.
                let given = members[name] == .null ? nil : members[name]
                guard let start = given ?? field.fallback ?? members[name] else { continue }
                members[name] = field.completed(start)
            }
            return .object(members)
        case (.list(let item, _, _), .array(let items)):
            return .array(items.map(item.completed))
        default:
            return value
        }
    }
}

extension FieldSchema.Form {
    var name: String {
        switch self {
        case .object, .map: "an object"
        case .list: "a list"
        case .string: "a string"
        case .integer: "an integer"
        case .intOrPercent: "an integer or a percentage"
        case .boolean: "true or false"
        }
    }
}

extension FieldSchema.ListKind {
    func repetitions(in items: [JSONValue], at path: FieldPath) -> [FieldViolation] {
        var seen: Set<JSONValue> = []
        return items.enumerated().flatMap { index, item -> [FieldViolation] in
            guard let identity = identity(of: item), !seen.insert(identity).inserted else { return [] }
            return path.entry("\(index)").must("not repeat \(quoted(identity.stringValue ?? ""))")
        }
    }

    private func identity(of item: JSONValue) -> JSONValue? {
        switch self {
        case .atomic: nil
        case .set: item
        case .map(let key): item[key]
        }
    }
}

extension FieldSchema.TextBounds {
    func violations(of text: String, at path: FieldPath) -> [FieldViolation] {
        // A server counts code points.
        let length = text.unicodeScalars.count
        if let choices, !choices.contains(text) {
            return path.must("be one of \(choices.joined(separator: ", ")), not \(quoted(text))")
        }
        if let minLength, length < minLength {
            return path.must(minLength == 1 ? "not be empty" : "have at least \(minLength) characters, not \(length)")
        }
        if let maxLength, length > maxLength {
            return path.must("have at most \(maxLength) characters, not \(length)")
        }
        if let form, !form.matches(text) {
            return path.must("be \(form.meaning)\(form.isHarmless ? ", not \(quoted(text))" : "")")
        }
        if isTime, Timestamp(text) == nil {
            return path.must("be a time such as 2026-01-31T12:00:00Z, not \(quoted(text))")
        }
        return []
    }
}

extension FieldSchema.IntegerBounds {
    func violations(of number: Int64, at path: FieldPath) -> [FieldViolation] {
        if let maximum, !(minimum...maximum).contains(number) {
            return path.must("be \(minimum) to \(maximum), not \(number)")
        }
        return number < minimum ? path.must("be at least \(minimum), not \(number)") : []
    }
}

/// A value as a message shows it: long ones are cut, because a message has a length too.
private func quoted(_ text: String) -> String {
    text.count > 64 ? "\"\(text.prefix(64))…\"" : "\"\(text)\""
}
