import Synchronization

/// Wakes all tasks that wait for something to change.
///
/// A waiter reads `generation` before it looks at the state that it waits for, and passes it to `wait`: a change
/// between the look and the wait has then raised the generation already, so that no wake-up is lost.
final class Broadcast: Sendable {
    private struct State {
        var generation: UInt64 = 0
        var lastWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        /// Waiters that were cancelled before they were entered.
        var cancelled: Set<UInt64> = []
    }

    private let state = Mutex(State())

    /// Raised by every `notify`.
    var generation: UInt64 { state.withLock { $0.generation } }

    /// Wakes all waiters.
    func notify() {
        let waiters = state.withLock { state in
            state.generation += 1
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns once `generation` is beyond `seen`, or when the task is cancelled.
    func wait(past seen: UInt64) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passed = state.withLock { state in
                    // Not `Task.isCancelled`: cancellation runs the handler below under a lock of the runtime, so
                    // nothing of the runtime is asked while our own lock is held, and no order of the two can matter.
                    if state.generation > seen || state.cancelled.contains(id) { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if passed { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancelled.insert(id)
                return state.waiters.removeValue(forKey: id)
            }
            waiter?.resume()
        }
        state.withLock { _ = $0.cancelled.remove(id) }
    }

    /// As `wait(past:)`, and returns too when `limit` has passed on `time`; nil sets no limit.
    func wait(past seen: UInt64, upTo limit: Duration?, on time: MonotonicTime) async {
        guard let limit else { return await wait(past: seen) }
        guard limit > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(past: seen) }
            group.addTask { try? await time.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
