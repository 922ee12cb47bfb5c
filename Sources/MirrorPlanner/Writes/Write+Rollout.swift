package import KubeCore
package import MirrorAPI

/// The disruption Lease, and the approval that is given under it. Each rests on live evidence: a restart is not taken
/// back, and to give the Lease back is to allow the next one.
extension Write {
    /// Takes the disruption Lease by compare-and-swap; `lease` is the Lease as the snapshot had it, nil to create it.
    package static func acquireDisruption(
        _ holder: DisruptionHolder,
        from lease: Lease?,
        _ verdict: Verdict = Verdict(.rollingOut, "The next step is taken")
    ) -> Write {
        let content = Content.heldLease(holder, from: lease)
        return Write(
            Target(Lease.resource, lease?.key ?? ObjectKey(name: DisruptionLease.name)),
            lease == nil ? .create(content) : .replace(content),
            lease.map { .version($0.metadata.resourceVersion) } ?? .none,
            by: FieldManager.disruption,
            evidence: .servers(
                node: holder.node,
                mirrorNode: Names.mirrorNode(mirror: holder.mirror, node: holder.node)
            ),
            whenGone: lease == nil ? .fail : .lookAgain,
            .acquireDisruption(holder),
            verdict
        )
    }

    /// Gives the disruption Lease back by compare-and-swap.
    package static func releaseDisruption(from lease: Lease, reason: Reason, message: String) -> Write {
        Write(
            Target(Lease.resource, lease.key),
            .replace(.freeLease(from: lease)),
            .version(lease.metadata.resourceVersion),
            by: FieldManager.disruption,
            evidence: .servers(node: DisruptionHolder(lease)?.node),
            .releaseDisruption,
            Verdict(reason, message)
        )
    }

    /// Writes the approval to the MirrorNode of a node. By a merge patch, because it comes and goes by itself: applying
    /// it would need the rest of the object.
    package static func approve(
        name: String,
        node: String,
        resourceVersion: String?,
        _ approval: MirrorNodeSpec.Approval
    ) -> Write {
        Write(
            Target(MirrorNode.resource, ObjectKey(name: name)),
            .merge(.approval(approval)),
            .version(resourceVersion),
            by: FieldManager.approval,
            evidence: .servers(node: node),
            .approve(approval),
            Verdict(
                Reason(rawValue: approval.reason) ?? .rollingOut,
                "\(node) may restart once for \(approval.revision)"
            )
        )
    }

    /// Removes an unclaimed approval.
    package static func withdrawApproval(
        name: String,
        node: String,
        resourceVersion: String?,
        reason: Reason,
        message: String
    ) -> Write {
        Write(
            Target(MirrorNode.resource, ObjectKey(name: name)),
            .merge(.approval(nil)),
            .version(resourceVersion),
            by: FieldManager.approval,
            evidence: .servers(node: node),
            .withdrawApproval,
            Verdict(reason, message)
        )
    }
}
