public import KubeCore

/// What a watcher learned, for a store.
public enum StoreUpdate<Object: KubeObject>: Hashable, Sendable {
    /// A list begins: what it does not show is gone when it ends.
    case relistBegan
    /// A part of the list; of the `unreadable` ones it is known only that they are there.
    case page([Object], unreadable: [ObjectKey])
    /// The list is complete, at this version.
    case relistEnded(resourceVersion: String)
    /// The object is new or changed.
    case applied(Object)
    /// The object is gone; its last state is given.
    case deleted(Object)
    /// The object is gone, and its last state could not be read.
    case gone(ObjectKey, resourceVersion: String?)
    /// Nothing changed up to this version.
    case observed(resourceVersion: String)

    func mapObjects(_ transform: (Object) -> Object) -> StoreUpdate {
        switch self {
        case .page(let objects, let unreadable): .page(objects.map(transform), unreadable: unreadable)
        case .applied(let object): .applied(transform(object))
        case .relistBegan, .relistEnded, .deleted, .gone, .observed: self
        }
    }
}

/// One object's change: `old` is nil for an addition, `new` for a removal.
public struct StoreChange<Object: KubeObject>: Hashable, Sendable {
    /// Which object.
    public var key: ObjectKey
    /// As it was; nil where it was not there.
    public var old: Object?
    /// As it is; nil where it is gone.
    public var new: Object?
    /// Whether it only shows what was there already: by the first list, or when the consumer began.
    public var isInitial: Bool

    /// Creates a change.
    public init(key: ObjectKey, old: Object?, new: Object?, isInitial: Bool = false) {
        self.key = key
        self.old = old
        self.new = new
        self.isInitial = isInitial
    }
}

/// The contents of a store and the rules by which they change; lists are taken over by mark and sweep.
struct StoreState<Object: KubeObject>: Sendable {
    struct Entry: Sendable {
        var object: Object
        /// The list that showed the object last, or during which it changed.
        var epoch: UInt64
    }

    private(set) var entries: [ObjectKey: Entry] = [:]
    private(set) var isSynced = false
    private(set) var resourceVersion: String?
    private var epoch: UInt64 = 0
    private var index: StoreIndexState<Object>

    init(indexes: [StoreIndex<Object>] = []) {
        index = StoreIndexState(indexes)
    }

    /// The objects that have that value in that index, in no particular order.
    func objects(_ name: String, _ value: String) -> [Object] {
        index.keys(name, value).compactMap { entries[$0]?.object }
    }

    mutating func apply(_ update: StoreUpdate<Object>) -> [StoreChange<Object>] {
        switch update {
        case .relistBegan:
            epoch += 1
            return []
        case .page(let objects, let unreadable):
            for key in unreadable { entries[key]?.epoch = epoch }
            return objects.compactMap { put($0) }
        case .relistEnded(let version):
            isSynced = true
            resourceVersion = version
            return sweep()
        case .applied(let object):
            guard !isRepetition(object) else { return [] }
            advance(to: object.metadata.resourceVersion)
            return put(object).map { [$0] } ?? []
        case .deleted(let object):
            advance(to: object.metadata.resourceVersion)
            return remove(object.key)
        case .gone(let key, let version):
            advance(to: version)
            return remove(key)
        case .observed(let version):
            advance(to: version)
            return []
        }
    }

    private mutating func remove(_ key: ObjectKey) -> [StoreChange<Object>] {
        guard let old = entries.removeValue(forKey: key) else { return [] }
        index.replace(old.object, by: nil, key)
        return [StoreChange(key: key, old: old.object, new: nil)]
    }

    private mutating func put(_ object: Object) -> StoreChange<Object>? {
        let old = entries[object.key]?.object
        if let old, old == object {
            // The same version again, as every list shows it, is no change; the copy at hand is kept.
            entries[object.key]?.epoch = epoch
            return nil
        }
        entries[object.key] = Entry(object: object, epoch: epoch)
        index.replace(old, by: object, object.key)
        return StoreChange(key: object.key, old: old, new: object, isInitial: !isSynced)
    }

    /// An event that came before, sent once more: it must not take an object back. A list may, after the restore of a
    /// database.
    private func isRepetition(_ object: Object) -> Bool {
        guard let known = entries[object.key]?.object.metadata, known.uid == object.metadata.uid,
            let present = known.resourceVersion, let version = object.metadata.resourceVersion
        else { return false }
        return present != version && ResourceVersion.isAtLeast(present, version) == true
    }

    private mutating func sweep() -> [StoreChange<Object>] {
        let gone = entries.filter { $0.value.epoch != epoch }
        return gone.map { key, entry in
            entries[key] = nil
            index.replace(entry.object, by: nil, key)
            return StoreChange(key: key, old: entry.object, new: nil)
        }
    }

    private mutating func advance(to version: String?) {
        guard let version, !version.isEmpty else { return }
        resourceVersion = version
    }
}
