extension P2PMirrorSpec.Rollout {
    /// The times of the week at which a restart may begin; one that has begun is finished.
    package struct Window: Codable, Hashable, Sendable {
        /// Days on which it opens; empty for every day.
        package var days: [Weekday]
        /// `HH:MM`; a window that ends at or before its start ends on the next day.
        package var start: String
        package var end: String
        /// What the times are ahead of UTC by. There is no daylight saving: a fixed offset needs no table of zones.
        package var utcOffsetMinutes: Int

        package init(days: [Weekday] = [], start: String, end: String, utcOffsetMinutes: Int = 0) {
            self.days = days
            self.start = start
            self.end = end
            self.utcOffsetMinutes = utcOffsetMinutes
        }
    }
}

/// A day of the week, in the order of ISO 8601.
package enum Weekday: String, Codable, Hashable, Sendable, CaseIterable {
    case monday = "Mon"
    case tuesday = "Tue"
    case wednesday = "Wed"
    case thursday = "Thu"
    case friday = "Fri"
    case saturday = "Sat"
    case sunday = "Sun"
}
