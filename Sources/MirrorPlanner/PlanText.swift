import KubeCore
import MirrorAPI

/// A plan as text for people: what holds, what would be done, and why. Each write has its line.
package struct PlanText {
    private let plan: Plan

    package init(_ plan: Plan) {
        self.plan = plan
    }

    package var lines: [String] {
        var lines = ["P2PMirror \(plan.mirror)"]
        if let topology = plan.status.topology {
            let becoming = topology.desired.map { " to become \($0.rawValue)" } ?? ""
            lines.append(
                "  topology: \(topology.observed.rawValue)\(becoming), "
                    + "root \(topology.root ?? "-"), \(topology.pendingChanges) to change"
            )
        }
        for condition in plan.status.conditions {
            lines.append("  \(condition.type)=\(condition.status.rawValue) \(condition.reason): \(condition.message)")
        }
        if let next = plan.status.nextChange {
            lines.append("  next: \(next.action.rawValue) on \(next.node), \(next.reason): \(next.message)")
        }
        lines += (plan.writes + plan.records).map { "  would: \($0.sentence)" }
        return lines
    }
}
