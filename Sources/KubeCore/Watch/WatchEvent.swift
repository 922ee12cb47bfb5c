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

extension WatchEvent {
    /// Reads one line of a watch.
    ///
    /// - Throws: `KubeError` with code `decoding`.
    public init(line: [UInt8]) throws(KubeError) {
        let head = try JSONCoding.decode(Head.self, from: line)
        switch head.type {
        case "ADDED": self = .added(try JSONCoding.decode(Body<Object>.self, from: line).object)
        case "MODIFIED": self = .modified(try JSONCoding.decode(Body<Object>.self, from: line).object)
        case "DELETED": self = .deleted(try JSONCoding.decode(Body<Object>.self, from: line).object)
        case "BOOKMARK":
            let metadata = try JSONCoding.decode(Body<Versioned>.self, from: line).object.metadata
            let endsInitialEvents = metadata.annotations?["k8s.io/initial-events-end"] == "true"
            self = .bookmark(resourceVersion: metadata.resourceVersion, endsInitialEvents: endsInitialEvents)
        case "ERROR": self = .error(try JSONCoding.decode(Body<Status>.self, from: line).object)
        default: self = .unknown(type: head.type)
        }
    }
}

private struct Head: Decodable {
    var type: String
}

private struct Body<Content: Decodable>: Decodable {
    var object: Content
}

private struct Versioned: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String
        var annotations: [String: String]?
    }

    var metadata: Metadata
}
