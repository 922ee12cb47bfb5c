package import KubeCore
package import MirrorAPI

/// When a rollout window is open: arithmetic on days and minutes, without a clock and without time zones beyond a fixed
/// offset.
package struct RolloutCalendar: Hashable, Sendable {
    private static let day: Int64 = 86_400
    /// 1970-01-01 was a Thursday, the fourth day of the week by ISO 8601.
    private static let firstWeekday: Int64 = 3

    /// Seconds after midnight, local time.
    private let start: Int64
    private let length: Int64
    /// By ISO 8601, Monday first.
    private let opensOn: [Bool]
    private let offset: Int64

    /// Nil where start or end is no time of day.
    package init?(_ window: P2PMirrorSpec.Rollout.Window) {
        guard let start = Self.seconds(window.start), let end = Self.seconds(window.end) else { return nil }
        self.start = start
        // What ends at or before its start ends on the next day.
        length = end > start ? end - start : end - start + Self.day
        opensOn = Weekday.allCases.map { window.days.isEmpty || window.days.contains($0) }
        // A day at most: the schema allows less, and a mirror that breaks it may be looked at all the same.
        offset = Int64(window.utcOffsetMinutes).bounded(to: -1_440...1_440) * 60
    }

    /// When the opening that covers `time` ends; nil where the window is closed then.
    package func end(at time: Timestamp) -> Timestamp? {
        let today = day(of: time)
        // One of yesterday may reach into today.
        for day in [today - 1, today] where opens(on: day) {
            let opening = self.opening(on: day)
            if opening <= time.seconds, time.seconds < opening + length {
                return Timestamp(seconds: opening + length)
            }
        }
        return nil
    }

    /// The first opening after `time`.
    package func opening(after time: Timestamp) -> Timestamp? {
        let today = day(of: time)
        for day in today...(today + 7) where opens(on: day) && opening(on: day) > time.seconds {
            return Timestamp(seconds: opening(on: day))
        }
        return nil
    }

    private func day(of time: Timestamp) -> Int64 {
        let seconds = time.seconds + offset
        return (seconds - seconds.modulo(Self.day)) / Self.day
    }

    private func opening(on day: Int64) -> Int64 { day * Self.day + start - offset }

    private func opens(on day: Int64) -> Bool {
        opensOn[Int((day + Self.firstWeekday).modulo(7))]
    }

    private static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard parts.count == 2, let hours = parts[0], let minutes = parts[1], (0..<24).contains(hours),
            (0..<60).contains(minutes)
        else { return nil }
        return (hours * 60 + minutes) * 60
    }
}

extension Int64 {
    /// The remainder that is never negative.
    fileprivate func modulo(_ divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
