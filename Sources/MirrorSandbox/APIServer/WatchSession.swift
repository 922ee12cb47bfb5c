import KubeCore
import Synchronization

/// One open watch: it waits for changes and hands them out as lines.
///
/// The reader asks for the next lines; nothing is queued for one that does not, so that a slow reader costs nothing
/// and gets 410 once the history has passed it by.
final class WatchSession: Sendable {
    let storage: String
    private let server: APIServer
    private let onEnd: @Sendable () -> Void
    private let state: Mutex<State>

    private struct State {
        var watch: APIWatch
        /// Whether something may have happened since the reader looked last.
        var isAwake = true
        var wantsBookmark = false
        /// Whether the time is up: what is there is still handed out.
        var isFinishing = false
        var isOver = false
        var waiting: CheckedContinuation<Void, Never>?
        var timers: [Task<Void, Never>] = []
    }

    init(_ watch: APIWatch, _ server: APIServer, onEnd: @escaping @Sendable () -> Void) {
        storage = watch.storage
        self.server = server
        self.onEnd = onEnd
        state = Mutex(State(watch: watch))
    }

    /// Starts the clocks that send bookmarks and end the watch.
    func start() {
        let (timeout, bookmarks) = state.withLock { ($0.watch.timeout, $0.watch.sendsBookmarks) }
        let configuration = server.configuration
        let ending = Task { [weak self] in
            guard (try? await configuration.sleep(timeout)) != nil else { return }
            self?.finish()
        }
        var timers = [ending]
        if bookmarks {
            timers.append(
                Task { [weak self] in
                    while (try? await configuration.sleep(configuration.bookmarkInterval)) != nil {
                        guard let self else { return }
                        requestBookmark()
                    }
                }
            )
        }
        let isOver = state.withLock { state in
            if !state.isOver { state.timers = timers }
            return state.isOver
        }
        if isOver { timers.forEach { $0.cancel() } }
    }

    /// Something happened that may concern this watch.
    func wake() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isAwake = true
            return state.waiting.take()
        }?.resume()
    }

    func requestBookmark() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isAwake = true
            state.wantsBookmark = true
            return state.waiting.take()
        }?.resume()
    }

    /// The time is up: the reader gets what is there, a bookmark where it allows one, and then the end.
    func finish() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isAwake = true
            state.wantsBookmark = true
            state.isFinishing = true
            return state.waiting.take()
        }?.resume()
    }

    /// Ends the watch; what the reader has not read yet it does not get.
    func end() {
        let (waiting, timers) = state.withLock { state in
            state.isOver = true
            defer { state.timers = [] }
            return (state.waiting.take(), state.timers)
        }
        waiting?.resume()
        timers.forEach { $0.cancel() }
        onEnd()
    }

    /// The next lines in one piece; nil at the end.
    func next() async -> [UInt8]? {
        while true {
            if Task.isCancelled { end() }
            let lines: [[UInt8]]? = state.withLock { state in
                if state.isOver { return nil }
                guard state.isAwake else { return [] }
                state.isAwake = false
                if state.watch.isOver { return nil }
                var lines = server.advance(&state.watch)
                if state.wantsBookmark, let line = server.bookmark(state.watch) { lines.append(line) }
                state.wantsBookmark = false
                if state.isFinishing { state.watch.isOver = true }
                if state.watch.isOver { state.isAwake = true }
                return lines
            }
            guard let lines else {
                end()
                return nil
            }
            if !lines.isEmpty { return Array(lines.joined()) }
            await wait()
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isAwake || state.isOver || Task.isCancelled { return true }
                    state.waiting = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            end()
        }
    }
}
