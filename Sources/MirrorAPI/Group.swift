package import KubeCore

/// The names that belong to the API group, in one place.
package enum Group {
    package static let name = "p2pmirror.io"
    package static let version = "v1alpha1"
    /// What `kubectl get CATEGORY` lists. Never the name of a kind: kubectl takes a category first, and then refuses a
    /// name after it ("you must specify only one resource").
    package static let category = "p2p"
}

/// Field managers: one for each concern, so that no two writers share a field. Specification and status have managers
/// of their own because servers before 1.21 don't tell subresources apart in `managedFields`.
package enum FieldManager {
    /// MirrorNode.spec without the approval.
    package static let nodeSpec = "p2pmirror-spec"
    /// MirrorNode.spec.approval.
    package static let approval = "p2pmirror-approval"
    /// P2PMirror.status.
    package static let status = "p2pmirror-status"
    /// MirrorNode.status.agent.
    package static let agent = "p2pmirror-agent"
    /// MirrorNode.status.candidate, and the label and the mark of a seed's Node.
    package static let candidates = "p2pmirror-candidates"
    /// The objects of an installation, and what we change in those of others. The name is as the first release had it:
    /// a new one would leave every field with two owners.
    package static let workloads = "p2pmirror-spegel"
    /// The finalizers of a P2PMirror.
    package static let finalizers = "p2pmirror-finalizers"
    /// The Lease of the disruption.
    package static let disruption = "p2pmirror-disruption"
}

/// Labels that we set.
package enum LabelKey {
    /// On a MirrorNode: the mirror's name, hashed where it is too long for a label.
    package static let mirror = "p2pmirror.io/mirror"
    /// On a MirrorNode: the node's name, hashed where it is too long for a label.
    package static let node = "p2pmirror.io/node"
    /// On a pod that may be a seed: `true` while it is in the candidate set.
    package static let candidate = "p2pmirror.io/candidate"
    /// On a pod that we installed: stands for the settings that it runs with.
    package static let revision = "p2pmirror.io/revision"
}

/// Finalizers that we set on a P2PMirror.
package enum Finalizer {
    /// What is installed on the nodes, or taken over from a release, is put back before the mirror goes.
    package static let spegel = "p2pmirror.io/spegel"
    /// All of them: a mirror that has any is held by us.
    package static let all: Set<String> = [spegel]
}

/// Annotations that we read or set.
package enum AnnotationKey {
    /// On a Node, by the administrator: never a seed, and never made the root; the value says why. One that is the root
    /// stays it until `topology.preferredRoots` names another one. On a Pod that is a seed: that seed alone, for as
    /// long as this very Pod is there.
    package static let exclude = "p2pmirror.io/exclude"
    /// On a MirrorNode, by the administrator: the revision that may be carried out (`rollout.approval: Manual`).
    package static let approve = "p2pmirror.io/approve"
    /// On a P2PMirror, by the administrator: a time; storms that began until then hold nothing back any more.
    package static let releaseStorm = "p2pmirror.io/release-storm"
    /// On a P2PMirror, by the administrator: the generation whose selection is meant, though much leaves it at once.
    package static let confirmSelection = "p2pmirror.io/confirm-selection"
    /// On a MirrorNode, or on a Pod that is a seed, by the administrator: `since` of an eviction that ends as soon as
    /// the seed is well, without a probation.
    package static let readmit = "p2pmirror.io/readmit"
    /// On a Node: the mirror that took it out of the candidate set. A peer that is out without it is left alone.
    package static let evictedBy = "p2pmirror.io/evicted-by"
    /// On the disruption Lease: mirror, node and revision that hold it.
    package static let holderMirror = "p2pmirror.io/mirror"
    package static let holderNode = "p2pmirror.io/node"
    package static let holderRevision = "p2pmirror.io/revision"
}

/// The Lease that grants disruption: one in the cluster, so that never two servers are restarted at once.
package enum DisruptionLease {
    package static let name = "p2pmirror-disruption"

    /// 2025-01-01T00:00:00Z. `leaseTransitions` has 32 bits: counted from 1970, seconds would leave them in 2038.
    private static let origin = Timestamp(seconds: 1_735_689_600)

    /// The epoch of a taking of the Lease, which stands in its `leaseTransitions`.
    ///
    /// It goes up with every taking. It is never below the seconds since 2025, so that a Lease that was deleted and
    /// made anew does not begin again with epochs under which approvals of earlier days were given.
    ///
    /// One that the field cannot hold is no epoch of ours, and the seconds since 2025 are other ones.
    ///
    /// - Parameter previous: `leaseTransitions` as they were; nil for a new Lease.
    package static func epoch(after previous: Int?, at now: Timestamp) -> Int {
        let seconds = (now - origin).bounded(to: 1...Lease.greatestNumber)
        guard let previous, (0..<Lease.greatestNumber).contains(previous) else { return seconds }
        return max(previous + 1, seconds)
    }
}
