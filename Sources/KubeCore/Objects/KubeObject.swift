/// An object of the Kubernetes API with a type of its own.
///
/// Types decode only the fields that they use, so that a store of thousands of objects stays small.
public protocol KubeObject: Codable, Hashable, Sendable {
    /// Where objects of this type live at the server.
    static var resource: ResourceType { get }
    /// The object's metadata.
    var metadata: ObjectMeta { get set }
}

extension KubeObject {
    /// Namespace and name.
    public var key: ObjectKey { metadata.key }

    /// The object as JSON with `apiVersion` and `kind`, as the server wants it in a request.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    public func wireValue() throws(KubeError) -> JSONValue {
        var value = try JSONCoding.value(of: self)
        value["apiVersion"] = .string(Self.resource.apiVersion)
        value["kind"] = .string(Self.resource.kind)
        return value
    }

    /// A reference with which other objects name this one as their controller.
    public func controllerReference() -> OwnerReference {
        OwnerReference(
            apiVersion: Self.resource.apiVersion,
            kind: Self.resource.kind,
            name: metadata.name,
            uid: metadata.uid ?? "",
            controller: true,
            blockOwnerDeletion: true
        )
    }
}

/// One page of a list, or a whole one.
public struct ObjectList<Object: KubeObject>: Decodable, Sendable {
    /// Version and continuation of the list.
    public struct Metadata: Decodable, Sendable {
        /// The version from which a watch goes on without a gap.
        public var resourceVersion: String?
        /// Token of the next page; nil or empty at the end.
        public var `continue`: String?
    }

    /// Version and continuation of the list.
    public var metadata: Metadata
    /// The objects.
    public var items: [Object]

    private enum CodingKeys: String, CodingKey {
        case metadata, items
    }

    /// Decodes a list as the server sends it: `items` of an empty one may be null, as Go writes a nil slice. What has
    /// no items is no list.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(Metadata.self, forKey: .metadata)
        items = try container.decode([Object]?.self, forKey: .items) ?? []
    }
}
