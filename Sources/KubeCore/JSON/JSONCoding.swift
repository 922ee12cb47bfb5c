#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The one way in and out of JSON text: sorted keys, no escaped slashes, so that equal values give equal bytes.
public enum JSONCoding {
    /// Encodes `value` as JSON text.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func encode<Value: Encodable>(_ value: Value, pretty: Bool = false) throws(KubeError) -> [UInt8] {
        if !pretty, let value = value as? JSONValue {
            var bytes: [UInt8] = []
            try JSONWriter.write(value, to: &bytes)
            return bytes
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        do {
            return [UInt8](try encoder.encode(value))
        } catch {
            throw KubeError(.encoding, "\(Value.self) could not be written as JSON: \(describe(error))")
        }
    }

    /// Decodes JSON text.
    ///
    /// - Throws: `KubeError` with code `decoding`, or `tooLarge` for a document of too many values; the message names
    ///   the field and never quotes the document.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(KubeError) -> Value {
        try JSONWeight.check(bytes)
        return try read(type, from: bytes)
    }

    /// What is in memory already, or stands in a file that a person names, is not weighed: a snapshot of a fleet is
    /// larger than any answer.
    private static func read<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(KubeError) -> Value {
        if type == JSONValue.self, let value = try JSONParser.parse(bytes) as? Value { return value }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw fault(error, of: type)
        }
    }

    /// What a decoder's error says of a document, as it is told.
    public static func fault<Value>(_ error: any Error, of type: Value.Type) -> KubeError {
        KubeError(.decoding, "\(type) could not be read: \(describe(error))")
    }

    /// The JSON value of anything that can be encoded.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func value<Value: Encodable>(of value: Value) throws(KubeError) -> JSONValue {
        try read(JSONValue.self, from: encode(value))
    }

    /// A typed value read from a JSON value.
    ///
    /// - Throws: `KubeError` with code `decoding`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue) throws(KubeError) -> Value {
        try read(type, from: encode(value))
    }

    private static func describe(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(type(of: error))" }
        switch error {
        case .typeMismatch(let type, let context):
            return "\(path(context.codingPath)) is not \(name(of: type))"
        case .valueNotFound(let type, let context):
            return "\(path(context.codingPath)) is empty where \(name(of: type)) is needed"
        case .keyNotFound(let key, let context):
            return "\(path(context.codingPath + [key])) is missing"
        case .dataCorrupted(let context):
            return "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default:
            return "unknown fault"
        }
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Int.Type, is Int64.Type, is Int32.Type: "an integer"
        case is [String: Any].Type: "an object"
        default: "a \(type)"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        guard !keys.isEmpty else { return "the document" }
        return keys.reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}
