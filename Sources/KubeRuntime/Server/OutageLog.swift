import KubeCore

/// What to say of an API server that does not answer; pure.
///
/// Many ask the same server, and each of them would say the same, every few seconds. So it is said once when it begins,
/// again at growing intervals, and once when it is over.
struct OutageLog {
    enum Line: Hashable {
        case began
        case goesOn(Duration)
        case ended(Duration)
    }

    private var awaySince: Duration?
    private var lastAnswer: Duration?
    private var intervals = GrowingIntervals()

    /// No answer came to a request that was sent at `start`.
    ///
    /// - Returns: whether the server is away, and what to say of it now. Where others got an answer meanwhile it is
    ///   not, and the failure is one of its own.
    mutating func failed(since start: Duration, at now: Duration) -> (isAway: Bool, line: Line?) {
        if let lastAnswer, lastAnswer > start { return (false, nil) }
        let began = awaySince ?? start
        defer { awaySince = began }
        guard intervals.isDue("away", at: now) else { return (true, nil) }
        return (true, awaySince == nil ? .began : .goesOn(now - began))
    }

    /// An answer came, whatever it says.
    mutating func answered(at now: Duration) -> Line? {
        lastAnswer = now
        guard let began = awaySince else { return nil }
        awaySince = nil
        intervals.reset()
        return .ended(now - began)
    }
}
