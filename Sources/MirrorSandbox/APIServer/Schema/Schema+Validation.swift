import KubeCore

extension Schema {
    /// What is wrong with a value, in the words of the server.
    func faults(_ value: JSONValue, at path: String = "") -> [FieldFault] {
        if value == .null {
            return isNullable || kind == .any ? [] : [mistyped(value, path)]
        }
        guard hasRightType(value) else { return [mistyped(value, path)] }
        var faults = scalarFaults(value, path)
        if !enumeration.isEmpty, !enumeration.contains(value) {
            faults.append(.unsupported(path, value, enumeration.map { $0.stringValue ?? $0.text }))
        }
        switch value {
        case .object(let members): faults += memberFaults(members, path)
        case .array(let elements): faults += elementFaults(elements, path)
        default: break
        }
        return faults
    }

    private func hasRightType(_ value: JSONValue) -> Bool {
        if isIntOrString { return value.intValue != nil || value.stringValue != nil }
        switch (kind, value) {
        case (.any, _), (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool): return true
        case (.integer, .int), (.number, .int), (.number, .double): return true
        case (.integer, .double(let number)): return number == number.rounded()
        default: return false
        }
    }

    private func mistyped(_ value: JSONValue, _ path: String) -> FieldFault {
        let wanted = isIntOrString ? "integer,string" : kind.rawValue
        let found = Self.typeName(value)
        let place = path.isEmpty ? "" : "\(path) in body "
        return FieldFault(
            field: path,
            reason: "FieldValueTypeInvalid",
            message: "Invalid value: \"\(found)\": \(place)must be of type \(wanted): \"\(found)\""
        )
    }

    private static func typeName(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    private func scalarFaults(_ value: JSONValue, _ path: String) -> [FieldFault] {
        switch value {
        case .string(let text): return textFaults(text, path)
        case .int(let number): return numberFaults(Double(number), value, path)
        case .double(let number): return numberFaults(number, value, path)
        default: return []
        }
    }

    private func textFaults(_ text: String, _ path: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        let length = text.unicodeScalars.count
        if let most = bounds.length.most, length > most { faults.append(.tooLong(path, most)) }
        if let least = bounds.length.least, length < least {
            faults.append(
                .invalid(path, .string(text), "\(path) in body should be at least \(least) chars long")
            )
        }
        if format == "date-time", MicroTimestamp(text) == nil {
            let why = "\(path) in body must be of type date-time: \"\(text)\""
            let message = "Invalid value: \"\(text)\": \(why)"
            faults.append(FieldFault(field: path, reason: "FieldValueTypeInvalid", message: message))
        }
        // An expression that cannot be compiled was refused together with the definition.
        if let pattern = bounds.pattern, let expression = try? Regex(pattern), !text.contains(expression) {
            faults.append(.invalid(path, .string(text), "\(path) in body should match '\(pattern)'"))
        }
        return faults
    }

    private func numberFaults(_ number: Double, _ value: JSONValue, _ path: String) -> [FieldFault] {
        func fault(_ text: String, _ limit: Double) -> FieldFault {
            let shown = limit == limit.rounded() ? "\(Int64(limit))" : "\(limit)"
            return .invalid(path, value, "\(path) in body should be \(text) \(shown)")
        }
        var faults: [FieldFault] = []
        if let least = bounds.minimum {
            if bounds.isMinimumExclusive, number <= least { faults.append(fault("greater than", least)) }
            if !bounds.isMinimumExclusive, number < least {
                faults.append(fault("greater than or equal to", least))
            }
        }
        if let most = bounds.maximum {
            if bounds.isMaximumExclusive, number >= most { faults.append(fault("less than", most)) }
            if !bounds.isMaximumExclusive, number > most { faults.append(fault("less than or equal to", most)) }
        }
        if let unit = bounds.multipleOf, unit != 0, number.remainder(dividingBy: unit) != 0 {
            faults.append(fault("a multiple of", unit))
        }
        return faults
    }

    private func memberFaults(_ members: [String: JSONValue], _ path: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        if let most = bounds.properties.most, members.count > most {
            faults.append(.tooMany(path, members.count, most))
        }
        if let least = bounds.properties.least, members.count < least {
            let text = "\(path) in body should have at least \(least) properties"
            faults.append(.invalid(path, .object(members), text))
        }
        for name in required where members[name] == nil {
            faults.append(.required(path.isEmpty ? name : "\(path).\(name)"))
        }
        for (name, child) in members.sorted(by: { $0.key < $1.key }) {
            guard let schema = member(name) else { continue }
            faults += schema.faults(child, at: path.isEmpty ? name : "\(path).\(name)")
        }
        return faults
    }

    private func elementFaults(_ elements: [JSONValue], _ path: String) -> [FieldFault] {
        var faults: [FieldFault] = []
        if let most = bounds.items.most, elements.count > most {
            faults.append(.tooMany(path, elements.count, most))
        }
        if let least = bounds.items.least, elements.count < least {
            let text = "\(path) in body should have at least \(least) items"
            faults.append(.invalid(path, .array(elements), text))
        }
        if bounds.hasUniqueItems, Set(elements).count < elements.count {
            let text = "\(path) in body shouldn't contain duplicates"
            faults.append(.invalid(path, .array(elements), text))
        }
        var seen: Set<PathElement> = []
        for (index, element) in elements.enumerated() {
            faults += items.first?.faults(element, at: "\(path)[\(index)]") ?? []
            guard let key = self.element(element) else { continue }
            if !seen.insert(key).inserted { faults.append(.duplicate("\(path)[\(index)]", key.shown)) }
        }
        return faults
    }

    /// How an element of this list is named among the others; nil in an atomic list.
    func element(_ value: JSONValue) -> PathElement? {
        switch listType {
        case .atomic: return nil
        case .set: return .value(value)
        case .map(let keys):
            var names: JSONValue = [:]
            for key in keys { names[key] = value[key] ?? items.first?.properties[key]?.defaultValue ?? .null }
            return .key(names)
        }
    }
}
