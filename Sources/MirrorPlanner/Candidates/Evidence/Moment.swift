package import KubeCore

/// One instant as clocks in whole seconds see it.
///
/// What began counts from the next whole second, and what is read is the last one: no time is ever shorter than it
/// says, and none more than a second longer.
package struct Moment: Hashable, Sendable {
    /// The last whole second: what has passed by now.
    package var passed: Timestamp
    /// The next whole second: when something begins that begins now.
    package var begins: Timestamp

    package init(_ time: MicroTimestamp) {
        passed = time.timestamp
        begins = time == MicroTimestamp(passed) ? passed : passed + 1
    }

    package init(_ time: Timestamp) {
        passed = time
        begins = time
    }

    func isPast(_ deadline: Timestamp) -> Bool { deadline <= passed }
}
