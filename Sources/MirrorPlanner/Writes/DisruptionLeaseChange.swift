package import KubeCore
import MirrorAPI

/// The disruption Lease as it becomes when it is taken and given back; pure.
package enum DisruptionLeaseChange {
    private static let annotations = [
        AnnotationKey.holderMirror, AnnotationKey.holderNode, AnnotationKey.holderRevision,
        AnnotationKey.holderDeadline, AnnotationKey.holderRecord,
    ]

    /// The Lease held by `holder`: made from the one that was read, or new. Its `leaseTransitions` is the epoch of the
    /// approvals given under it.
    package static func acquired(
        by holder: DisruptionHolder,
        from lease: Lease?,
        key: ObjectKey,
        now: MicroTimestamp
    ) -> Lease {
        var lease = lease ?? Lease(metadata: ObjectMeta(name: key.name, namespace: key.namespace))
        lease.metadata.annotations[AnnotationKey.holderMirror] = holder.mirror
        lease.metadata.annotations[AnnotationKey.holderNode] = holder.node
        lease.metadata.annotations[AnnotationKey.holderRevision] = holder.revision
        lease.metadata.annotations[AnnotationKey.holderDeadline] = holder.deadlineSeconds.map { "\($0)" }
        lease.metadata.annotations[AnnotationKey.holderRecord] = holder.record
        lease.spec = Lease.Spec(
            holderIdentity: holder.identity,
            // No duration: a node that is being restarted is disrupted until it is proven well, however long that
            // takes.
            acquireTime: now,
            renewTime: now,
            leaseTransitions: DisruptionLease.epoch(after: lease.spec?.leaseTransitions, at: now.timestamp)
        )
        return lease
    }

    /// The Lease held by nobody; the epoch stays, so that the next one is another.
    package static func released(_ lease: Lease, now: MicroTimestamp) -> Lease {
        var lease = lease
        for annotation in annotations { lease.metadata.annotations[annotation] = nil }
        lease.spec = Lease.Spec(renewTime: now, leaseTransitions: lease.spec?.leaseTransitions)
        return lease
    }
}
