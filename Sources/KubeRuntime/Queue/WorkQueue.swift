public import KubeCore
import Metrics
import Synchronization

/// A queue of keys to reconcile: `WorkQueueState` with a clock, waiting workers and metrics.
///
/// Metrics carry the names of controller-runtime; timers are recorded in nanoseconds and shown in seconds.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private let state: Mutex<WorkQueueState<Key>>
    private let changes = Broadcast()
    private let time: MonotonicTime
    private let metrics: WorkQueueMetrics

    /// Creates an empty queue; `name` is the label of its metrics.
    public init(name: String, backoff: Backoff = .requeuing, clock: any Clock<Duration> = ContinuousClock()) {
        state = Mutex(WorkQueueState(backoff: backoff))
        time = MonotonicTime(clock)
        metrics = WorkQueueMetrics(name: name)
    }

    /// Keys that wait for a worker.
    public var depth: Int { state.withLock { $0.depth } }

    /// Adds a key; one that waits already is not added twice.
    public func add(_ key: Key, priority: QueuePriority = .normal) {
        add(key, after: .zero, priority: priority)
    }

    /// Adds a key once `delay` has passed; of several due times the earliest holds, and of several priorities the
    /// highest.
    public func add(_ key: Key, after delay: Duration, priority: QueuePriority = .normal) {
        let now = time.now
        let (added, depths) = state.withLock {
            ($0.add(key, after: delay, priority: priority, at: now), WorkQueueMetrics.Depths($0))
        }
        guard added else { return }
        if delay <= .zero { metrics.adds.increment() }
        metrics.record(depths)
        changes.notify()
    }

    /// Adds a key that is worked on once more after `delay`, with the priority that it was handed out with.
    func addAgain(_ key: Key, after delay: Duration) {
        let now = time.now
        state.withLock { $0.addAgain(key, after: delay, at: now) }
        changes.notify()
    }

    /// Counts a failure of the key and returns the delay for its next attempt.
    public func nextDelay(_ key: Key) -> Duration {
        state.withLock { $0.nextDelay(key) }
    }

    /// Adds a key for another attempt.
    func retry(_ key: Key, after delay: Duration) {
        metrics.retries.increment()
        addAgain(key, after: delay)
    }

    /// Forgets the failures of the key.
    public func forget(_ key: Key) {
        state.withLock { $0.forget(key) }
    }

    /// Waits for a key to work on; nil after `shutDown` or cancellation. Call `done` after the work.
    public func next() async -> Key? {
        while !Task.isCancelled {
            let seen = changes.generation
            let now = time.now
            let (next, depths) = state.withLock { ($0.next(at: now), WorkQueueMetrics.Depths($0)) }
            switch next {
            case .finished:
                return nil
            case .run(let key, let waited):
                metrics.record(depths)
                metrics.queueDuration.record(duration: waited)
                return key
            case .wait(let due):
                await changes.wait(past: seen, upTo: due.map { $0 - now }, on: time)
            }
        }
        return nil
    }

    /// Ends the work on a key; it is handed out again where it was added in the meantime.
    public func done(_ key: Key) {
        let now = time.now
        let (took, depths) = state.withLock { ($0.done(key, at: now), WorkQueueMetrics.Depths($0)) }
        metrics.workDuration.record(duration: took)
        metrics.record(depths)
        changes.notify()
    }

    /// Hands nothing out from now on and lets all waiting workers go.
    public func shutDown() {
        let depths = state.withLock { state in
            state.shutDown()
            return WorkQueueMetrics.Depths(state)
        }
        metrics.record(depths)
        changes.notify()
    }

    /// Adds the keys that each change of the store concerns, until the task is cancelled; begins with all present
    /// objects, which wait behind what really changes.
    public func add<Object: KubeObject>(
        changesOf store: Store<Object>.Reader,
        keys: @Sendable (StoreChange<Object>) -> [Key]
    ) async {
        for await batch in store.changes() {
            for change in batch {
                for key in keys(change) { add(key, priority: change.isInitial ? .low : .normal) }
            }
        }
    }

    /// Brings the gauges of running work up to date.
    func recordProgress() {
        let now = time.now
        let (unfinished, longest) = state.withLock { ($0.unfinished(at: now), $0.longestRunningSince) }
        metrics.unfinished.record(unfinished.inSeconds)
        metrics.longest.record(longest.map { (now - $0).inSeconds } ?? 0)
    }
}

private struct WorkQueueMetrics {
    /// Keys that wait, by priority.
    struct Depths {
        var normal: Int
        var low: Int

        init(_ state: borrowing WorkQueueState<some Hashable & Sendable>) {
            normal = state.depth(.normal)
            low = state.depth(.low)
        }
    }

    private let normalDepth: Gauge
    private let lowDepth: Gauge
    let adds: Counter
    let retries: Counter
    let queueDuration: Timer
    let workDuration: Timer
    let unfinished: Gauge
    let longest: Gauge

    init(name: String) {
        let dimensions = [("name", name), ("controller", name)]
        func depth(_ priority: QueuePriority) -> Gauge {
            Gauge(label: "workqueue_depth", dimensions: dimensions + [("priority", "\(priority.rawValue)")])
        }
        normalDepth = depth(.normal)
        lowDepth = depth(.low)
        adds = Counter(label: "workqueue_adds_total", dimensions: dimensions)
        retries = Counter(label: "workqueue_retries_total", dimensions: dimensions)
        queueDuration = Timer(label: "workqueue_queue_duration_seconds", dimensions: dimensions)
        workDuration = Timer(label: "workqueue_work_duration_seconds", dimensions: dimensions)
        unfinished = Gauge(label: "workqueue_unfinished_work_seconds", dimensions: dimensions)
        longest = Gauge(label: "workqueue_longest_running_processor_seconds", dimensions: dimensions)
        adds.increment(by: 0)
        retries.increment(by: 0)
        normalDepth.record(0)
        lowDepth.record(0)
    }

    func record(_ depths: Depths) {
        normalDepth.record(depths.normal)
        lowDepth.record(depths.low)
    }
}

extension Duration {
    /// As a fraction of seconds, for metrics.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
