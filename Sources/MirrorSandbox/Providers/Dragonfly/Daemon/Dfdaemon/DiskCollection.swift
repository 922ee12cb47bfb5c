/// Which tasks a daemon's clean-up removes from its disk.
///
/// Source: dragonflyoss/client `dragonfly-client/src/gc/mod.rs`: first what is too old; then, where the disk is
/// filled to the high mark, the oldest ones that are complete, down to the low mark.
enum DiskCollection {
    /// One task on the disk.
    struct Task: Hashable, Sendable {
        var id: String
        var bytes: Int64
        /// Seconds since 1970.
        var updatedAt: Double
        var isFinished: Bool

        init(id: String, bytes: Int64, updatedAt: Double, isFinished: Bool) {
            self.id = id
            self.bytes = bytes
            self.updatedAt = updatedAt
            self.isFinished = isFinished
        }
    }

    /// The marks, in percent, and the age.
    struct Marks: Hashable, Sendable {
        var high: Int
        var low: Int
        var taskTTL: Duration

        init(high: Int, low: Int, taskTTL: Duration) {
            self.high = high
            self.low = low
            self.taskTTL = taskTTL
        }
    }

    /// Ids to remove, in order.
    ///
    /// - Parameters:
    ///   - used: bytes in use on the file system, by whomever.
    ///   - now: seconds since 1970.
    static func victims(
        of tasks: [Task],
        used: Int64,
        total: Int64,
        _ marks: Marks,
        now: Double
    ) -> [String] {
        let limit = Double(marks.taskTTL.components.seconds)
        let expired = tasks.filter { now - $0.updatedAt > limit }
        var victims = expired.map(\.id)
        let left = used - expired.reduce(0) { $0 + $1.bytes }
        guard total > 0, left * 100 >= total * Int64(marks.high) else { return victims }
        var needed = left - total / 100 * Int64(marks.low)
        let old = tasks.filter { $0.isFinished && now - $0.updatedAt <= limit }
            .sorted { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }
        for task in old where needed > 0 {
            victims.append(task.id)
            needed -= task.bytes
        }
        return victims
    }
}
