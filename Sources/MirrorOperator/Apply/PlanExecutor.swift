package import KubeCore
package import KubeRuntime
import Logging
package import MirrorAPI
package import MirrorPlanner

/// Carries out the actions of a plan, in order, each with the state that it starts from as its precondition.
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
    private let applier: Applier
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
        self.applier = applier
        self.ownWrites = ownWrites
        lease = ObjectKey(namespace: leaseNamespace, name: DisruptionLease.name)
        self.now = now
        workloads = WorkloadExecutor(api, applier: applier, ownWrites: ownWrites)
    }

    /// - Parameter mirrorNodes: what the plan was made from.
    /// - Throws: `KubeError` for what neither a conflict nor an unknown outcome explains; the actions before were done.
    package func execute(_ plan: Plan, mirrorNodes: [MirrorNode]) async throws(KubeError) -> Outcome {
        let present = Dictionary(mirrorNodes.map { ($0.metadata.name, $0) }, uniquingKeysWith: { $1 })
        for action in plan.actions {
            Logger.current.info("Carrying out an action", metadata: action.logMetadata)
            do throws(KubeError) {
                try await carryOut(action, of: plan, present)
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
        case .approve, .withdrawApproval, .releaseDisruption, .deleteMirrorNode: return "conflict"
        case .acquireDisruption(_, let from): return from == nil ? nil : "conflict"
        // These make what is not there: a namespace or a definition is missing, and another look won't bring it.
        case .applyMirrorNode, .applyObject: return nil
        case .deleteObject, .replacePod, .labelPod, .changeObject, .setFinalizers: return "conflict"
        }
    }

    private func carryOut(
        _ action: Action,
        of plan: Plan,
        _ present: [String: MirrorNode]
    ) async throws(KubeError) {
        switch action {
        case .applyMirrorNode(let intent):
            try await apply(intent, current: present[intent.name])
        case .deleteMirrorNode(let name, let uid, _):
            let key = ObjectKey(name: name)
            try await api.delete(MirrorNode.self, key, preconditions: uid.map { DeletePreconditions(uid: $0) })
            applier.forget(MirrorNode.resource, key)
            ownWrites.deleted(MirrorNode.resource, key, uid: uid)
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

    private func apply(_ intent: MirrorNodeIntent, current: MirrorNode?) async throws(KubeError) {
        let object = MirrorNode(
            metadata: ObjectMeta(name: intent.name, labels: intent.labels, ownerReferences: [intent.owner]),
            spec: intent.spec
        )
        if let change = Self.dropping(current?.spec, for: intent.spec) {
            try await drop(change, of: intent.name)
        }
        _ = try await applier.apply(
            try object.wireValue(),
            resource: MirrorNode.resource,
            key: object.key,
            manager: FieldManager.nodeSpec,
            force: true,
            current: try current?.wireValue()
        )
    }

    /// What of the specification goes; nil where nothing does.
    private static func dropping(_ present: MirrorNodeSpec?, for wanted: MirrorNodeSpec) -> JSONValue? {
        guard let present else { return nil }
        var parts: [String: JSONValue] = [:]
        if let desired = dropping(present.desired, for: wanted.desired) { parts["desired"] = desired }
        if present.announceIntervalSeconds != nil, wanted.announceIntervalSeconds == nil {
            parts["announceIntervalSeconds"] = .null
        }
        if let containerd = dropping(present.containerd, for: wanted.containerd) { parts["containerd"] = containerd }
        return parts.isEmpty ? nil : .object(parts)
    }

    private static func dropping(_ present: MirrorNodeSpec.Desired?, for wanted: MirrorNodeSpec.Desired?) -> JSONValue?
    {
        guard let present else { return nil }
        guard let wanted else { return .null }
        var parts: [String: JSONValue] = [:]
        if present.server != nil, wanted.server == nil { parts["server"] = .null }
        if present.registries != nil, wanted.registries == nil { parts["registries"] = .null }
        return parts.isEmpty ? nil : .object(parts)
    }

    private static func dropping(_ present: ContainerdWish?, for wanted: ContainerdWish?) -> JSONValue? {
        guard let present else { return nil }
        guard let wanted else { return .null }
        var parts: [String: JSONValue] = [:]
        if present.release != nil, wanted.release == nil { parts["release"] = .null }
        if !present.registries.isEmpty, wanted.registries.isEmpty { parts["registries"] = .null }
        if !present.mirrorAddresses.isEmpty, wanted.mirrorAddresses.isEmpty { parts["mirrorAddresses"] = .null }
        return parts.isEmpty ? nil : .object(parts)
    }

    /// By a merge patch: servers of 1.20 leave `null` behind for an object that is no longer applied, and then refuse
    /// it.
    private func drop(_ parts: JSONValue, of name: String) async throws(KubeError) {
        let key = ObjectKey(name: name)
        let change: JSONValue = ["spec": parts]
        ownWrites.wrote(try await api.patch(MirrorNode.self, key, .merge(change), manager: FieldManager.nodeSpec))
        applier.forget(MirrorNode.resource, key)
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
