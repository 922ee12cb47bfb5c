package import KubeCore
package import KubeRuntime
import Logging
import MirrorAPI
package import MirrorPlanner

/// Carries out the steps of a plan, in order, each with the state that it starts from as its precondition.
///
/// # Guarantees
/// - The first action that is not carried out ends the pass: later ones rest on it.
/// - Two executors with the same plan do no more than one: what the first one changed refuses the second one.
package struct PlanExecutor: Sendable {
    package enum Outcome: Hashable, Sendable {
        /// All actions were carried out.
        case done
        /// The world is not, or may not be, as the plan saw it: look again soon.
        case lookAgain(String)
    }

    private let api: KubeAPI
    private let ownWrites: OwnWrites
    private let lease: ObjectKey
    private let now: @Sendable () -> MicroTimestamp
    private let workloads: WorkloadExecutor

    package init(
        _ api: KubeAPI,
        applier: Applier,
        ownWrites: OwnWrites,
        leaseNamespace: String,
        now: @escaping @Sendable () -> MicroTimestamp
    ) {
        self.api = api
        self.ownWrites = ownWrites
        lease = ObjectKey(namespace: leaseNamespace, name: DisruptionLease.name)
        self.now = now
        workloads = WorkloadExecutor(api, applier: applier, ownWrites: ownWrites)
    }

    /// - Throws: `KubeError` for what neither a conflict nor an unknown outcome explains; the actions before were done.
    package func execute(_ plan: Plan) async throws(KubeError) -> Outcome {
        for action in plan.steps {
            Logger.current.info("Carrying out an action", metadata: action.logMetadata)
            do throws(KubeError) {
                try await carryOut(action, of: plan)
                OperatorMetrics.acted(action.metricName, "done")
            } catch {
                guard let reason = Self.reasonToLookAgain(error, from: action) else {
                    OperatorMetrics.acted(action.metricName, "error")
                    throw error
                }
                OperatorMetrics.acted(action.metricName, reason)
                Logger.current.info(
                    "The action was not carried out, the world is looked at again",
                    metadata: action.logMetadata.merging(["error": "\(error)"]) { $1 }
                )
                return .lookAgain(reason)
            }
        }
        return .done
    }

    /// Why an error says that the plan is out of date; nil where it says something else.
    private static func reasonToLookAgain(_ error: KubeError, from action: Action) -> String? {
        if error.code == .outcomeUnknown { return "unknown" }
        if error.isConflict || error.isAlreadyExists { return "conflict" }
        guard error.isNotFound else { return nil }
        switch action {
        // What was to be changed is gone.
        case .approve, .withdrawApproval, .releaseDisruption: return "conflict"
        case .acquireDisruption(_, let from): return from == nil ? nil : "conflict"
        // These make what is not there: a namespace or a definition is missing, and another look won't bring it.
        case .applyObject: return nil
        case .applyMirrorNode, .deleteMirrorNode, .deleteObject, .replacePod, .labelPod, .changeObject, .setFinalizers:
            return "conflict"
        }
    }

    private func carryOut(_ action: Action, of plan: Plan) async throws(KubeError) {
        switch action {
        // `MirrorNodeWriter` has these.
        case .applyMirrorNode, .deleteMirrorNode: break
        case .acquireDisruption(let holder, let from):
            let wanted = DisruptionLeaseChange.acquired(by: holder, from: from, key: lease, now: now())
            try await write(wanted, isNew: from == nil)
        case .releaseDisruption(let from, _, _):
            try await write(DisruptionLeaseChange.released(from, now: now()), isNew: false)
        case .approve(let name, let version, let approval):
            try await setApproval(try JSONCoding.value(of: approval), of: name, version)
        case .withdrawApproval(let name, let version, _, _):
            try await setApproval(.null, of: name, version)
        case .applyObject, .deleteObject, .replacePod, .labelPod, .changeObject, .setFinalizers:
            try await workloads.carryOut(action, of: plan)
        }
    }

    /// A merge patch, because the approval comes and goes by itself: applying it would need the rest of the object.
    private func setApproval(_ approval: JSONValue, of name: String, _ version: String?) async throws(KubeError) {
        guard let version, !version.isEmpty else {
            throw KubeError(.encoding, "MirrorNode \(name): an approval needs the resourceVersion that it rests on")
        }
        let change: JSONValue = [
            "metadata": ["resourceVersion": .string(version)], "spec": ["approval": approval],
        ]
        let key = ObjectKey(name: name)
        ownWrites.wrote(try await api.patch(MirrorNode.self, key, .merge(change), manager: FieldManager.approval))
    }

    private func write(_ lease: Lease, isNew: Bool) async throws(KubeError) {
        if isNew {
            try await api.create(lease, manager: FieldManager.disruption)
            return
        }
        guard let version = lease.metadata.resourceVersion, !version.isEmpty else {
            throw KubeError(.encoding, "Lease \(lease.key): a change needs the resourceVersion that it rests on")
        }
        try await api.replace(lease, manager: FieldManager.disruption)
    }
}
