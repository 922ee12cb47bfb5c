/// A kind whose objects are handled as JSON.
public protocol RawKind: Hashable, Sendable {
    /// Where its objects live at the server.
    static var resource: ResourceType { get }
}

/// An object with all its fields, for those who compare or change what no type of ours describes.
///
/// `metadata.managedFields` is dropped when it is read.
public struct RawObject<Kind: RawKind>: KubeObject {
    /// Where its objects live at the server.
    public static var resource: ResourceType { Kind.resource }

    /// The metadata, as in `body`.
    public var metadata: ObjectMeta
    /// The whole object.
    public var body: JSONValue

    /// Reads an object; one without a name has an empty one.
    public init(_ body: JSONValue) throws(KubeError) {
        var body = body
        if var metadata = body["metadata"] {
            metadata["managedFields"] = nil
            body["metadata"] = metadata
        }
        self.body = body
        metadata = try JSONCoding.decode(ObjectMeta.self, from: body["metadata"] ?? [:])
    }

    /// Reads an object.
    public init(from decoder: any Decoder) throws {
        try self.init(JSONValue(from: decoder))
    }

    /// Writes `body`.
    public func encode(to encoder: any Encoder) throws {
        try body.encode(to: encoder)
    }
}

/// `apps/v1` `daemonsets`.
public enum DaemonSetKind: RawKind {
    /// Where its objects live at the server.
    public static let resource = ResourceType(
        group: "apps",
        version: "v1",
        plural: "daemonsets",
        kind: "DaemonSet",
        namespaced: true
    )
}

/// `v1` `services`.
public enum ServiceKind: RawKind {
    /// Where its objects live at the server.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        plural: "services",
        kind: "Service",
        namespaced: true
    )
}

/// `v1` `serviceaccounts`.
public enum ServiceAccountKind: RawKind {
    /// Where its objects live at the server.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        plural: "serviceaccounts",
        kind: "ServiceAccount",
        namespaced: true
    )
}

/// `monitoring.coreos.com/v1` `servicemonitors`, of the Prometheus operator.
public enum ServiceMonitorKind: RawKind {
    /// Where its objects live at the server.
    public static let resource = ResourceType(
        group: "monitoring.coreos.com",
        version: "v1",
        plural: "servicemonitors",
        kind: "ServiceMonitor",
        namespaced: true
    )
}
