import KubeCore

/// An OpenAPI v2 document as the message `openapi.v2.Document` of gnostic: kubectl before 1.27 takes nothing else.
///
/// It is written from the document in JSON, so that the two cannot say different things. The numbers are those of
/// `openapiv2/OpenAPIv2.proto` in google/gnostic.
enum OpenAPIMessage {
    static func bytes(of document: JSONValue) -> [UInt8] {
        var message = ProtobufWriter()
        message.field(1, document["swagger"]?.stringValue ?? "")
        message.field(2) { info in
            info.field(1, document["info"]?["title"]?.stringValue ?? "")
            info.field(2, document["info"]?["version"]?.stringValue ?? "")
        }
        message.field(8) { paths in
            for (path, item) in members(document["paths"]) {
                paths.field(2) { named in
                    named.field(1, path)
                    named.field(2) { message in
                        if let patch = item["patch"] { message.field(8) { write(operation: patch, to: &$0) } }
                    }
                }
            }
        }
        message.field(9) { write(named: members(document["definitions"]), to: &$0) }
        return message.bytes
    }

    private static func members(_ value: JSONValue?) -> [(key: String, value: JSONValue)] {
        (value?.objectValue ?? [:]).sorted { $0.key < $1.key }
    }

    private static func write(operation: JSONValue, to message: inout ProtobufWriter) {
        for parameter in operation["parameters"]?.arrayValue ?? [] {
            message.field(8) { item in
                item.field(1) { alternative in
                    alternative.field(2) { plain in
                        plain.field(3) { query in
                            query.field(2, parameter["in"]?.stringValue ?? "")
                            query.field(4, parameter["name"]?.stringValue ?? "")
                            query.field(6, parameter["type"]?.stringValue ?? "")
                        }
                    }
                }
            }
        }
        message.field(9) { responses in
            for (code, response) in members(operation["responses"]) {
                responses.field(1) { named in
                    named.field(1, code)
                    named.field(2) { value in
                        value.field(1) { $0.field(1, response["description"]?.stringValue ?? "") }
                    }
                }
            }
        }
        write(extensionsOf: operation, as: 13, to: &message)
    }

    private static func write(extensionsOf value: JSONValue, as number: Int, to message: inout ProtobufWriter) {
        for (name, content) in members(value) where name.hasPrefix("x-") {
            message.field(number) { named in
                named.field(1, name)
                // Any JSON is YAML.
                named.field(2) { $0.field(2, content.text) }
            }
        }
    }

    private static func write(named schemas: [(key: String, value: JSONValue)], to message: inout ProtobufWriter) {
        for (name, schema) in schemas {
            message.field(1) { named in
                named.field(1, name)
                named.field(2) { write(schema: schema, to: &$0) }
            }
        }
    }

    private static let texts = [("$ref", 1), ("format", 2), ("title", 3), ("description", 4), ("pattern", 13)]
    private static let numbers = [("multipleOf", 6), ("maximum", 7), ("minimum", 9)]
    private static let flags = [("exclusiveMaximum", 8), ("exclusiveMinimum", 10), ("uniqueItems", 16)]
    private static let counts = [
        ("maxLength", 11), ("minLength", 12), ("maxItems", 14), ("minItems", 15), ("maxProperties", 17),
        ("minProperties", 18),
    ]

    private static func write(schema: JSONValue, to message: inout ProtobufWriter) {
        for (key, number) in texts { if let text = schema[key]?.stringValue { message.field(number, text) } }
        for (key, number) in flags { if let flag = schema[key]?.boolValue { message.field(number, flag) } }
        for (key, number) in counts { if let count = schema[key]?.intValue { message.field(number, count) } }
        for (key, number) in numbers {
            switch schema[key] {
            case .int(let value)?: message.field(number, Double(value))
            case .double(let value)?: message.field(number, value)
            default: break
            }
        }
        for name in schema["required"]?.strings ?? [] { message.field(19, name) }
        for value in schema["enum"]?.arrayValue ?? [] { message.field(20) { $0.field(2, value.text) } }
        switch schema["additionalProperties"] {
        case .bool(let allowed)?: message.field(21) { $0.field(2, allowed) }
        case .object?:
            let child = schema["additionalProperties"] ?? [:]
            message.field(21) { item in item.field(1) { write(schema: child, to: &$0) } }
        default: break
        }
        if let type = schema["type"]?.stringValue { message.field(22) { $0.field(1, type) } }
        if let items = schema["items"] {
            message.field(23) { list in list.field(1) { write(schema: items, to: &$0) } }
        }
        let properties = members(schema["properties"])
        if !properties.isEmpty { message.field(25) { write(named: properties, to: &$0) } }
        write(extensionsOf: schema, as: 31, to: &message)
    }
}
