import KubeCore

/// How much sooner than its backoff says a watch may be tried again because others hear of the server; pure.
///
/// After some cuts of its connection each watch of a process waits for many seconds, though the server is back after
/// one. The first request that is answered shows that for all of them.
struct EarlyReturn {
    /// The least wait after the first early return; doubled with each one that came to nothing, as by the backoff.
    private static let first = Backoff(initial: .milliseconds(800), maximum: .seconds(30))

    private var isAway = false
    private var fruitless = 0

    /// Takes a failure. What the server itself said is no matter of whether it can be reached, and how long it asked
    /// to wait is its own to say.
    mutating func failed(_ error: KubeError) {
        switch error.code {
        case .connection, .timeout, .tls, .protocolViolation: isAway = error.retryAfter == nil
        default: isAway = false
        }
    }

    /// The server has said something, or a watch has stayed open for a while.
    mutating func succeeded() { fruitless = 0 }

    /// The least of a wait, after which a sign of the server's ends it; nil where none does.
    func least(of delay: Duration) -> Duration? {
        guard isAway else { return nil }
        let least = Self.first.delay(afterFailures: fruitless + 1)
        return least < delay ? least : nil
    }

    /// A sign of the server's has ended a wait.
    mutating func returned() { fruitless += 1 }
}
