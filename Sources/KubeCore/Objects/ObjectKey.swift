/// The name of an object within its kind.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Namespace; nil for objects of the whole cluster.
    public var namespace: String?
    /// Name.
    public var name: String

    /// Creates a key; leave `namespace` out for objects of the whole cluster.
    public init(namespace: String? = nil, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// `namespace/name`, or the name alone.
    public var description: String { namespace.map { "\($0)/\(name)" } ?? name }

    /// Orders by namespace, then by name.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace ?? "", left.name) < (right.namespace ?? "", right.name)
    }
}
