/// One event of a watch.
public enum WatchEvent<Object: KubeObject>: Hashable, Sendable {
    /// The object is new to the watcher.
    case added(Object)
    /// The object changed.
    case modified(Object)
    /// The object is gone; its last state is given.
    case deleted(Object)
    /// Nothing changed up to this version: a watch may go on from it. In a streaming list the first one that
    /// `endsInitialEvents` says that all objects have been sent.
    case bookmark(resourceVersion: String, endsInitialEvents: Bool = false)
    /// The server ended the watch with an error, such as 410 `Expired`.
    case error(Status)
    /// An event of a type that this release does not know; it is passed over.
    case unknown(type: String)
}

extension WatchEvent: Decodable {
    private enum CodingKeys: String, CodingKey {
        case type, object
    }

    /// Reads one line of a watch, in one pass.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let type = try container.decode(String.self, forKey: .type)
        switch type {
        case "ADDED": self = .added(try container.decode(Object.self, forKey: .object))
        case "MODIFIED": self = .modified(try container.decode(Object.self, forKey: .object))
        case "DELETED": self = .deleted(try container.decode(Object.self, forKey: .object))
        case "BOOKMARK":
            let metadata = try container.decode(Versioned.self, forKey: .object).metadata
            let endsInitialEvents = metadata.annotations?["k8s.io/initial-events-end"] == "true"
            self = .bookmark(resourceVersion: metadata.resourceVersion, endsInitialEvents: endsInitialEvents)
        case "ERROR": self = .error(try container.decode(Status.self, forKey: .object))
        default: self = .unknown(type: type)
        }
    }

    /// Reads one line of a watch.
    ///
    /// - Throws: `KubeError` with code `decoding`.
    public init(line: [UInt8]) throws(KubeError) {
        self = try JSONCoding.decode(Self.self, from: line)
    }
}

private struct Versioned: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String
        var annotations: [String: String]?
    }

    var metadata: Metadata
}
