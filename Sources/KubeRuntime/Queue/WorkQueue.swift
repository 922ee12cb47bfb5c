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
    public func add(_ key: Key) {
        add(key, after: .zero)
    }

    /// Adds a key once `delay` has passed; of several due times the earliest holds.
    public func add(_ key: Key, after delay: Duration) {
        let now = time.now
        let (added, depth) = state.withLock { ($0.add(key, after: delay, at: now), $0.depth) }
        guard added else { return }
        if delay <= .zero { metrics.adds.increment() }
        metrics.depth.record(depth)
        changes.notify()
    }

    /// Counts a failure of the key and returns the delay for its next attempt.
    public func nextDelay(_ key: Key) -> Duration {
        state.withLock { $0.nextDelay(key) }
    }

    /// Adds a key for another attempt.
    func retry(_ key: Key, after delay: Duration) {
        metrics.retries.increment()
        add(key, after: delay)
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
            let (next, depth) = state.withLock { ($0.next(at: now), $0.depth) }
            switch next {
            case .finished:
                return nil
            case .run(let key, let waited):
                metrics.depth.record(depth)
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
        let (took, depth) = state.withLock { ($0.done(key, at: now), $0.depth) }
        metrics.workDuration.record(duration: took)
        metrics.depth.record(depth)
        changes.notify()
    }

    /// Hands nothing out from now on and lets all waiting workers go.
    public func shutDown() {
        state.withLock { $0.shutDown() }
        metrics.depth.record(0)
        changes.notify()
    }

    /// Adds the keys that each change of the store concerns, until the task is cancelled; begins with all present
    /// objects.
    public func add<Object: KubeObject>(
        changesOf store: Store<Object>.Reader,
        keys: @Sendable (StoreChange<Object>) -> [Key]
    ) async {
        for await batch in store.changes() {
            for change in batch {
                for key in keys(change) { add(key) }
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
    let depth: Gauge
    let adds: Counter
    let retries: Counter
    let queueDuration: Timer
    let workDuration: Timer
    let unfinished: Gauge
    let longest: Gauge

    init(name: String) {
        let dimensions = [("name", name), ("controller", name)]
        depth = Gauge(label: "workqueue_depth", dimensions: dimensions)
        adds = Counter(label: "workqueue_adds_total", dimensions: dimensions)
        retries = Counter(label: "workqueue_retries_total", dimensions: dimensions)
        queueDuration = Timer(label: "workqueue_queue_duration_seconds", dimensions: dimensions)
        workDuration = Timer(label: "workqueue_work_duration_seconds", dimensions: dimensions)
        unfinished = Gauge(label: "workqueue_unfinished_work_seconds", dimensions: dimensions)
        longest = Gauge(label: "workqueue_longest_running_processor_seconds", dimensions: dimensions)
        adds.increment(by: 0)
        retries.increment(by: 0)
        depth.record(0)
    }
}

extension Duration {
    /// As a fraction of seconds, for metrics.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
