public import KubeCore
public import Logging
import Synchronization

/// Remembers what we wrote until a store shows it, so that no decision is taken on a store from before our own writes.
///
/// # Expected flow
/// A writer reports each answered write (`wrote`, `deleted`). A reconciler asks `delay` of the stores that it decides
/// by, and where that is not nil it ends with `.requeue(after:)` that delay at the latest: the event that it waits
/// for wakes it before.
///
/// # Caveats
/// A write whose outcome is unknown has no version to wait for. What is not seen within `deadline`, as when the
/// object does not match the store's selector, is forgotten with a log line, so that one lost event cannot stop a
/// controller.
public final class OwnWrites: Sendable {
    private let time: MonotonicTime
    private let logger: Logger
    private let writes: Mutex<PendingWrites>

    /// Creates an empty memory.
    public init(deadline: Duration = .seconds(30), clock: any Clock<Duration> = ContinuousClock(), logger: Logger) {
        time = MonotonicTime(clock)
        self.logger = logger
        writes = Mutex(PendingWrites(deadline: deadline))
    }

    /// Remembers a write by the answer to it; an answer without a version is nothing to wait for.
    public func wrote(_ resource: ResourceType, _ metadata: ObjectMeta) {
        guard let version = metadata.resourceVersion, !version.isEmpty else { return }
        let now = time.now
        writes.withLock { $0.wrote(resource, metadata.key, uid: metadata.uid, resourceVersion: version, at: now) }
    }

    /// Remembers a write by the answer to it.
    public func wrote<Object: KubeObject>(_ object: Object) {
        wrote(Object.resource, object.metadata)
    }

    /// Remembers an accepted deletion; nil as `uid` where any object of that name was meant.
    public func deleted(_ resource: ResourceType, _ key: ObjectKey, uid: String?) {
        let now = time.now
        writes.withLock { $0.deleted(resource, key, uid: uid, at: now) }
    }

    /// Whether the store shows all that we wrote of its kind.
    public func isCaughtUp<Object: KubeObject>(_ store: Store<Object>.Reader) -> Bool {
        delay(store) == nil
    }

    /// Nil where the store shows all that we wrote of its kind, else how long to wait for it at most.
    public func delay<Object: KubeObject>(_ store: Store<Object>.Reader) -> Duration? {
        let now = time.now
        // The store's version is read before its objects: an object may then only be newer than it says.
        let version = store.resourceVersion
        let result = writes.withLock { writes in
            writes.settle(Object.resource, at: now, storeVersion: version) { store[$0]?.metadata }
        }
        for key in result.forgotten {
            logger.warning(
                "Own write was not seen in time and is no longer waited for",
                metadata: ["resource": "\(Object.resource.plural)", "key": "\(key)"]
            )
        }
        return result.wait
    }
}
