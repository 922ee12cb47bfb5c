import KubeCore

extension Schema {
    /// Removes the fields that the schema does not know, and names them in `unknown`.
    func pruned(_ value: JSONValue, at path: String = "", unknown: inout [String]) -> JSONValue {
        switch value {
        case .object(let members):
            guard kind == .object || !properties.isEmpty || !additional.isEmpty else { return value }
            var kept: [String: JSONValue] = [:]
            for (name, child) in members.sorted(by: { $0.key < $1.key }) {
                let childPath = path.isEmpty ? name : "\(path).\(name)"
                if let schema = member(name) {
                    kept[name] = schema.pruned(child, at: childPath, unknown: &unknown)
                } else if preservesUnknown {
                    kept[name] = child
                } else {
                    unknown.append(childPath)
                }
            }
            return .object(kept)
        case .array(let elements):
            guard let schema = items.first else { return value }
            var kept: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                kept.append(schema.pruned(element, at: "\(path)[\(index)]", unknown: &unknown))
            }
            return .array(kept)
        default:
            return value
        }
    }

    /// Fills in the defaults of fields that are absent, or null where null is not allowed.
    func defaulted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(var members):
            for (name, schema) in properties {
                let present = members[name]
                let isDropped = present == .null && !schema.isNullable && schema.defaultValue != nil
                if present == nil || isDropped { members[name] = schema.defaultValue }
                if let child = members[name] { members[name] = schema.defaulted(child) }
            }
            if let schema = additional.first {
                for (name, child) in members where properties[name] == nil {
                    members[name] = schema.defaulted(child)
                }
            }
            return .object(members)
        case .array(let elements):
            guard let schema = items.first else { return value }
            return .array(elements.map { schema.defaulted($0) })
        default:
            return value
        }
    }
}
