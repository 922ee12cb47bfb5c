import KubeCore

/// A clock that goes many times as fast as the machine's, so that a minute of the system is seconds of a test.
struct FastClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Swift.Duration

        func advanced(by duration: Swift.Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    /// Seconds of this clock in one of the machine's. Watches are silent for too long after 150 s, which a busy machine
    /// must not make of a pause of its own.
    private static let pace = 20
    private let start = ContinuousClock.now

    var now: Instant { Instant(offset: start.duration(to: .now) * Self.pace) }
    var minimumResolution: Swift.Duration { .microseconds(Self.pace) }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        let rest = now.duration(to: deadline)
        if rest > .zero { try await Task.sleep(for: rest / Self.pace) } else { try Task.checkCancellation() }
    }

    /// The time that is written into objects.
    var wallTime: MicroTimestamp {
        let (seconds, attoseconds) = now.offset.components
        return MicroTimestamp(microseconds: (1_800_000_000 + seconds) * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}
