package import KubeCore
import MirrorAPI

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// A CustomResourceDefinition of the checkout.
package struct CRDFile {
    package var text: String
    package var value: JSONValue

    package static let kinds = KindSchema.all.map(\.resource.plural)

    package init(_ plural: String, withoutCEL: Bool = false) throws {
        let path = "crds/\(withoutCEL ? "without-cel/" : "")p2pmirror.io_\(plural).yaml"
        text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        guard let document = try YAMLCoding.documents(text).first else {
            throw KubeError(.configuration, "\(path) holds no document")
        }
        value = document
    }

    package var version: JSONValue { value["spec"]?["versions"]?.arrayValue?.first ?? .null }
    package var schema: JSONValue { version[path: "schema", "openAPIV3Schema"] ?? .null }

    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}

/// Where two values differ, as paths.
package func differences(_ left: JSONValue?, _ right: JSONValue?, at path: String = "") -> [String] {
    switch (left, right) {
    case (.object(let left), .object(let right)):
        return Set(left.keys).union(right.keys).sorted()
            .flatMap { differences(left[$0], right[$0], at: "\(path).\($0)") }
    case (.array(let left), .array(let right)) where left.count == right.count:
        return zip(left, right).enumerated()
            .flatMap { differences($1.0, $1.1, at: "\(path)[\($0)]") }
    default:
        return left == right ? [] : [path]
    }
}

/// The value without the members of that name whose value is no object: a field may have the same name as a keyword.
package func without(_ keyword: String, _ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members):
        .object(
            members.filter { $0.key != keyword || $0.value.objectValue != nil }.mapValues { without(keyword, $0) }
        )
    case .array(let items): .array(items.map { without(keyword, $0) })
    default: value
    }
}

/// One field of a schema and where it stands.
package struct SchemaNode {
    package var path: String
    package var value: JSONValue

    /// All fields of a schema, the schema itself first.
    package static func all(in schema: JSONValue, at path: String = "") -> [SchemaNode] {
        let fields = (schema["properties"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
            .flatMap { all(in: $0.value, at: "\(path).\($0.key)") }
        let items = schema["items"].map { all(in: $0, at: "\(path)[]") } ?? []
        let values = schema["additionalProperties"].map { all(in: $0, at: "\(path){}") } ?? []
        return [SchemaNode(path: path, value: schema)] + fields + items + values
    }
}
