package import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The time of day beside the time since the boot, read together: what systemd tells in microseconds since the boot is
/// true whatever the clock showed then.
package struct BootClocks: Hashable, Sendable {
    package var timeOfDay: MicroTimestamp
    package var sinceBoot: Int64

    package init(timeOfDay: MicroTimestamp, sinceBoot: Int64) {
        self.timeOfDay = timeOfDay
        self.sinceBoot = sinceBoot
    }

    package static func now() -> BootClocks {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return BootClocks(
            timeOfDay: WallClock.now(),
            sinceBoot: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        )
    }

    /// The time of day at a time since the boot, in microseconds.
    func timeOfDay(sinceBoot: Int64) -> Timestamp {
        MicroTimestamp(microseconds: timeOfDay.microseconds.subtracting(self.sinceBoot.subtracting(sinceBoot)))
            .timestamp
    }
}
