/// The time since some fixed instant of a clock, and a way to wait on that clock.
///
/// An existential clock cannot compare its instants; durations since one origin can be compared, added and tested.
/// The origin is the instant of creation, so values of two instances must not be compared with each other.
public struct MonotonicTime: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let pause: @Sendable (Duration) async throws -> Void

    /// Begins to measure on `clock`.
    public init(_ clock: any Clock<Duration>) {
        self = Self.opening(clock)
    }

    private init(
        elapsed: @escaping @Sendable () -> Duration,
        pause: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.elapsed = elapsed
        self.pause = pause
    }

    private static func opening<C: Clock<Duration>>(_ clock: C) -> MonotonicTime {
        let origin = clock.now
        return MonotonicTime(
            elapsed: { origin.duration(to: clock.now) },
            pause: { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
        )
    }

    /// Time since the creation of this value.
    public var now: Duration { elapsed() }

    /// Waits; returns at once where `duration` is zero or less.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        guard duration > .zero else { return }
        try await pause(duration)
    }
}
