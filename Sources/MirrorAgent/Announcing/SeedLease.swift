package import KubeCore
import MirrorAPI

/// The Lease by which a seed says that it is alive: one for each mirror and node, in the mirror's namespace.
///
/// `renewTime` is the time of the node that wrote it and is never compared with another clock: whoever watches counts
/// from when the renewal arrived. `holderIdentity` is the node while the seed is there, and empty once it has said
/// goodbye, as client-go releases a Lease (`tools/leaderelection/leaderelection.go`, `release`).
package struct SeedLease: Hashable, Sendable {
    package var mirror: String
    package var node: String
    package var namespace: String
    /// Seconds from one renewal to the next.
    package var intervalSeconds: Int
    /// The MirrorNode, with which the Lease goes; nil where it is not known.
    package var owner: OwnerReference?

    package init(mirror: String, node: String, namespace: String, intervalSeconds: Int, owner: OwnerReference? = nil) {
        self.mirror = mirror
        self.node = node
        self.namespace = namespace
        self.intervalSeconds = intervalSeconds.bounded(to: Announcements.intervals)
        self.owner = owner
    }

    /// As the MirrorNode is called.
    package var key: ObjectKey {
        ObjectKey(namespace: namespace, name: Names.mirrorNode(mirror: mirror, node: node))
    }

    /// The Lease of a seed that is there.
    ///
    /// - Parameter existing: the Lease as it is; nil where there is none.
    package func renewed(_ existing: Lease?, at now: MicroTimestamp) -> Lease {
        var lease = labelled(existing)
        let isNew = lease.spec?.holderIdentity != node
        var spec = lease.spec ?? Lease.Spec()
        if isNew {
            spec.acquireTime = now
            spec.leaseTransitions = existing == nil ? 0 : Lease.transitions(after: spec.leaseTransitions)
        }
        spec.holderIdentity = node
        spec.leaseDurationSeconds = Announcements.timeToLiveSeconds(intervalSeconds)
        spec.renewTime = now
        lease.spec = spec
        lease.metadata.annotations[AnnotationKey.goodbye] = nil
        return lease
    }

    /// The Lease of a seed that has gone and says why.
    package func released(_ existing: Lease?, because reason: String, at now: MicroTimestamp) -> Lease {
        var lease = labelled(existing)
        var spec = lease.spec ?? Lease.Spec()
        spec.holderIdentity = ""
        spec.leaseDurationSeconds = Announcements.timeToLiveSeconds(intervalSeconds)
        spec.renewTime = now
        lease.spec = spec
        lease.metadata.annotations[AnnotationKey.goodbye] = reason
        return lease
    }

    private func labelled(_ existing: Lease?) -> Lease {
        var lease = existing ?? Lease(metadata: ObjectMeta(name: key.name, namespace: namespace))
        lease.metadata.labels[LabelKey.mirror] = Names.labelValue(mirror)
        lease.metadata.labels[LabelKey.node] = Names.labelValue(node)
        if let owner { lease.metadata.ownerReferences = [owner] }
        return lease
    }
}
