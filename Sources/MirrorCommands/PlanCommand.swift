import ArgumentParser
import KubeCore
import MirrorAPI
import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The pure planner over a snapshot in a file: what would happen, and why.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what the operator would do about a snapshot, without a cluster."
    )

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, yaml
    }

    @Option(name: .shortAndLong, help: "Snapshot in YAML or JSON.")
    var file: String

    @Option(name: .shortAndLong, help: "text or yaml.")
    var output: Output = .text

    func run() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
        let snapshot = try YAMLCoding.decode(Snapshot.self, from: bytes)
        for mirror in snapshot.mirrors.sorted(by: { $0.metadata.name < $1.metadata.name }) {
            guard let plan = Planner.plan(mirror: mirror.metadata.name, snapshot) else { continue }
            switch output {
            case .text: print(PlanText(plan).lines.joined(separator: "\n"))
            case .yaml: print(try YAMLCoding.encode(plan.status))
            }
        }
    }
}

/// A plan as text for people.
struct PlanText {
    let plan: Plan

    init(_ plan: Plan) {
        self.plan = plan
    }

    var lines: [String] {
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
        lines += plan.actions.map { "  would: \(Self.describe($0))" }
        return lines
    }

    private static func describe(_ action: Action) -> String {
        switch action {
        case .applyMirrorNode(let intent): "apply MirrorNode \(intent.name), revision \(intent.spec.revision ?? "-")"
        case .deleteMirrorNode(let name, _, let reason): "delete MirrorNode \(name): \(reason.rawValue)"
        case .acquireDisruption(let holder, _): "take the disruption Lease for \(holder.identity)"
        case .approve(let name, _, let approval): "approve \(approval.revision) on \(name): \(approval.reason)"
        case .withdrawApproval(let name, _, _, let message): "withdraw the approval of \(name): \(message)"
        case .releaseDisruption(_, _, let message): "give the disruption Lease back: \(message)"
        case .applyObject(let object, let verdict): "apply \(object.title): \(verdict.message)"
        case .deleteObject(let resource, let key, _, let verdict):
            "delete \(resource.kind) \(key): \(verdict.message)"
        case .replacePod(let key, _, let node, let verdict): "delete pod \(key) on \(node): \(verdict.message)"
        case .labelPod(let key, _, _, let verdict): "label pod \(key): \(verdict.message)"
        case .changeObject(let resource, let key, _, _, let verdict):
            "change \(resource.kind) \(key): \(verdict.message)"
        case .setFinalizers(_, _, let verdict): "set the finalizers of the mirror: \(verdict.message)"
        }
    }
}
