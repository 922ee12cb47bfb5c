import KubeCore

/// An object and the revision at which it was written.
struct StoredObject: Sendable {
    var value: JSONValue
    var revision: UInt64
}

/// One change, as the history keeps it.
struct Change: Sendable {
    var revision: UInt64
    var storage: String
    var key: ObjectKey
    /// The object before; nil where it was created.
    var before: StoredObject?
    /// The object after; nil where it was deleted.
    var after: StoredObject?
}

/// Objects, their one counter of revisions, and as much of their history as watches may ask for.
///
/// It knows neither kinds nor rules.
struct Store: Sendable {
    /// The revision of the newest change. It starts above 1, so that nobody takes it for an index.
    private(set) var revision: UInt64 = 100
    /// Versions up to this one are too old for a watch.
    private(set) var compacted: UInt64 = 100
    private var objects: [String: [ObjectKey: StoredObject]] = [:]
    private var history: ArraySlice<Change> = []
    private var places: [String: Place] = [:]
    private var dependents: [String: Set<Place>] = [:]
    private let historyLimit: Int
    /// Storages that have changed since this was emptied.
    var touched: Set<String> = []

    /// Where an object is.
    struct Place: Hashable, Sendable {
        var storage: String
        var key: ObjectKey
    }

    init(historyLimit: Int) { self.historyLimit = max(1, historyLimit) }

    func object(_ storage: String, _ key: ObjectKey) -> StoredObject? { objects[storage]?[key] }

    /// The objects of one storage, by namespace and name.
    func all(_ storage: String, namespace: String? = nil) -> [(key: ObjectKey, value: StoredObject)] {
        Self.sorted(objects[storage] ?? [:], namespace)
    }

    /// The objects as they were at an earlier revision; nil where that is no longer known.
    func all(
        _ storage: String,
        namespace: String?,
        at revision: UInt64
    ) -> [(key: ObjectKey, value: StoredObject)]? {
        guard revision >= compacted else { return nil }
        var past = objects[storage] ?? [:]
        for change in history.reversed() {
            guard change.revision > revision else { break }
            if change.storage == storage { past[change.key] = change.before }
        }
        return Self.sorted(past, namespace)
    }

    private static func sorted(
        _ objects: [ObjectKey: StoredObject],
        _ namespace: String?
    ) -> [(key: ObjectKey, value: StoredObject)] {
        let chosen = namespace.map { name in objects.filter { $0.key.namespace == name } } ?? objects
        return chosen.sorted { $0.key < $1.key }
    }

    /// The changes after a revision, oldest first.
    func changes(after revision: UInt64) -> ArraySlice<Change> {
        var low = history.startIndex
        var high = history.endIndex
        while low < high {
            let middle = (low + high) / 2
            if history[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return history[low...]
    }

    /// Writes an object under the next revision and returns it as stored.
    @discardableResult
    mutating func write(_ storage: String, _ key: ObjectKey, _ value: JSONValue) -> JSONValue {
        revision += 1
        var value = value
        value.put(.string(String(revision)), at: ["metadata", "resourceVersion"])
        let after = StoredObject(value: value, revision: revision)
        let before = objects[storage, default: [:]].updateValue(after, forKey: key)
        reindex(storage, key, before: before?.value, after: value)
        record(Change(revision: revision, storage: storage, key: key, before: before, after: after))
        return value
    }

    /// Removes an object under the next revision and returns its last state, which carries that revision.
    @discardableResult
    mutating func remove(_ storage: String, _ key: ObjectKey) -> JSONValue? {
        guard let before = objects[storage]?.removeValue(forKey: key) else { return nil }
        revision += 1
        reindex(storage, key, before: before.value, after: nil)
        record(Change(revision: revision, storage: storage, key: key, before: before, after: nil))
        var last = before.value
        last.put(.string(String(revision)), at: ["metadata", "resourceVersion"])
        return last
    }

    /// Forgets the history, as the real server does after five minutes.
    mutating func compact() {
        compacted = revision
        history = []
    }

    private mutating func record(_ change: Change) {
        touched.insert(change.storage)
        history.append(change)
        while history.count > historyLimit, let oldest = history.popFirst() { compacted = oldest.revision }
        // A slice keeps what was cut off its front until it is copied.
        if history.startIndex > 2 * historyLimit { history = ArraySlice(Array(history)) }
    }

    private mutating func reindex(_ storage: String, _ key: ObjectKey, before: JSONValue?, after: JSONValue?) {
        let place = Place(storage: storage, key: key)
        if let before {
            places[before.objectUID] = nil
            for owner in before.ownerUIDs { dependents[owner]?.remove(place) }
        }
        if let after {
            places[after.objectUID] = place
            for owner in after.ownerUIDs { dependents[owner, default: []].insert(place) }
        }
    }

    /// Where the object of that identity is; nil where there is none.
    func place(uid: String) -> Place? { places[uid] }

    /// The objects that name `uid` as an owner.
    func dependents(of uid: String) -> [Place] {
        (dependents[uid] ?? []).sorted { ($0.storage, $0.key) < ($1.storage, $1.key) }
    }
}
