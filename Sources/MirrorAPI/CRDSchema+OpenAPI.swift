package import KubeCore

// How a definition writes the schema: the structural OpenAPI v3 form of apiextensions.k8s.io/v1.

extension FieldSchema {
    /// The schema of the field. Servers before Kubernetes 1.25 refuse `rules`.
    package func openAPI(withRules: Bool) -> JSONValue {
        var schema = form.openAPI(withRules: withRules)
        schema["description"] = .string(description)
        schema["default"] = fallback
        if withRules, !rules.isEmpty {
            schema["x-kubernetes-validations"] = .array(
                rules.map { ["rule": .string($0.expression), "message": .string($0.message)] }
            )
        }
        return schema
    }
}

extension FieldSchema.Form {
    fileprivate func openAPI(withRules: Bool) -> JSONValue {
        switch self {
        case .object(let fields, let required, let atomic):
            var schema: JSONValue = ["type": "object"]
            schema["properties"] = .object(fields.mapValues { $0.openAPI(withRules: withRules) })
            if !required.isEmpty { schema["required"] = .array(required.map { .string($0) }) }
            if atomic { schema["x-kubernetes-map-type"] = "atomic" }
            return schema
        case .map(let value, let maxProperties):
            let values = value.openAPI(withRules: withRules)
            return ["type": "object", "additionalProperties": values, "maxProperties": .int(Int64(maxProperties))]
        case .list(let item, let maxItems, let kind):
            let items = item.openAPI(withRules: withRules)
            let schema: JSONValue = ["type": "array", "items": items, "maxItems": .int(Int64(maxItems))]
            return kind.marking(schema)
        case .string(let bounds): return bounds.openAPI
        case .integer(let bounds):
            return bounds.limiting(["type": "integer", "format": .string(bounds.format)])
        case .intOrPercent(let bounds):
            return bounds.limiting([
                "anyOf": [["type": "integer"], ["type": "string"]], "x-kubernetes-int-or-string": true,
                "pattern": .string(TextForm.percent.pattern),
            ])
        case .boolean: return ["type": "boolean"]
        }
    }
}

extension FieldSchema.ListKind {
    fileprivate func marking(_ list: JSONValue) -> JSONValue {
        var list = list
        switch self {
        case .atomic: list["x-kubernetes-list-type"] = "atomic"
        case .set: list["x-kubernetes-list-type"] = "set"
        case .map(let key):
            list["x-kubernetes-list-type"] = "map"
            list["x-kubernetes-list-map-keys"] = [.string(key)]
        }
        return list
    }
}

extension FieldSchema.TextBounds {
    fileprivate var openAPI: JSONValue {
        var schema: JSONValue = ["type": "string"]
        schema["minLength"] = minLength.map { .int(Int64($0)) }
        schema["maxLength"] = maxLength.map { .int(Int64($0)) }
        schema["pattern"] = form.map { .string($0.pattern) }
        schema["enum"] = choices.map { .array($0.map { .string($0) }) }
        if isTime { schema["format"] = "date-time" }
        return schema
    }
}

extension FieldSchema.IntegerBounds {
    fileprivate func limiting(_ number: JSONValue) -> JSONValue {
        var number = number
        number["minimum"] = .int(minimum)
        number["maximum"] = maximum.map { .int($0) }
        return number
    }
}
