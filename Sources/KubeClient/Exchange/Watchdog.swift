/// The two deadlines of a stream: one for the head of its answer, one for silence after that.
///
/// Whole answers need none: libcurl holds their deadline.
package struct Watchdog: Sendable {
    package typealias Instant = ContinuousClock.Instant

    private var headDeadline: Instant?
    private let idleLimit: Duration?
    private var lastActivity: Instant
    private let clock: @Sendable () -> Instant

    /// - Parameters:
    ///   - head: time for the head of the answer, nil for no limit.
    ///   - idle: the longest silence once the head is there, nil for no limit.
    package init(head: Duration?, idle: Duration?, clock: @escaping @Sendable () -> Instant = { .now }) {
        let now = clock()
        headDeadline = head.map { now + $0 }
        idleLimit = idle
        lastActivity = now
        self.clock = clock
    }

    /// Nothing to watch.
    package static var none: Watchdog { Watchdog(head: nil, idle: nil) }

    /// Something came, or the stream goes on after a pause.
    package mutating func touch() {
        if idleLimit != nil { lastActivity = clock() }
    }

    /// The head is there: from now on only silence counts.
    package mutating func headArrived() {
        headDeadline = nil
        isHeadThere = true
    }

    private var isHeadThere = false

    /// When the stream counts as dead; a stream that we hold back ourselves does not grow old.
    package func deadline(isPaused: Bool) -> Instant? {
        guard isHeadThere else { return headDeadline }
        return isPaused ? nil : idleLimit.map { lastActivity + $0 }
    }

    /// What to say when the deadline has passed.
    package var verdict: String {
        isHeadThere ? "no data for \(idleLimit ?? .zero)" : "no answer in the time allowed"
    }
}
