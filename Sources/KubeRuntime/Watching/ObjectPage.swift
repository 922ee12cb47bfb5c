public import KubeCore

/// One page of a list, in which an object that cannot be read does not hide the others.
public struct ObjectPage<Object: KubeObject>: Hashable, Sendable {
    /// The objects that could be read.
    public var objects: [Object]
    /// Keys of those that could not: the store keeps what it knew of them, since they are not gone.
    public var unreadable: [ObjectKey]
    /// The version of the list.
    public var resourceVersion: String?
    /// Token of the next page; nil or empty at the end.
    public var continuation: String?

    /// Creates a page.
    public init(
        objects: [Object],
        unreadable: [ObjectKey] = [],
        resourceVersion: String?,
        continuation: String? = nil
    ) {
        self.objects = objects
        self.unreadable = unreadable
        self.resourceVersion = resourceVersion
        self.continuation = continuation
    }
}

extension ObjectPage: Decodable {
    private enum CodingKeys: String, CodingKey {
        case metadata, items
    }

    /// Decodes a list as the server sends it.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let metadata = try container.decode(ObjectList<Object>.Metadata.self, forKey: .metadata)
        // The server writes null for an empty list of some kinds.
        let items = try container.decodeIfPresent([Item<Object>].self, forKey: .items) ?? []
        objects = items.compactMap(\.object)
        unreadable = items.compactMap(\.unreadable)
        resourceVersion = metadata.resourceVersion
        continuation = metadata.continue
    }
}

private struct Item<Object: KubeObject>: Decodable {
    var object: Object?
    var unreadable: ObjectKey?

    init(from decoder: any Decoder) throws {
        do {
            object = try Object(from: decoder)
        } catch {
            unreadable = try UnreadableObject(from: decoder).metadata.key
        }
    }
}

/// The metadata of an object that cannot be read as a whole.
struct UnreadableObject: Decodable {
    struct Metadata: Decodable {
        var name: String
        var namespace: String?
        var resourceVersion: String?

        var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
    }

    var metadata: Metadata
}

/// A line of a watch whose object cannot be read as a whole.
struct UnreadableEvent: Decodable {
    var type: String
    var object: UnreadableObject
}
