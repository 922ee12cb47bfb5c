package import KubeCore
import Logging

extension NodeAgent {
    /// Makes one pass after the other until the task is cancelled: at once when a MirrorNode of this node changes, else
    /// at the intervals of the options.
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
        var pacing = Pacing(options)
        while !Task.isCancelled {
            let pause = pacing.pause(after: await look(now()), isSeed: await announcers.isAnySeed)
            let spread = 0.75 + 0.5 * jitter()
            if pause.blind > .zero { try? await clock.sleep(for: pause.blind * spread) }
            guard pause.open > .zero else { continue }
            if await isUndisturbed(pause.open * spread, clock) { pacing.passedInPeace() }
        }
        await announcers.stop()
    }

    private func look(_ now: Timestamp) async -> Pacing.Outcome {
        health.passBegins()
        do {
            let look = try await step(now: now)
            health.passSucceeded()
            return .done(look)
        } catch {
            health.passFailed("\(error)")
            noteFault(error)
            return .failed(isStepUnderWay: isStepUnderWay)
        }
    }

    /// Waits; false where a change ended it early.
    private func isUndisturbed<C: Clock>(_ duration: Duration, _ clock: C) async -> Bool
    where C.Duration == Duration {
        await withTaskGroup(of: Bool.self) { [mirrorNodes] group in
            group.addTask {
                await mirrorNodes.changed()
                return false
            }
            group.addTask {
                try? await clock.sleep(for: duration)
                return true
            }
            let isUndisturbed = await group.next() ?? true
            group.cancelAll()
            return isUndisturbed
        }
    }
}
