import KubeCore

/// Schemas as OpenAPI documents have them, from what a definition or a built-in kind says.
enum OpenAPISchemas {
    /// The name of the schema that all kinds share for their metadata.
    static let metadataName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

    /// The schema of metadata.
    static let metadata: JSONValue = [
        "description": "What every object has: names, labels, and what the server notes down about it.",
        "type": "object", "properties": .object(MetadataRules.fields),
    ]

    /// The schema of a kind with what the documents add to it; nil for a built-in kind of any shape.
    ///
    /// - Parameters:
    ///   - declared: the schema of its definition; nil for built-in kinds.
    ///   - isV3: whether it is for a document of OpenAPI v3, else v2.
    static func schema(
        _ resource: APIResource,
        _ version: APIResource.Version,
        declared: JSONValue?,
        isV3: Bool
    ) -> JSONValue? {
        guard var schema = declared ?? version.schema.flatMap(builtIn) else { return nil }
        if !isV3 { schema = v2(schema) }
        // Nothing of a kind that takes anything is known: not even its metadata may be listed then.
        guard schema["properties"] != nil else { return nil }
        let place = isV3 ? "#/components/schemas/" : "#/definitions/"
        let reference: JSONValue = ["$ref": .string(place + metadataName)]
        var metadata: JSONValue = isV3 ? ["allOf": [reference]] : reference
        metadata["description"] = "Name, labels and annotations of the object."
        schema.put(metadata, at: ["properties", "metadata"])
        schema["x-kubernetes-group-version-kind"] = [kind(resource, version)]
        return schema
    }

    /// The name of a kind's schema: for custom kinds that of the real server.
    static func name(_ resource: APIResource, _ version: APIResource.Version) -> String {
        let labels = resource.group.split(separator: ".")
        let group =
            resource.isCustom
            ? labels.reversed().joined(separator: ".") : "io.k8s.api.\(labels.first ?? "core")"
        return "\(group).\(version.name).\(resource.kind)"
    }

    static func kind(_ resource: APIResource, _ version: APIResource.Version) -> JSONValue {
        ["group": .string(resource.group), "version": .string(version.name), "kind": .string(resource.kind)]
    }

    /// What of a structural schema OpenAPI v2 and its readers can take; without the rest they refuse objects that the
    /// server takes (`pkg/controller/openapi/v2/conversion.go` in apiextensions-apiserver).
    static func v2(_ schema: JSONValue) -> JSONValue {
        let dropped: Set<String> = [
            "allOf", "anyOf", "default", "not", "nullable", "oneOf", "x-kubernetes-validations",
        ]
        var result = schema.without(dropped)
        let isNullable = schema["nullable"]?.boolValue == true
        let isOpen = schema["x-kubernetes-preserve-unknown-fields"]?.boolValue == true
        if isNullable || isOpen { result = result.without(["items", "properties"]) }
        let type = schema["type"]?.stringValue
        if isNullable || (isOpen && (type == "object" || type == "array")) { result["type"] = nil }
        if let properties = result["properties"]?.objectValue {
            result["properties"] = .object(properties.mapValues(v2))
            let required = (result["required"]?.strings ?? [])
                .filter { properties[$0]?["nullable"]?.boolValue != true }
            result["required"] = required.isEmpty ? .none : .some(.strings(required))
        }
        for key in ["items", "additionalProperties"] {
            if let child = result[key], child.objectValue != nil { result[key] = v2(child) }
        }
        return result
    }

    /// The schema of a built-in kind; nil where the kind takes anything.
    private static func builtIn(_ schema: Schema) -> JSONValue? {
        schema.preservesUnknown ? nil : rendered(schema)
    }

    private static func rendered(_ schema: Schema) -> JSONValue {
        var value: JSONValue = [:]
        if schema.kind != .any { value["type"] = .string(schema.kind.rawValue) }
        if schema.preservesUnknown { value["x-kubernetes-preserve-unknown-fields"] = true }
        if !schema.properties.isEmpty { value["properties"] = .object(schema.properties.mapValues(rendered)) }
        if let items = schema.items.first { value["items"] = rendered(items) }
        if let least = schema.bounds.minimum { value["minimum"] = .int(Int64(least)) }
        return value
    }
}
