import Dispatch
import Glibc
import KubeRuntime
import Logging
import Synchronization

/// The bounded end of a process: what has not ended a while after it was told to is left.
///
/// It depends on no thread that tasks run on: those may be what hangs. All that parts of ours write has a precondition
/// or a journal, so that a process may be killed between any two lines.
final class ProcessEnd: Sendable {
    /// Less than 10 s, and than the 30 s after which a kubelet kills (`terminationGracePeriodSeconds`).
    static let limit = Duration.seconds(9)
    /// For the last line of the log, whose reader may be gone.
    private static let lastWords = DispatchTimeInterval.milliseconds(300)

    private struct State {
        var running: [String]
        var hasBegun = false
    }

    private let limit: Duration
    private let logger: Logger
    private let leave: @Sendable () -> Void
    private let state: Mutex<State>
    /// A queue of its own has a thread also where all shared ones are taken.
    private let queue = DispatchQueue(label: "process-end")

    /// - Parameters:
    ///   - parts: all that are running.
    ///   - leave: ends the process.
    init(
        of parts: [Part],
        limit: Duration = ProcessEnd.limit,
        logger: Logger,
        leave: @escaping @Sendable () -> Void = { _exit(1) }
    ) {
        self.limit = limit
        self.logger = logger
        self.leave = leave
        state = Mutex(State(running: parts.map(\.name)))
    }

    /// The part, whose end is noticed.
    func watched(_ part: Part) -> Part {
        Part(part.name) {
            defer { self.state.withLock { $0.running.removeAll { $0 == part.name } } }
            try await part.run()
        }
    }

    /// The process is to end: from now on the time runs.
    func begin() {
        let isFirst = state.withLock { state in
            defer { state.hasBegun = true }
            return !state.hasBegun
        }
        guard isFirst else { return }
        let (seconds, attoseconds) = limit.components
        let wait = DispatchTimeInterval.milliseconds(Int(seconds * 1_000 + attoseconds / 1_000_000_000_000_000))
        queue.asyncAfter(deadline: .now() + wait) { self.giveUp() }
    }

    private func giveUp() {
        let said = DispatchSemaphore(value: 0)
        DispatchQueue(label: "last-words").async {
            let running = self.state.withLock { $0.running }
            self.logger.critical(
                "The process leaves what does not end",
                metadata: ["after": "\(self.limit)", "parts": "\(running.joined(separator: ", "))"]
            )
            said.signal()
        }
        _ = said.wait(timeout: .now() + Self.lastWords)
        leave()
    }
}
