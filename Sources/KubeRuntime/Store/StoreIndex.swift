public import KubeCore

/// A way to find the objects of a store by something else than their names.
///
/// ```swift
/// let byNode = StoreIndex<Pod>("node") { [$0.spec.nodeName].compactMap(\.self) }
/// let pods = Reflector<Pod>(api, logger: logger, indexes: [byNode])
/// let here = pods.store.objects(byNode, "node-1")
/// ```
public struct StoreIndex<Object: KubeObject>: Sendable {
    /// Tells the indexes of one store apart.
    public let name: String
    let values: @Sendable (Object) -> [String]

    /// Creates an index.
    ///
    /// - Parameter values: under what an object is found; a pure function of the object, since it is asked again when
    ///   the object is replaced.
    public init(_ name: String, values: @escaping @Sendable (Object) -> [String]) {
        self.name = name
        self.values = values
    }
}

/// The indexes of one store, kept change by change.
struct StoreIndexState<Object: KubeObject>: Sendable {
    private let indexes: [StoreIndex<Object>]
    private var entries: [String: [String: Set<ObjectKey>]] = [:]

    init(_ indexes: [StoreIndex<Object>]) {
        self.indexes = indexes
    }

    func keys(_ name: String, _ value: String) -> Set<ObjectKey> { entries[name]?[value] ?? [] }

    /// How many values are known in all; no more than the objects have.
    var count: Int { entries.values.reduce(0) { $0 + $1.count } }

    mutating func replace(_ old: Object?, by new: Object?, _ key: ObjectKey) {
        for index in indexes {
            let before = Set(old.map(index.values) ?? [])
            let after = Set(new.map(index.values) ?? [])
            guard before != after else { continue }
            for value in before.subtracting(after) {
                entries[index.name]?[value]?.remove(key)
                // Values come and go with the objects: an empty entry would stay for ever.
                if entries[index.name]?[value]?.isEmpty == true { entries[index.name]?[value] = nil }
            }
            for value in after.subtracting(before) { entries[index.name, default: [:]][value, default: []].insert(key) }
        }
    }
}
