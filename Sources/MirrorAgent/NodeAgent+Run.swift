package import KubeCore
import Logging

extension NodeAgent {
    /// Makes one pass after the other until the task is cancelled.
    ///
    /// - Parameters:
    ///   - clock: what the pauses are measured by.
    ///   - now: wall-clock time, for deadlines that others set.
    ///   - jitter: a number from 0 to 1 for each pause, so that the agents of a fleet do not look all at once.
    package func run<C: Clock>(
        clock: C,
        now: @Sendable () -> Timestamp,
        jitter: @Sendable () -> Double
    ) async where C.Duration == Duration {
        var inARow = 0
        while !Task.isCancelled {
            let look = await look(now())
            inARow = look == .now ? inARow + 1 : 0
            // A decision that changes nothing is a fault of ours; it must not become load on the API server.
            if look == .now, inARow < 20 { continue }
            let pause = look == .later ? options.idleInterval : options.busyInterval
            try? await clock.sleep(for: pause * (0.75 + 0.5 * jitter()))
        }
    }

    private func look(_ now: Timestamp) async -> NextLook {
        do {
            return try await step(now: now)
        } catch {
            noteFault(error)
            return .soon
        }
    }
}
