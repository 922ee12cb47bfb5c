#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The machine's time of day.
///
/// It is read here and nowhere else, and only by the shells: whatever decides takes the time as an input. It may jump
/// in both directions; what measures durations uses a `Clock`.
public enum WallClock {
    /// Now, in microseconds.
    public static func now() -> MicroTimestamp {
        MicroTimestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}
