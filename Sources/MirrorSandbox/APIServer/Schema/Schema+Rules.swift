import KubeCore

extension Schema {
    /// What the rules of a schema find wrong with an object that has the right shape, given what it was before
    /// (k8s.io/apiextensions-apiserver, pkg/apiserver/schema/cel/validation.go). Unlike newer servers this one refuses
    /// a value that broke a rule before and has not changed.
    func ruleFaults(_ value: JSONValue, old: JSONValue?) -> [FieldFault] {
        rooted.ruleFaults(value, old: old, at: "")
    }

    /// What rules find wrong with a part of an object.
    func ruleFaults(_ value: JSONValue, old: JSONValue?, at path: String) -> [FieldFault] {
        guard hasRules, value != .null else { return [] }
        var faults: [FieldFault] = []
        if !rules.isEmpty {
            let new = CELValue(value, self)
            let before = old == .null ? nil : old.map { CELValue($0, self) }
            let type = kind == .any ? "" : kind.rawValue
            let shown = path.isEmpty ? "<nil>" : path
            faults += rules.compactMap { $0.fault(new, old: before, at: shown, type: type) }
        }
        switch value {
        case .object(let members):
            for (name, child) in members.sorted(by: { $0.key < $1.key }) {
                guard let schema = member(name) else { continue }
                let isField = properties[name] != nil
                let place = path.isEmpty ? name : isField ? "\(path).\(name)" : "\(path)[\(name)]"
                faults += schema.ruleFaults(child, old: old?[name], at: place)
            }
        case .array(let elements):
            guard let schema = items.first, schema.hasRules else { break }
            for (index, element) in elements.enumerated() {
                faults += schema.ruleFaults(element, old: counterpart(element, in: old), at: "\(path)[\(index)]")
            }
        default: break
        }
        return faults
    }

    /// The element that an element was before: known only in lists that are maps.
    private func counterpart(_ element: JSONValue, in old: JSONValue?) -> JSONValue? {
        guard case .map = listType, let key = self.element(element) else { return nil }
        return old?.arrayValue?.first { self.element($0) == key }
    }

    /// The schema of a whole object: its kind and its name are known even where it does not name them.
    var rooted: Schema {
        var schema = self
        let text = Schema(kind: .string)
        schema.properties["apiVersion"] = text
        schema.properties["kind"] = text
        schema.properties["metadata"] = Schema(kind: .object, properties: ["name": text, "generateName": text])
        return schema
    }
}

extension FieldFault {
    /// Says that rules were not asked, where others of the faults keep a real server from asking them
    /// (k8s.io/apiextensions-apiserver, pkg/registry/customresource/strategy.go).
    static func unasked(after faults: [FieldFault]) -> [FieldFault]? {
        let blocking = [
            "FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany",
            "FieldValueTypeInvalid",
        ]
        guard faults.contains(where: { blocking.contains($0.reason) }) else { return nil }
        let why =
            "some validation rules were not checked because the object was invalid; correct the existing errors to "
            + "complete validation"
        return [.invalid("<nil>", .string("null"), why)]
    }
}
