import KubeCore
import MirrorAPI

/// How much time a step has left.
///
/// The time since the boot counts, which nobody sets; it is the same for every process of one boot, and written down
/// beside the time of day. After a boot the time of day counts once more, and never for longer than a step may take: a
/// clock that was set back by a day must not leave a node without its service for a day.
extension Decider {
    /// Seconds that the API server must have been reachable before what it says counts against a step: its first
    /// answers may show what was before it went away.
    static let evidenceSeconds = 60
    /// The longest that a mirror may allow for a step.
    private static let longestSeconds = 7_200

    /// At most what a step may take; 0 or less where its time is over.
    func secondsLeft(_ step: Journal.Step) -> Int {
        let longest = max(step.deadlineSeconds, 2 * Self.evidenceSeconds).bounded(to: 1...Self.longestSeconds)
        guard let boot = input.boot, let deadline = step.bootDeadline, deadline.boot == boot.boot else {
            return min(step.deadline - input.now, longest)
        }
        return min(Int(deadline.seconds.subtracting(boot.seconds)), longest)
    }

    func isOver(_ step: Journal.Step) -> Bool { secondsLeft(step) <= 0 }

    /// Gives a step so many seconds from now on.
    func give(_ seconds: Int, to step: inout Journal.Step) {
        let seconds = seconds.bounded(to: 0...Self.longestSeconds)
        step.deadline = input.now + seconds
        step.bootDeadline = input.boot.map { BootTime(boot: $0.boot, seconds: $0.seconds.adding(Int64(seconds))) }
    }

    /// The step with its deadline on the clock that counts from now on; nil where it is on that clock, where it is
    /// over, and where nothing can be written: then the bound of `secondsLeft` has to do.
    func setAnew(_ step: Journal.Step) -> Journal.Step? {
        let left = secondsLeft(step)
        guard left > 0, input.failure == nil else { return nil }
        if let boot = input.boot {
            guard step.bootDeadline?.boot != boot.boot else { return nil }
        } else {
            guard step.deadline - input.now > left else { return nil }
        }
        var next = step
        give(left, to: &next)
        return next
    }
}
