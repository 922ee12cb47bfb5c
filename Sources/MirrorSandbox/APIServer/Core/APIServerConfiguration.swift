package import KubeCore

/// What an API server is made with: its clock, its randomness and what it serves.
package struct APIServerConfiguration: Sendable {
    /// The wall clock.
    package var now: @Sendable () -> MicroTimestamp
    /// Waits; watches end by it.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// What uids and generated names come from.
    package var seed: UInt64
    /// Events that are kept for watches; older versions are answered with 410.
    package var historyLimit: Int
    /// How often a watch that allows bookmarks gets one.
    package var bookmarkInterval: Duration
    /// Whether lists are served as streams too, as newer servers do (KEP-3157); else they are refused.
    package var streamingLists: Bool

    /// Creates a configuration; the clocks are the machine's unless given.
    package init(
        now: @escaping @Sendable () -> MicroTimestamp = WallClock.now,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        seed: UInt64 = 1,
        historyLimit: Int = 10_000,
        bookmarkInterval: Duration = .seconds(60),
        streamingLists: Bool = true
    ) {
        self.now = now
        self.sleep = sleep
        self.seed = seed
        self.historyLimit = historyLimit
        self.bookmarkInterval = bookmarkInterval
        self.streamingLists = streamingLists
    }
}
