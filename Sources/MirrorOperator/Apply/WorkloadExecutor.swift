import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner

/// Carries out the actions that are about workloads: objects that we install, pods that are replaced or labelled, and
/// the finalizer that says that something is to be put back.
struct WorkloadExecutor: Sendable {
    private let api: KubeAPI
    private let applier: Applier
    private let ownWrites: OwnWrites

    init(_ api: KubeAPI, applier: Applier, ownWrites: OwnWrites) {
        self.api = api
        self.applier = applier
        self.ownWrites = ownWrites
    }

    /// Carries one out; those that are about something else do nothing here.
    func carryOut(_ action: Action, of plan: Plan) async throws(KubeError) {
        switch action {
        case .applyObject(let object, _):
            // The planner has compared it with what there is: it is always sent.
            _ = try await applier.apply(
                object.body,
                resource: object.resource,
                key: object.key,
                manager: FieldManager.workloads,
                force: true,
                current: nil
            )
        case .deleteObject(let resource, let key, let uid, _):
            let request = try KubeRequest.delete(resource, key, preconditions: uid.map { DeletePreconditions(uid: $0) })
            _ = try await api.answer(to: request)
            applier.forget(resource, key)
        case .replacePod(let key, let uid, _, _):
            try await api.delete(Pod.self, key, preconditions: uid.map { DeletePreconditions(uid: $0) })
        case .labelPod(let key, let version, let labels, _):
            let change: JSONValue = [
                "metadata": [
                    "resourceVersion": try Self.required(version, "Pod \(key)"),
                    "labels": .object(labels.mapValues { .string($0) }),
                ]
            ]
            ownWrites.wrote(try await api.patch(Pod.self, key, .merge(change), manager: FieldManager.candidates))
        case .changeObject(let resource, let key, let version, var change, _):
            var metadata = change["metadata"] ?? [:]
            metadata["resourceVersion"] = try Self.required(version, "\(resource.kind) \(key)")
            change["metadata"] = metadata
            let request = try KubeRequest.patch(resource, key, .merge(change), manager: FieldManager.workloads)
            let stored: JSONValue = try await api.send(request)
            ownWrites.wrote(resource, try JSONCoding.decode(ObjectMeta.self, from: stored["metadata"] ?? [:]))
        case .setFinalizers(let finalizers, let version, _):
            let key = ObjectKey(name: plan.mirror)
            let change: JSONValue = [
                "metadata": [
                    "resourceVersion": try Self.required(version, "P2PMirror \(key)"),
                    "finalizers": .array(finalizers.map { .string($0) }),
                ]
            ]
            let manager = FieldManager.finalizers
            ownWrites.wrote(try await api.patch(ObservedMirror.self, key, .merge(change), manager: manager))
        case .applyMirrorNode, .deleteMirrorNode, .acquireDisruption, .approve, .withdrawApproval, .releaseDisruption:
            break
        }
    }

    private static func required(_ version: String?, _ what: String) throws(KubeError) -> JSONValue {
        guard let version, !version.isEmpty else {
            throw KubeError(.encoding, "\(what): a change needs the resourceVersion that it rests on")
        }
        return .string(version)
    }
}
