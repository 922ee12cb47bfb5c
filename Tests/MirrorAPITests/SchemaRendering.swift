import KubeCore
import MirrorAPI

// The Swift schema as the YAML writes it, descriptions left out.

extension KindSchema {
    var rendered: JSONValue {
        var metadata: JSONValue = ["type": "object"]
        if let name { metadata["properties"] = ["name": name.rendered] }
        return [
            "type": "object",
            "required": ["spec"],
            "properties": [
                "apiVersion": ["type": "string"],
                "kind": ["type": "string"],
                "metadata": metadata,
                "spec": spec.rendered,
                "status": status.rendered,
            ],
        ]
    }
}

extension FieldSchema {
    var rendered: JSONValue {
        var value = form.rendered
        value["default"] = fallback
        if !rules.isEmpty {
            value["x-kubernetes-validations"] = .array(
                rules.map { ["rule": .string($0.expression), "message": .string($0.message)] }
            )
        }
        return value
    }
}

extension FieldSchema.Form {
    fileprivate var rendered: JSONValue {
        switch self {
        case .object(let fields, let required, let atomic):
            var value: JSONValue = ["type": "object", "properties": .object(fields.mapValues(\.rendered))]
            if !required.isEmpty { value["required"] = .array(required.map { .string($0) }) }
            if atomic { value["x-kubernetes-map-type"] = "atomic" }
            return value
        case .map(let schema, let maxProperties):
            return [
                "type": "object", "additionalProperties": schema.rendered, "maxProperties": .int(Int64(maxProperties)),
            ]
        case .list(let item, let maxItems, let kind):
            var value: JSONValue = ["type": "array", "items": item.rendered, "maxItems": .int(Int64(maxItems))]
            switch kind {
            case .atomic: value["x-kubernetes-list-type"] = "atomic"
            case .set: value["x-kubernetes-list-type"] = "set"
            case .map(let key):
                value["x-kubernetes-list-type"] = "map"
                value["x-kubernetes-list-map-keys"] = [.string(key)]
            }
            return value
        case .string(let bounds):
            var value: JSONValue = ["type": "string"]
            value["minLength"] = bounds.minLength.map { .int(Int64($0)) }
            value["maxLength"] = bounds.maxLength.map { .int(Int64($0)) }
            value["pattern"] = bounds.form.map { .string($0.pattern) }
            value["enum"] = bounds.choices.map { .array($0.map { .string($0) }) }
            if bounds.isTime { value["format"] = "date-time" }
            return value
        case .integer(let bounds):
            var value: JSONValue = ["type": "integer", "format": .string(bounds.format)]
            value["minimum"] = .int(bounds.minimum)
            value["maximum"] = bounds.maximum.map { .int($0) }
            return value
        case .intOrPercent(let bounds):
            var value: JSONValue = [
                "anyOf": [["type": "integer"], ["type": "string"]], "x-kubernetes-int-or-string": true,
                "pattern": .string(TextForm.percent.pattern),
            ]
            value["minimum"] = .int(bounds.minimum)
            value["maximum"] = bounds.maximum.map { .int($0) }
            return value
        case .boolean:
            return ["type": "boolean"]
        }
    }
}
