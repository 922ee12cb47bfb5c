#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What to do when no connection can be taken.
struct AcceptFaults {
    enum Action: Hashable {
        /// The connection was gone before it was taken, or a signal came.
        case goOn
        /// Nothing can be taken before that time.
        case rest(until: ContinuousClock.Instant)
        /// It will not get better.
        case giveUp
    }

    /// Between two tries, so that want of descriptors is no busy loop.
    static let pause = Duration.milliseconds(100)

    private let want: Duration
    private var since: ContinuousClock.Instant?

    init(_ limits: ServerLimits) { want = limits.want }

    /// A connection was taken, or there is none to take.
    mutating func ended() { since = nil }

    /// What `accept` left in `errno`.
    mutating func failed(_ code: Int32, at now: ContinuousClock.Instant) -> Action {
        switch code {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            let since = since ?? now
            self.since = since
            return now - since >= want ? .giveUp : .rest(until: now + Self.pause)
        case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP, EFAULT:
            return .giveUp
        default:
            // accept(2) on Linux: the errors of a connection that is not taken yet come here too.
            return .goOn
        }
    }
}
