package import KubeCore
import KubeRuntime
import MirrorPlanner

/// The clock that evidence is timed by: the wall clock at its start and the time since. It never goes back, whatever is
/// done to the wall clock, and its times can stand beside those of objects.
package struct SeedClock: Sendable {
    private let start: MicroTimestamp
    private let time: MonotonicTime

    /// Begins at `wallClock`.
    package init(_ clock: any Clock<Duration>, wallClock: MicroTimestamp) {
        start = wallClock
        time = MonotonicTime(clock)
    }

    package var now: MicroTimestamp {
        let (seconds, attoseconds) = time.now.components
        return MicroTimestamp(
            microseconds: start.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        )
    }

    /// The first whole second of it.
    var beginning: Timestamp { Moment(start).begins }
}
