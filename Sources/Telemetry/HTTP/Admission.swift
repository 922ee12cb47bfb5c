/// Who has to make way when a connection comes and there are as many as may be.
enum Admission {
    /// How long an answer may take before its connection makes way: one that fits what a socket takes is sent at once.
    static let unhurried = Duration.seconds(1)

    /// The connection to close for a new one; nil where all are being answered.
    ///
    /// First those of which nothing more is expected, the one that has been so for the longest before the others; so
    /// many that only stand there can't keep a probe out, and neither can requests that do not end: a probe comes as a
    /// whole, and is answered before anybody makes way.
    static func leaver<Name: Comparable>(
        of connections: [Name: Conversation],
        at now: ContinuousClock.Instant
    ) -> Name? {
        let candidates = connections.lazy.filter { $0.value.phase != .answering || $0.value.since + unhurried <= now }
        return candidates.min { left, right in
            let (first, second) = (rank(left.value.phase), rank(right.value.phase))
            return (first, left.value.since, left.key) < (second, right.value.since, right.key)
        }?.key
    }

    private static func rank(_ phase: Conversation.Phase) -> Int {
        switch phase {
        case .leaving: 0
        case .waiting: 1
        case .reading: 2
        case .answering: 3
        }
    }
}
