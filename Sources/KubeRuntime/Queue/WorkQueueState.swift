import HeapModule

/// How soon a key is handed out, against others that wait.
public enum QueuePriority: Int, Hashable, Sendable, Comparable, CaseIterable {
    /// Nothing has changed: the first list, and whatever is looked at only to be sure.
    case low = -100
    /// Something has changed.
    case normal = 0

    /// The figure of controller-runtime, as it stands in the label `priority`.
    public static func < (left: QueuePriority, right: QueuePriority) -> Bool { left.rawValue < right.rawValue }
}

/// The rules of a work queue; time is an input, and nothing is done here.
///
/// # Guarantees
/// - A key is handed out to one worker at a time.
/// - Keys of normal priority come first, and those of one priority in the order of their addition; a key of low
///   priority that has waited for `patience` comes before all others, so that it comes up under any load.
/// - A key that is added with two priorities has the higher one.
/// - A key that is added while it is handed out is handed out once more after `done`.
/// - Of several due times of a key the earliest holds; adding it at once replaces them.
public struct WorkQueueState<Key: Hashable & Sendable>: Sendable {
    /// What a worker that asks gets.
    public enum Next: Hashable, Sendable {
        /// Work on this key, which waited for so long; then call `done`.
        case run(Key, waited: Duration)
        /// Nothing to do until then, or until something is added; nil where nothing is due.
        case wait(until: Duration?)
        /// Nothing is handed out any more.
        case finished
    }

    private struct Due: Comparable, Sendable {
        var at: Duration
        /// Keeps the order of insertion among equal times, so that equal inputs give equal runs.
        var number: UInt64
        var key: Key
        var priority: QueuePriority

        static func < (left: Due, right: Due) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Due, right: Due) -> Bool { left.number == right.number }
    }

    private struct Wait: Sendable {
        var since: Duration
        var priority: QueuePriority
    }

    private let backoff: Backoff
    private let patience: Duration
    private var normal = KeyLine<Key>()
    private var low = KeyLine<Key>()
    /// Keys that wait for a worker, with the time of their addition.
    private var queued: [Key: Wait] = [:]
    /// Keys that are handed out, with the time of that.
    private var running: [Key: Wait] = [:]
    /// Keys that were added while they were handed out, with the time of that.
    private var again: [Key: Wait] = [:]
    private var dueAt: [Key: Due] = [:]
    private var schedule = Heap<Due>()
    private var lastNumber: UInt64 = 0
    private var failures: [Key: Int] = [:]
    /// Whether nothing is handed out any more.
    public private(set) var isShutDown = false

    /// Creates an empty queue whose keys back off as `backoff` says.
    public init(backoff: Backoff = .requeuing, patience: Duration = .seconds(10)) {
        self.backoff = backoff
        self.patience = patience
    }

    /// Keys that wait for a worker.
    public var depth: Int { queued.count }
    /// Keys of that priority that wait for a worker.
    public func depth(_ priority: QueuePriority) -> Int { priority == .normal ? normal.count : low.count }
    /// Keys that are handed out.
    public var runningCount: Int { running.count }
    /// When the key that is handed out longest was; nil where none is.
    public var longestRunningSince: Duration? { running.values.map(\.since).min() }
    /// Sum of the times since the keys that are handed out were.
    public func unfinished(at now: Duration) -> Duration { running.values.reduce(.zero) { $0 + (now - $1.since) } }

    /// Adds a key; false where it waits already, with that priority or a higher one.
    @discardableResult
    public mutating func add(_ key: Key, priority: QueuePriority = .normal, at now: Duration) -> Bool {
        guard !isShutDown else { return false }
        let priority = max(priority, dueAt.removeValue(forKey: key)?.priority ?? priority)
        if running[key] != nil {
            guard let known = again[key] else {
                again[key] = Wait(since: now, priority: priority)
                return true
            }
            again[key]?.priority = max(known.priority, priority)
            return false
        }
        return enqueue(key, Wait(since: now, priority: priority))
    }

    /// Adds a key once `delay` has passed, or earlier where it is due earlier already.
    @discardableResult
    public mutating func add(
        _ key: Key,
        after delay: Duration,
        priority: QueuePriority = .normal,
        at now: Duration
    ) -> Bool {
        guard delay > .zero else { return add(key, priority: priority, at: now) }
        guard !isShutDown, queued[key] == nil, again[key] == nil else { return false }
        let at = now + delay
        if let known = dueAt[key], known.at <= at {
            dueAt[key]?.priority = max(known.priority, priority)
            return false
        }
        lastNumber += 1
        let due = Due(
            at: at,
            number: lastNumber,
            key: key,
            priority: max(priority, dueAt[key]?.priority ?? priority)
        )
        dueAt[key] = due
        schedule.insert(due)
        dropOutdated()
        return true
    }

    /// Adds a key that is handed out once more after `delay`, with the priority that it was handed out with.
    public mutating func addAgain(_ key: Key, after delay: Duration, at now: Duration) {
        add(key, after: delay, priority: running[key]?.priority ?? .normal, at: now)
    }

    /// Gives a worker its next key.
    public mutating func next(at now: Duration) -> Next {
        guard !isShutDown else { return .finished }
        while let due = schedule.min, due.at <= now {
            schedule.removeMin()
            // Another time or an immediate addition may have taken the place of this one.
            if let known = dueAt[due.key], known == due { add(due.key, priority: known.priority, at: due.at) }
        }
        guard let key = takeFirst(at: now) else { return .wait(until: earliestDue()) }
        let wait = queued.removeValue(forKey: key) ?? Wait(since: now, priority: .normal)
        running[key] = Wait(since: now, priority: wait.priority)
        return .run(key, waited: now - wait.since)
    }

    /// The worker is done with the key; returns how long it took.
    @discardableResult
    public mutating func done(_ key: Key, at now: Duration) -> Duration {
        guard let run = running.removeValue(forKey: key) else { return .zero }
        if let added = again.removeValue(forKey: key), !isShutDown { _ = enqueue(key, added) }
        return now - run.since
    }

    /// Counts a failure of the key and returns its delay.
    public mutating func nextDelay(_ key: Key) -> Duration {
        failures[key, default: 0] += 1
        return backoff.delay(afterFailures: failures[key, default: 1])
    }

    /// Forgets the failures of the key.
    public mutating func forget(_ key: Key) {
        failures[key] = nil
    }

    /// Hands nothing out from now on; what is handed out may still be finished.
    public mutating func shutDown() {
        isShutDown = true
        normal = KeyLine()
        low = KeyLine()
        queued = [:]
        again = [:]
        dueAt = [:]
        schedule = Heap()
    }

    private mutating func enqueue(_ key: Key, _ wait: Wait) -> Bool {
        if let known = queued[key] {
            guard known.priority < wait.priority else { return false }
            low.remove(key)
            queued[key]?.priority = wait.priority
        } else {
            queued[key] = wait
        }
        if wait.priority == .normal { normal.append(key) } else { low.append(key) }
        return true
    }

    private mutating func takeFirst(at now: Duration) -> Key? {
        if let key = low.first, let wait = queued[key], now - wait.since >= patience { return low.removeFirst() }
        return normal.removeFirst() ?? low.removeFirst()
    }

    private mutating func earliestDue() -> Duration? {
        while let due = schedule.min, dueAt[due.key] != due { schedule.removeMin() }
        return schedule.min?.at
    }

    /// Outdated entries leave when they come up; where they pile up before that, all are dropped at once.
    private mutating func dropOutdated() {
        guard schedule.count > 2 * dueAt.count + 64 else { return }
        schedule = Heap(schedule.unordered.filter { dueAt[$0.key] == $0 })
    }
}
