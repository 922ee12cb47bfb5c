import CoreMetrics
import KubeCore
import MirrorAPI

/// The metrics of the operator beside those of its controller.
enum OperatorMetrics {
    static func acted(_ action: String, _ result: String) {
        Counter(label: "p2pmirror_actions_total", dimensions: [("action", action), ("result", result)]).increment()
    }

    static func wroteStatus() {
        Counter(label: "p2pmirror_status_writes_total").increment()
    }

    static func deferred() {
        Counter(label: "p2pmirror_stale_passes_deferred_total").increment()
    }

    static func probed(_ outcome: ProbeOutcome) {
        let result = outcome.fault?.rawValue ?? "success"
        Counter(label: "p2pmirror_probes_total", dimensions: [("result", result)]).increment()
    }

    /// - Parameter late: probes that were started late since the last time, because all sockets were in use.
    static func describeProbes(late: Int, failing: [String: Int]) {
        Counter(label: "p2pmirror_probes_late_total").increment(by: late)
        for (mirror, count) in failing {
            Gauge(label: "p2pmirror_probes_failing", dimensions: [("mirror", mirror)]).record(count)
        }
    }

    static func describe(_ mirror: String, _ status: P2PMirrorStatus) {
        let dimensions = [("mirror", mirror)]
        Gauge(label: "p2pmirror_topology_cycles", dimensions: dimensions).record(status.topology?.cycleCount ?? 0)
        Gauge(label: "p2pmirror_pending_changes", dimensions: dimensions).record(status.topology?.pendingChanges ?? 0)
        Gauge(label: "p2pmirror_nodes_selected", dimensions: dimensions).record(status.nodes?.selected ?? 0)
        Gauge(label: "p2pmirror_nodes_failed", dimensions: dimensions).record(status.nodes?.failed ?? 0)
        let stalled = status.conditions.first { $0.type == MirrorConditionType.stalled.rawValue }?.status == .true
        Gauge(label: "p2pmirror_stalled", dimensions: dimensions).record(stalled ? 1 : 0)
    }

    static func forget(_ mirror: String) {
        let labels = [
            "p2pmirror_topology_cycles", "p2pmirror_pending_changes", "p2pmirror_nodes_selected",
            "p2pmirror_nodes_failed", "p2pmirror_stalled", "p2pmirror_probes_failing",
        ]
        // A gauge of a mirror that is gone would be shown with its last value for ever.
        for label in labels { Gauge(label: label, dimensions: [("mirror", mirror)]).destroy() }
    }
}
