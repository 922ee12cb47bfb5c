package import KubeCore
import MirrorAPI

/// Objects that we install, pods that are replaced or labelled, and the finalizer that says that something is to be
/// put back.
extension Write {
    /// Makes an object of ours what it is to be. The planner has compared it with what there is.
    ///
    /// - Parameter version: of the object that it changes; what has lost its owner in the meantime must not get it
    ///   back. Nil for one that is not there.
    package static func applyObject(
        _ object: ManagedObject,
        resourceVersion version: String? = nil,
        _ verdict: Verdict
    ) -> Write {
        Write(
            Target(object.resource, object.key),
            .apply(.value(object.body)),
            version.map { .version($0) } ?? .none,
            by: FieldManager.workloads,
            // An object of a mirror that is being deleted would get its owner back.
            evidence: .installation,
            whenGone: .fail,
            .applyObject,
            verdict
        )
    }

    /// Deletes an object of ours.
    package static func deleteObject(
        _ resource: ResourceType,
        _ key: ObjectKey,
        uid: String?,
        _ verdict: Verdict
    ) -> Write {
        Write(
            Target(resource, key),
            .delete,
            .uid(uid),
            by: nil,
            // An object of a mirror that is being deleted would go although it was to outlive the mirror.
            evidence: .installation,
            .deleteObject,
            verdict
        )
    }

    /// Deletes a pod of ours; its DaemonSet makes another one.
    package static func replacePod(_ key: ObjectKey, uid: String?, node: String, _ verdict: Verdict) -> Write {
        Write(
            Target(Pod.resource, key),
            .delete,
            .uid(uid),
            by: nil,
            whenGone: .done,
            .replacePod(node: node),
            verdict
        )
    }

    /// Sets labels of a pod.
    package static func labelPod(
        _ key: ObjectKey,
        resourceVersion: String?,
        _ labels: [String: String],
        _ verdict: Verdict
    ) -> Write {
        Write(
            Target(Pod.resource, key),
            .merge(.value(["metadata": ["labels": .strings(labels)]])),
            .version(resourceVersion),
            by: FieldManager.candidates,
            .labelPod(labels),
            verdict
        )
    }

    /// Changes parts of an object that is somebody else's, by a merge patch.
    package static func changeObject(
        _ resource: ResourceType,
        _ key: ObjectKey,
        resourceVersion: String?,
        _ change: JSONValue,
        _ verdict: Verdict
    ) -> Write {
        Write(
            Target(resource, key),
            .merge(.value(change)),
            .version(resourceVersion),
            by: FieldManager.workloads,
            .changeObject,
            verdict
        )
    }

    /// Sets the finalizers of a mirror.
    package static func setFinalizers(
        _ finalizers: [String],
        of mirror: String,
        resourceVersion: String?,
        _ verdict: Verdict
    ) -> Write {
        Write(
            Target(P2PMirror.resource, ObjectKey(name: mirror)),
            .merge(.value(["metadata": ["finalizers": .array(finalizers.map { .string($0) })]])),
            .version(resourceVersion),
            by: FieldManager.finalizers,
            .setFinalizers(finalizers),
            verdict
        )
    }
}
