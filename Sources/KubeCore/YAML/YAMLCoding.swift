/// The one way in and out of YAML text: YAML becomes JSON values, and those become typed values as JSON does.
///
/// Plain scalars resolve as in the `yaml.v2` and `sigs.k8s.io/yaml` libraries that kubectl and the API machinery use
/// (kubernetes-sigs/yaml, goyaml.v2/resolve.go), so that a manifest means here what it means there: `yes`, `on` and
/// `y` are booleans like `true`, `0755` is octal, `1_000` is a number, a date is a string, and a key that is a number
/// or a boolean becomes its canonical text. Stricter than there: duplicate keys, `!!binary`, `.inf` and `.nan` are
/// refused, the last two because JSON has no such number.
public enum YAMLCoding {
    /// Reads all documents of `text`; those that are empty or `null` are left out.
    ///
    /// - Throws: `KubeError` with code `decoding` and the line and column of the fault, both counted from 1.
    public static func documents(_ text: [UInt8]) throws(KubeError) -> [JSONValue] {
        var composer = try YAMLComposer(text)
        return try composer.documents()
    }

    /// Reads all documents of `text`; those that are empty or `null` are left out.
    ///
    /// - Throws: `KubeError` with code `decoding` and the line and column of the fault, both counted from 1.
    public static func documents(_ text: String) throws(KubeError) -> [JSONValue] {
        try documents(Array(text.utf8))
    }

    /// Reads the only document of `text` as a typed value.
    ///
    /// - Throws: `KubeError` with code `decoding`, also where there is no document or more than one.
    public static func decode<Value: Decodable>(_ type: Value.Type, from text: [UInt8]) throws(KubeError) -> Value {
        let found = try documents(text)
        guard let document = found.first, found.count == 1 else {
            throw KubeError(.decoding, "one YAML document is needed, not \(found.count)")
        }
        return try JSONCoding.decode(type, from: document)
    }

    /// Reads the only document of `text` as a typed value.
    ///
    /// - Throws: `KubeError` with code `decoding`, also where there is no document or more than one.
    public static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws(KubeError) -> Value {
        try decode(type, from: Array(text.utf8))
    }

    /// Writes one document in block style with sorted keys; text that would read as another type is quoted.
    ///
    /// - Parameter width: Columns after which text is continued on the next line; nil for no bound.
    /// - Throws: `KubeError` with code `encoding`: a number that is not finite.
    public static func encode(_ value: JSONValue, width: Int? = nil) throws(KubeError) -> String {
        try encode(documents: [value], width: width)
    }

    /// Writes anything that can be encoded as one document, as `encode(_:)` does for a JSON value.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public static func encode<Value: Encodable>(_ value: Value) throws(KubeError) -> String {
        try encode(documents: [JSONCoding.value(of: value)])
    }

    /// Writes several documents, parted by `---`.
    ///
    /// - Parameter width: Columns after which text is continued on the next line; nil for no bound.
    /// - Throws: `KubeError` with code `encoding`: a number that is not finite.
    public static func encode(documents: [JSONValue], width: Int? = nil) throws(KubeError) -> String {
        let writer = try YAMLWriter(width: width)
        try writer.start()
        for (index, document) in documents.enumerated() {
            try writer.write(document: document, marked: index > 0)
        }
        return try writer.finish()
    }
}
