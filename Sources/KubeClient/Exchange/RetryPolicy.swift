/// Whether an answer that asks us to come back is followed, and when.
///
/// Only 429 and 503 with a Retry-After are followed: with it the server says that it did not do what was asked, so that
/// a write may be repeated too (client-go repeats on the same condition: kubernetes/client-go, rest/with_retry.go).
public struct RetryPolicy: Hashable, Sendable {
    /// What to do with an answer.
    package enum Decision: Hashable, Sendable {
        /// Hand the answer to the caller.
        case answer(reason: String)
        /// Ask again after this time.
        case retry(after: Duration)
    }

    /// The most times that one request is repeated.
    public var maximumRetries: Int
    /// The shortest pause, doubled with each repetition, for a server that asks for none.
    public var minimumPause: Duration

    /// Creates a policy.
    public init(maximumRetries: Int = 10, minimumPause: Duration = .milliseconds(50)) {
        self.maximumRetries = maximumRetries
        self.minimumPause = minimumPause
    }

    /// Decides about an answer.
    ///
    /// - Parameters:
    ///   - status: HTTP status of the answer.
    ///   - retryAfter: what the answer's Retry-After asks for, nil where it has none.
    ///   - retries: repetitions so far.
    ///   - remaining: time until the deadline of the request.
    ///   - jitter: from 0 to 1; spreads clients that were refused together over a tenth of the pause, at most a second.
    package func decide(
        status: Int,
        retryAfter: Duration?,
        retries: Int,
        remaining: Duration,
        jitter: Double
    ) -> Decision {
        guard status == 429 || status == 503 else { return .answer(reason: "the status asks for no repetition") }
        guard let retryAfter else { return .answer(reason: "the server did not say when to come back") }
        guard retries < maximumRetries else { return .answer(reason: "repeated \(retries) times already") }
        let floor = minimumPause * (1 << min(retries, 16))
        let pause = max(retryAfter, floor)
        let spread = min(pause / 10, .seconds(1)) * jitter
        guard pause + spread < remaining else { return .answer(reason: "the deadline comes before the repetition") }
        return .retry(after: pause + spread)
    }
}

/// The Retry-After field of an answer (RFC 9110, section 10.2.3).
package enum RetryAfter {
    /// The time to wait, from seconds or from a date in the form that RFC 9110 tells senders to use.
    ///
    /// - Parameter now: time since 1970-01-01T00:00:00Z; a date in the past means no wait.
    package static func parse(_ text: String, now: Duration) -> Duration? {
        if let seconds = Int(text), seconds >= 0, seconds < 1 << 31 { return .seconds(seconds) }
        guard let date = date(text) else { return nil }
        return max(.zero, .seconds(date) - now)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, in seconds since 1970.
    private static func date(_ text: String) -> Int? {
        let parts = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3]),
            (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[month] else { return nil }
        let leapDays = (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 - 477
        let days = (year - 1970) * 365 + leapDays + lengths[..<month].reduce(0, +) + day - 1
        return days * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
    }

    private static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }
}
