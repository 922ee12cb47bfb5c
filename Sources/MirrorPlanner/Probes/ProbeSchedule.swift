package import KubeCore

/// Which probes to start when, so that thousands are spread over their period and share a bounded number of sockets.
///
/// Each probe has a place in its period that follows from its key, so that it stays where it is when others come and
/// go, and after a restart. It is started there or, where all sockets are in use, as soon as one is free, the longest
/// overdue first; starts that were missed are not made up for. A probe whose last try ran out of time is likely to hold
/// its socket for that long again: all of those together get half of the sockets, so that those which answer do
/// not wait for them.
///
/// Times are durations since some origin, and inputs.
package struct ProbeSchedule: Sendable {
    /// A probe that is to be started.
    package struct Start: Hashable, Sendable {
        package var id: Int
        package var request: ProbeRequest
    }

    /// What has happened since the beginning.
    package struct Statistics: Hashable, Sendable {
        package var started = 0
        /// Started later than they were due because no socket was free.
        package var deferred = 0
        /// Most probes that were under way at once.
        package var mostUnderWay = 0
    }

    private struct Slot {
        var probe: ScheduledProbe
        /// When it is due next, or has been since.
        var due: Duration
        /// When the try that is under way was started.
        var startedAt: Duration?
        /// The call of `start` in which it began to wait for a socket.
        var waitsSince: Int?
        /// Whether the last try ran out of time.
        var isSlow = false
    }

    /// Probes that are due and have no socket, the longest overdue first.
    private struct Lane {
        var ids: [Int] = []
        var head = 0

        var first: Int? { head < ids.count ? ids[head] : nil }

        mutating func removeFirst() {
            head += 1
            guard head > 256, head * 2 > ids.count else { return }
            ids.removeFirst(head)
            head = 0
        }
    }

    /// Most probes that are under way at once.
    package let limit: Int
    package private(set) var statistics = Statistics()
    private var slots: [Int: Slot] = [:]
    private var ids: [ScheduledProbe.Key: Int] = [:]
    private var lastID = 0
    private var timetable = Timetable()
    private var prompt = Lane()
    private var slow = Lane()
    private var underWay: [Int: (startedAt: Duration, isSlow: Bool)] = [:]
    private var slowUnderWay = 0
    /// Calls of `start`.
    private var calls = 0

    /// - Parameter limit: sockets, at least 2.
    package init(limit: Int = 256) {
        self.limit = max(2, limit)
    }

    /// Replaces the probes. One that is unchanged goes on; one that asks something else begins anew, and a result that
    /// is still to come for what it asked before does not count.
    package mutating func replace(_ probes: [ScheduledProbe], now: Duration) {
        let wanted = Dictionary(probes.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for (key, id) in ids where wanted[key] != slots[id]?.probe {
            ids[key] = nil
            slots[id] = nil
        }
        for (key, probe) in wanted where ids[key] == nil {
            lastID += 1
            let due = Self.nextPlace(of: probe, notBefore: now)
            ids[key] = lastID
            slots[lastID] = Slot(probe: probe, due: due)
            timetable.insert(lastID, at: due)
        }
    }

    /// The probes to start now.
    package mutating func start(now: Duration) -> [Start] {
        calls += 1
        while let id = timetable.popDue(now) { enqueue(id) }
        var starts: [Start] = []
        while underWay.count < limit, let (id, isSlow) = popNext() {
            guard var slot = slots[id] else { continue }
            if slot.waitsSince != calls { statistics.deferred += 1 }
            slot.waitsSince = nil
            slot.startedAt = now
            slots[id] = slot
            underWay[id] = (now, isSlow)
            if isSlow { slowUnderWay += 1 }
            statistics.started += 1
            starts.append(Start(id: id, request: slot.probe.request))
        }
        statistics.mostUnderWay = max(statistics.mostUnderWay, underWay.count)
        return starts
    }

    /// Takes the result of a probe that `start` gave.
    ///
    /// - Returns: whose result it is, where it still matters.
    @discardableResult
    package mutating func finish(_ id: Int, _ outcome: ProbeOutcome, now: Duration) -> ScheduledProbe.Key? {
        guard let (startedAt, isSlow) = underWay.removeValue(forKey: id) else { return nil }
        if isSlow { slowUnderWay -= 1 }
        guard var slot = slots[id] else { return nil }
        slot.startedAt = nil
        slot.due = Self.nextPlace(of: slot.probe, after: startedAt, notBefore: now)
        timetable.insert(id, at: slot.due)
        defer { slots[id] = slot }
        guard outcome.fault != .cancelled else { return nil }
        slot.isSlow = outcome.fault == .timeout
        return slot.probe.key
    }

    /// Whether a probe is due that has no socket yet.
    package var hasOverdue: Bool { prompt.first != nil || slow.first != nil }

    /// When `start` may have something to start without anything else having happened; nil where it never has.
    package var wakeUp: Duration? { timetable.next }

    private mutating func enqueue(_ id: Int) {
        guard var slot = slots[id], slot.waitsSince == nil, slot.startedAt == nil else { return }
        slot.waitsSince = calls
        slots[id] = slot
        if slot.isSlow {
            slow.ids.append(id)
        } else {
            prompt.ids.append(id)
        }
    }

    /// The longest overdue of those that may have a socket.
    private mutating func popNext() -> (id: Int, isSlow: Bool)? {
        while let id = prompt.first, slots[id] == nil { prompt.removeFirst() }
        while let id = slow.first, slots[id] == nil { slow.removeFirst() }
        let slowID = slowUnderWay < limit / 2 ? slow.first : nil
        switch (prompt.first, slowID) {
        case (nil, nil): return nil
        case (let id?, nil):
            prompt.removeFirst()
            return (id, false)
        case (let promptID, let slowID?):
            let promptDue = promptID.flatMap { slots[$0]?.due }
            if let promptID, let promptDue, let slowDue = slots[slowID]?.due, promptDue <= slowDue {
                prompt.removeFirst()
                return (promptID, false)
            }
            slow.removeFirst()
            return (slowID, true)
        }
    }

    /// The first of a probe's places in time that is not before `instant`, and after `last`.
    private static func nextPlace(of probe: ScheduledProbe, after last: Duration? = nil, notBefore instant: Duration)
        -> Duration
    {
        let period = max(1, probe.period.microseconds)
        let text = "\(probe.key.mirror)/\(probe.key.node)/\(probe.key.name)"
        // The low bits of FNV-1a hardly differ for names that differ in their last character.
        let hash = StableHash.fnv1a64(text.utf8)
        let phase = Int64((hash ^ hash >> 32) % UInt64(period))
        let floor = max(instant.microseconds, last.map { $0.microseconds + 1 } ?? Int64.min)
        let rounds = (floor - phase + period - 1).flooredQuotient(by: period)
        return .microseconds(phase + rounds * period)
    }
}

/// Instants and who is due then, earliest first. The list is kept sorted: a few thousand entries are moved in less time
/// than it takes to open one of the connections that they stand for.
private struct Timetable: Sendable {
    /// The latest first, so that the earliest is cheap to take.
    private var entries: [(due: Duration, id: Int)] = []

    var next: Duration? { entries.last?.due }

    mutating func insert(_ id: Int, at due: Duration) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if (entries[middle].due, entries[middle].id) > (due, id) { low = middle + 1 } else { high = middle }
        }
        entries.insert((due, id), at: low)
    }

    mutating func popDue(_ now: Duration) -> Int? {
        guard let last = entries.last, last.due <= now else { return nil }
        entries.removeLast()
        return last.id
    }
}

extension Duration {
    fileprivate var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}

extension Int64 {
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
