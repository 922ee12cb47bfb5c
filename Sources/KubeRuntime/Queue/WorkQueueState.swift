import HeapModule

/// The rules of a work queue; time is an input, and nothing is done here.
///
/// # Guarantees
/// - A key is handed out to one worker at a time.
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

        static func < (left: Due, right: Due) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Due, right: Due) -> Bool { left.number == right.number }
    }

    private let backoff: Backoff
    private var order: [Key] = []
    private var head = 0
    /// Keys that wait for a worker, with the time of their addition.
    private var queued: [Key: Duration] = [:]
    /// Keys that are handed out, with the time of that.
    private var running: [Key: Duration] = [:]
    /// Keys that were added while they were handed out, with the time of that.
    private var again: [Key: Duration] = [:]
    private var dueAt: [Key: Duration] = [:]
    private var schedule = Heap<Due>()
    private var lastNumber: UInt64 = 0
    private var failures: [Key: Int] = [:]
    /// Whether nothing is handed out any more.
    public private(set) var isShutDown = false

    /// Creates an empty queue whose keys back off as `backoff` says.
    public init(backoff: Backoff = .requeuing) {
        self.backoff = backoff
    }

    /// Keys that wait for a worker.
    public var depth: Int { queued.count }
    /// Keys that are handed out.
    public var runningCount: Int { running.count }
    /// When the key that is handed out longest was; nil where none is.
    public var longestRunningSince: Duration? { running.values.min() }
    /// Sum of the times since the keys that are handed out were.
    public func unfinished(at now: Duration) -> Duration { running.values.reduce(.zero) { $0 + (now - $1) } }

    /// Adds a key; false where it waits already.
    @discardableResult
    public mutating func add(_ key: Key, at now: Duration) -> Bool {
        guard !isShutDown else { return false }
        dueAt[key] = nil
        if running[key] != nil {
            guard again[key] == nil else { return false }
            again[key] = now
            return true
        }
        guard queued[key] == nil else { return false }
        queued[key] = now
        order.append(key)
        return true
    }

    /// Adds a key once `delay` has passed, or earlier where it is due earlier already.
    @discardableResult
    public mutating func add(_ key: Key, after delay: Duration, at now: Duration) -> Bool {
        guard delay > .zero else { return add(key, at: now) }
        guard !isShutDown, queued[key] == nil, again[key] == nil else { return false }
        let at = now + delay
        if let known = dueAt[key], known <= at { return false }
        dueAt[key] = at
        lastNumber += 1
        schedule.insert(Due(at: at, number: lastNumber, key: key))
        dropOutdated()
        return true
    }

    /// Gives a worker its next key.
    public mutating func next(at now: Duration) -> Next {
        guard !isShutDown else { return .finished }
        while let due = schedule.min, due.at <= now {
            schedule.removeMin()
            // Another time or an immediate addition may have taken the place of this one.
            if dueAt[due.key] == due.at { add(due.key, at: due.at) }
        }
        guard head < order.count else { return .wait(until: earliestDue()) }
        let key = order[head]
        head += 1
        if head > 64, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
        let since = queued.removeValue(forKey: key) ?? now
        running[key] = now
        return .run(key, waited: now - since)
    }

    /// The worker is done with the key; returns how long it took.
    @discardableResult
    public mutating func done(_ key: Key, at now: Duration) -> Duration {
        guard let since = running.removeValue(forKey: key) else { return .zero }
        if let added = again.removeValue(forKey: key), !isShutDown {
            queued[key] = added
            order.append(key)
        }
        return now - since
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
        order = []
        head = 0
        queued = [:]
        again = [:]
        dueAt = [:]
        schedule = Heap()
    }

    private mutating func earliestDue() -> Duration? {
        while let due = schedule.min, dueAt[due.key] != due.at { schedule.removeMin() }
        return schedule.min?.at
    }

    /// Outdated entries leave when they come up; where they pile up before that, all are dropped at once.
    private mutating func dropOutdated() {
        guard schedule.count > 2 * dueAt.count + 64 else { return }
        schedule = Heap(schedule.unordered.filter { dueAt[$0.key] == $0.at })
    }
}
