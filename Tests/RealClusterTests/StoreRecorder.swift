import KubeCore
import KubeRuntime
import Synchronization

/// Which object, and in which version.
struct ObjectState: Hashable, Sendable {
    var uid: String
    var version: UInt64

    init(_ metadata: ObjectMeta) {
        uid = metadata.uid ?? ""
        version = metadata.resourceVersion.flatMap { UInt64($0) } ?? 0
    }
}

/// Follows what a store is handed and what it shows, and finds what must not be.
final class StoreRecorder: Sendable {
    private struct State {
        /// Each version that was handed to the store, by object.
        var handed: [String: Set<UInt64>] = [:]
        /// The last state that a change showed, by name.
        var shown: [String: ObjectState] = [:]
        /// Objects that a change took out of the store.
        var removed: Set<String> = []
        var everShown: Set<String> = []
        var changes = 0
        var faults: [String] = []
    }

    /// What became of the writes.
    struct Outcome: Equatable {
        /// Writes whose very version came.
        var seen = 0
        /// Writes of which only a later version of the object, or its end, came.
        var superseded = 0
        /// Writes of which nothing came.
        var lost: [String] = []
        /// Objects that are gone and that no change took out.
        var undeleted: [String] = []
    }

    private let state = Mutex(State())

    var shown: [String: ObjectState] { state.withLock(\.shown) }
    var changes: Int { state.withLock(\.changes) }
    var faults: [String] { state.withLock(\.faults) }

    func handed(_ metadata: ObjectMeta) {
        let object = ObjectState(metadata)
        state.withLock { _ = $0.handed[object.uid, default: []].insert(object.version) }
    }

    /// Takes changes in their order. Changes that a slow consumer gets joined are one change.
    func saw(_ batch: [StoreChange<Lease>]) {
        state.withLock { state in
            for change in batch { Self.take(change, &state) }
        }
    }

    private static func take(_ change: StoreChange<Lease>, _ state: inout State) {
        let name = change.key.name
        let old = (change.old?.metadata).map(ObjectState.init)
        let new = (change.new?.metadata).map(ObjectState.init)
        let shown = state.shown[name]
        state.changes += 1
        if old != shown {
            state.faults.append("\(name): begins at \(String(describing: old)), not \(String(describing: shown))")
        }
        if let old, let new, new.version <= old.version {
            state.faults.append("\(name): version \(new.version) after \(old.version)")
        }
        if let old, old.uid != new?.uid { state.removed.insert(old.uid) }
        if let new { state.everShown.insert(new.uid) }
        state.shown[name] = new
    }

    func outcome(of writes: [ObjectState], _ live: [Lease]) -> Outcome {
        let (handed, removed, everShown) = state.withLock { ($0.handed, $0.removed, $0.everShown) }
        let present = Set(live.map { ObjectState($0.metadata).uid })
        var outcome = Outcome()
        for write in writes {
            let versions = handed[write.uid] ?? []
            if versions.contains(write.version) {
                outcome.seen += 1
            } else if versions.contains(where: { $0 > write.version }) || !present.contains(write.uid) {
                outcome.superseded += 1
            } else {
                outcome.lost.append("\(write.uid) \(write.version)")
            }
        }
        outcome.undeleted = everShown.subtracting(present).subtracting(removed).sorted()
        return outcome
    }
}
