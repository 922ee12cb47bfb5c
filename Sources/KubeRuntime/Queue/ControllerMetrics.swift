import Metrics
import Synchronization

/// The metrics of one controller, with the names of controller-runtime so that its dashboards work unchanged.
final class ControllerMetrics: Sendable {
    let success: Counter
    let failure: Counter
    let requeueAfter: Counter
    let errors: Counter
    let terminalErrors: Counter
    let duration: Timer
    private let activeWorkers: Gauge
    private let active = Atomic<Int>(0)

    init(controller: String, concurrency: Int) {
        let dimensions = [("controller", controller)]
        func total(_ result: String) -> Counter {
            Counter(label: "controller_runtime_reconcile_total", dimensions: dimensions + [("result", result)])
        }
        success = total("success")
        failure = total("error")
        requeueAfter = total("requeue_after")
        errors = Counter(label: "controller_runtime_reconcile_errors_total", dimensions: dimensions)
        terminalErrors = Counter(label: "controller_runtime_terminal_reconcile_errors_total", dimensions: dimensions)
        duration = Timer(label: "controller_runtime_reconcile_time_seconds", dimensions: dimensions)
        activeWorkers = Gauge(label: "controller_runtime_active_workers", dimensions: dimensions)
        Gauge(label: "controller_runtime_max_concurrent_reconciles", dimensions: dimensions).record(concurrency)
        // A series that starts with its first error hides that error from rate().
        for counter in [success, failure, requeueAfter, errors, terminalErrors] { counter.increment(by: 0) }
        activeWorkers.record(0)
    }

    func workerStarted() {
        activeWorkers.record(active.add(1, ordering: .relaxed).newValue)
    }

    func workerEnded() {
        activeWorkers.record(active.subtract(1, ordering: .relaxed).newValue)
    }
}
