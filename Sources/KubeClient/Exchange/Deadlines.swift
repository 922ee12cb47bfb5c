import HeapModule

/// Which of many deadlines comes next.
///
/// A deadline that moves away, as that of a stream does with each event, costs nothing: its old entry comes up, is
/// asked again, and goes back with the new one. So a wake-up costs O(log n) for what is due, whatever is open.
package struct Deadlines: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// One entry; only the last that was put in for its owner counts.
    package struct Entry: Hashable, Sendable, Comparable {
        package var instant: Instant
        package var id: UInt64

        package static func < (left: Entry, right: Entry) -> Bool {
            (left.instant, left.id) < (right.instant, right.id)
        }
    }

    private var heap = Heap<Entry>()
    private var earliest: [UInt64: Instant] = [:]

    package init() {}

    /// When to look again; nil for never. It may come earlier than any deadline.
    package var next: Instant? { heap.min?.instant }

    /// The number of entries, those that no longer count included.
    package var count: Int { heap.count }

    /// Notes a deadline; one that comes no earlier than the entry of its owner waits for that.
    package mutating func note(_ instant: Instant, for id: UInt64) {
        if let known = earliest[id], known <= instant { return }
        earliest[id] = instant
        heap.insert(Entry(instant: instant, id: id))
    }

    /// An owner has gone. Its entry leaves when it comes up.
    package mutating func forget(_ id: UInt64) { earliest[id] = nil }

    /// The next owner to be asked for its deadline, which is due or was moved; nil when there is none left at `now`.
    package mutating func takeDue(at now: Instant) -> UInt64? {
        while let entry = heap.min, entry.instant <= now {
            heap.removeMin()
            guard earliest[entry.id] == entry.instant else { continue }
            earliest[entry.id] = nil
            return entry.id
        }
        return nil
    }
}
