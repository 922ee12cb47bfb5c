import KubeCore
public import Logging
import Metrics

/// Runs a reconciler for the keys of a queue.
///
/// A reconciler gets a key and nothing else: it looks at the state of the world and never at the event that woke it,
/// so that a lost, joined or repeated event makes no difference.
///
/// # Guarantees
/// - A key is never reconciled twice at the same time, and no more than `concurrency` keys are.
/// - Cancellation and `WorkQueue.shutDown` let running reconciles end (cancelled in the first case) and start no
///   others.
public struct Controller<Key: Hashable & Sendable>: Sendable {
    /// Brings the world nearer to what is wanted for one key.
    public typealias Reconciler = @Sendable (Key) async throws -> ReconcileResult

    private let name: String
    let queue: WorkQueue<Key>
    private let concurrency: Int
    private let errorPolicy: ErrorPolicy
    private let logger: Logger
    private let time: MonotonicTime
    private let makeID: @Sendable () -> String
    private let reconcile: Reconciler
    private let metrics: ControllerMetrics

    /// Creates a controller.
    ///
    /// - Parameters:
    ///   - name: label of metrics and log lines.
    ///   - queue: where its keys come from; without one it has a queue of its own, which `run(_:)` fills.
    ///   - concurrency: keys that are reconciled at the same time, at least 1.
    ///   - makeID: a new value for each reconcile, in every log line of it as `reconcileID`.
    ///   - reconcile: may log with `Logger.current`, which carries controller, key and `reconcileID`.
    public init(
        name: String,
        queue: WorkQueue<Key>? = nil,
        concurrency: Int = 8,
        errorPolicy: @escaping ErrorPolicy = { ErrorDecision.standard($0, backoff: $1) },
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger,
        makeID: @escaping @Sendable () -> String = { randomReconcileID() },
        reconcile: @escaping Reconciler
    ) {
        self.name = name
        self.queue = queue ?? WorkQueue(name: name, clock: clock)
        self.concurrency = max(1, concurrency)
        self.errorPolicy = errorPolicy
        self.logger = logger
        time = MonotonicTime(clock)
        self.makeID = makeID
        self.reconcile = reconcile
        metrics = ControllerMetrics(controller: name, concurrency: max(1, concurrency))
    }

    /// Works until the task is cancelled or the queue is shut down, and returns when all running reconciles have ended.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<concurrency {
                group.addTask { await work() }
            }
            for _ in 0..<concurrency { await group.next() }
        }
    }

    /// Brings the gauges of running work up to date every `interval`, until the task is cancelled.
    public func recordProgress(every interval: Duration = .seconds(5)) async {
        while !Task.isCancelled {
            queue.recordProgress()
            try? await time.sleep(for: interval)
        }
    }

    private func work() async {
        while let key = await queue.next() {
            metrics.workerStarted()
            await run(key)
            queue.done(key)
            metrics.workerEnded()
        }
    }

    private func run(_ key: Key) async {
        var logger = logger
        logger[metadataKey: "controller"] = "\(name)"
        logger[metadataKey: "key"] = "\(key)"
        logger[metadataKey: "reconcileID"] = "\(makeID())"
        let start = time.now
        do {
            let result = try await withLogger(logger) { _ in try await reconcile(key) }
            metrics.duration.record(duration: time.now - start)
            succeeded(key, result)
        } catch {
            metrics.duration.record(duration: time.now - start)
            failed(key, error, logger)
        }
    }

    private func succeeded(_ key: Key, _ result: ReconcileResult) {
        queue.forget(key)
        switch result {
        case .awaitChange:
            metrics.success.increment()
        case .requeue(let delay):
            metrics.requeueAfter.increment()
            queue.addAgain(key, after: delay)
        }
    }

    private func failed(_ key: Key, _ error: any Error, _ logger: Logger) {
        // Going down: the next process looks at every key anyway. A reconciler that was cancelled by itself is tried
        // again.
        guard !Task.isCancelled else { return }
        switch errorPolicy(error, queue.nextDelay(key)) {
        case .giveUp:
            metrics.failure.increment()
            metrics.errors.increment()
            metrics.terminalErrors.increment()
            queue.forget(key)
            logger.error("Reconcile failed and is not tried again before a change", metadata: ["error": "\(error)"])
        case .retry(let delay):
            metrics.failure.increment()
            metrics.errors.increment()
            queue.retry(key, after: delay)
            logger.log(
                level: (error as? KubeError)?.wasReported == true ? .debug : .warning,
                "Reconcile failed",
                metadata: ["error": "\(error)", "retryAfter": "\(delay)"]
            )
        }
    }
}

/// Sixteen random hexadecimal digits.
public func randomReconcileID() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
