/// The deadlines of a stream: for the head of its answer, for silence after that, and for its end where the credentials
/// that it was opened with have been replaced.
///
/// Whole answers need none: libcurl holds their deadline.
package struct Watchdog: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// How a stream ends whose deadline has passed.
    package enum Verdict: Hashable, Sendable {
        /// No sign of life; what to say of it.
        case dead(String)
        /// In good order: its reader opens it again, with the new credentials.
        case retired
    }

    /// How long a stream that is to end in good order may take for the rest of a line.
    package static let grace = Duration.seconds(5)

    private var headDeadline: Instant?
    private let idleLimit: Duration?
    private var lastActivity: Instant
    private var isHeadThere = false
    private var retirement: Instant?
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

    /// The stream is to end at `instant`, or at the end of its line thereafter; the first such wish holds.
    package mutating func retire(at instant: Instant) {
        retirement = retirement ?? instant
    }

    /// Whether the stream ends with its line.
    package func isRetiring(at now: Instant) -> Bool { retirement.map { $0 <= now } ?? false }

    /// When to look at the stream; a stream that we hold back ourselves does not grow old.
    package func deadline(isPaused: Bool, isBetweenLines: Bool) -> Instant? {
        guard isHeadThere else { return headDeadline }
        let silence = isPaused ? nil : idleLimit.map { lastActivity + $0 }
        let end = retirement.map { isBetweenLines ? $0 : $0 + Self.grace }
        return [silence, end].compactMap { $0 }.min()
    }

    /// How the stream ends at `now`; nil where it goes on.
    package func verdict(at now: Instant, isPaused: Bool, isBetweenLines: Bool) -> Verdict? {
        guard let deadline = deadline(isPaused: isPaused, isBetweenLines: isBetweenLines), deadline <= now
        else { return nil }
        guard isHeadThere else { return .dead("no answer in the time allowed") }
        guard isRetiring(at: now) else { return .dead("no data for \(idleLimit ?? .zero)") }
        return isBetweenLines ? .retired : .dead("its credentials were replaced, and no line of it ended")
    }
}
