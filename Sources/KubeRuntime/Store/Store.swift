public import KubeCore
import Synchronization

/// Objects of one kind as the API showed them last: one writer, many readers.
///
/// # Guarantees
/// - A list replaces the contents in place: what it shows is taken over page by page, and what it did not show is
///   removed when it has ended. Readers never see an object disappear that is only on a later page, and no second
///   copy is held.
/// - A reader sees each object whole.
public enum Store<Object: KubeObject> {
    /// Creates an empty store.
    ///
    /// - Parameters:
    ///   - transform: applied to each object on its way in, to drop what is not needed.
    ///   - indexes: kept beside the objects, of different names.
    public static func make(
        transform: @escaping @Sendable (Object) -> Object = { $0 },
        indexes: [StoreIndex<Object>] = []
    ) -> (writer: Writer, reader: Reader) {
        let core = StoreCore<Object>(indexes)
        return (Writer(core: core, transform: transform), Reader(core: core))
    }

    /// The only way to change the store; belongs to one reflector.
    public final class Writer: Sendable {
        private let core: StoreCore<Object>
        private let transform: @Sendable (Object) -> Object

        fileprivate init(core: StoreCore<Object>, transform: @escaping @Sendable (Object) -> Object) {
            self.core = core
            self.transform = transform
        }

        /// Takes over what a watcher learned; returns how many objects that changed.
        @discardableResult
        public func apply(_ update: StoreUpdate<Object>) -> Int {
            core.apply(update.mapObjects(transform))
        }
    }

    /// A view of the store; copies share it.
    public struct Reader: Sendable {
        fileprivate let core: StoreCore<Object>

        /// All objects, in no particular order; empty before the first list.
        public var all: [Object] { core.read { $0.entries.values.map(\.object) } }

        /// How many objects there are.
        public var count: Int { core.read { $0.entries.count } }

        /// The object of that name, or nil where there is none (or where it is not known yet: see `isSynced`).
        public subscript(key: ObjectKey) -> Object? { core.read { $0.entries[key]?.object } }

        /// The objects found under `value` in an index that the store was made with, in no particular order.
        public func objects(_ index: StoreIndex<Object>, _ value: String) -> [Object] {
            core.read { $0.objects(index.name, value) }
        }

        /// Whether the first list has ended.
        public var isSynced: Bool { core.read(\.isSynced) }

        /// The newest version that the store has reached; nil before the first list has ended.
        public var resourceVersion: String? { core.read(\.resourceVersion) }

        /// Returns when the first list has ended.
        ///
        /// - Throws: `CancellationError` when the task is cancelled before.
        public func waitUntilSynced() async throws {
            while true {
                let seen = core.updates.generation
                try Task.checkCancellation()
                if isSynced { return }
                await core.updates.wait(past: seen)
            }
        }

        /// Returns after the next update of the store, an update without effect included, or on cancellation.
        ///
        /// - Parameter generation: `generation` as it was read before the store was looked at, so that no update
        ///   between the two is missed.
        public func waitForUpdate(after generation: UInt64) async {
            await core.updates.wait(past: generation)
        }

        /// Raised by each update.
        public var generation: UInt64 { core.updates.generation }

        /// All changes from now on, preceded by the present objects as additions, so that nothing falls between a
        /// look at the store and the subscription.
        public func changes() -> StoreChanges<Object> {
            StoreChanges(feed: core.subscribe())
        }
    }
}

/// The shared state behind a writer and its readers.
final class StoreCore<Object: KubeObject>: Sendable {
    let updates = Broadcast()
    private let state: Mutex<StoreState<Object>>
    private let feeds = Mutex<[WeakFeed<Object>]>([])

    init(_ indexes: [StoreIndex<Object>]) {
        state = Mutex(StoreState(indexes: indexes))
    }

    func read<Value: Sendable>(_ body: (borrowing StoreState<Object>) -> Value) -> Value {
        state.withLock { body($0) }
    }

    func apply(_ update: StoreUpdate<Object>) -> Int {
        let count = state.withLock { state in
            let changes = state.apply(update)
            // Under the lock, so that a feed sees changes in their order and a new one begins without a gap.
            if !changes.isEmpty { offer(changes) }
            return changes.count
        }
        updates.notify()
        return count
    }

    func subscribe() -> ChangeFeed<Object> {
        let feed = ChangeFeed<Object>()
        state.withLock { state in
            feed.offer(state.entries.map { StoreChange(key: $0.key, old: nil, new: $0.value.object, isInitial: true) })
            feeds.withLock { $0.append(WeakFeed(feed: feed)) }
        }
        return feed
    }

    private func offer(_ changes: [StoreChange<Object>]) {
        let present = feeds.withLock { feeds in
            feeds.removeAll { $0.feed == nil }
            return feeds
        }
        for feed in present { feed.feed?.offer(changes) }
    }
}

private struct WeakFeed<Object: KubeObject>: Sendable {
    weak let feed: ChangeFeed<Object>?
}
