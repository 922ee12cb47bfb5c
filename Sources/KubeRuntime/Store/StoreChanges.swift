public import KubeCore
import Synchronization

/// The changes of a store in batches, for one consumer.
///
/// Changes of one object that were not fetched yet are joined: the consumer sees its first `old` and its last `new`,
/// so that a slow consumer costs no more memory than the store. An object that came and went unseen is left out. Ends
/// when the task is cancelled.
public struct StoreChanges<Object: KubeObject>: AsyncSequence, Sendable {
    /// The iterator; one for a sequence.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let feed: ChangeFeed<Object>

        /// The changes since the last call, at least one; nil after cancellation.
        public mutating func next() async -> [StoreChange<Object>]? {
            await feed.next()
        }
    }

    let feed: ChangeFeed<Object>

    /// Begins to read; all iterators of one sequence share its changes.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(feed: feed)
    }
}

/// Changes that wait for their consumer.
final class ChangeFeed<Object: KubeObject>: Sendable {
    private struct State {
        var order: [ObjectKey] = []
        var changes: [ObjectKey: StoreChange<Object>] = [:]
    }

    private let state = Mutex(State())
    private let arrivals = Broadcast()

    func offer(_ changes: [StoreChange<Object>]) {
        state.withLock { state in
            for change in changes {
                guard var joined = state.changes[change.key] else {
                    state.changes[change.key] = change
                    state.order.append(change.key)
                    continue
                }
                joined.new = change.new
                joined.isInitial = joined.isInitial && change.isInitial
                state.changes[change.key] = joined
            }
        }
        arrivals.notify()
    }

    func next() async -> [StoreChange<Object>]? {
        while !Task.isCancelled {
            let seen = arrivals.generation
            let batch = state.withLock { state in
                defer { state = State() }
                return state.order.compactMap { state.changes[$0] }
            }
            .filter { $0.old != nil || $0.new != nil }
            if !batch.isEmpty { return batch }
            await arrivals.wait(past: seen)
        }
        return nil
    }
}
