import KubeCore
package import MirrorAPI

extension Write {
    /// What it is for, without knowledge of a provider, with what pure code reads back of it.
    package enum Purpose: Hashable, Sendable {
        /// Make a MirrorNode what its operator's part says.
        case applyMirrorNode
        /// Take what is wished for no longer out of a MirrorNode, right before the rest is applied.
        case clearMirrorNode
        /// Delete a MirrorNode whose Node is gone, replaced, or no longer selected.
        case deleteMirrorNode
        /// Take the disruption Lease.
        case acquireDisruption(DisruptionHolder)
        /// Give the disruption Lease back.
        case releaseDisruption
        /// Let an agent restart its node's service once.
        case approve(MirrorNodeSpec.Approval)
        /// Take an approval back that nobody has claimed.
        case withdrawApproval
        /// Make an object of ours what it is to be.
        case applyObject
        /// Delete an object of ours.
        case deleteObject
        /// Delete a pod of ours; its DaemonSet makes another one.
        case replacePod(node: String)
        /// Set labels of a pod.
        case labelPod([String: String])
        /// Change parts of an object that is somebody else's.
        case changeObject
        /// Set the mirror's finalizers.
        case setFinalizers([String])
        /// Remember what is decided about the set, before any seed moves.
        case recordSet
        /// Remember what is decided about a seed, before it moves; nil forgets it.
        case recordSeed(String, MirrorNodeStatus.Candidate?)
        /// Carry a seed into the set, where it still carries our mark.
        case publishSeed(String)
        /// Carry a seed out of the set and mark it as ours.
        case withdrawSeed(String)
        /// Let a daemon forget a host.
        case forgetHost(String)
        /// Remember that a daemon was told of a seed that is out.
        case recordCall(String)

        /// One word, for metrics and the log.
        package var name: String {
            switch self {
            case .applyMirrorNode: "applyMirrorNode"
            case .clearMirrorNode: "clearMirrorNode"
            case .deleteMirrorNode: "deleteMirrorNode"
            case .acquireDisruption: "acquireDisruption"
            case .releaseDisruption: "releaseDisruption"
            case .approve: "approve"
            case .withdrawApproval: "withdrawApproval"
            case .applyObject: "applyObject"
            case .deleteObject: "deleteObject"
            case .replacePod: "replacePod"
            case .labelPod: "labelPod"
            case .changeObject: "changeObject"
            case .setFinalizers: "setFinalizers"
            case .recordSet: "recordSet"
            case .recordSeed: "recordSeed"
            case .publishSeed: "publishSeed"
            case .withdrawSeed: "withdrawSeed"
            case .forgetHost: "forgetHost"
            case .recordCall: "recordCall"
            }
        }

        /// Whether it is part of what is decided about a candidate set.
        package var isAboutSeeds: Bool {
            switch self {
            case .recordSet, .recordSeed, .publishSeed, .withdrawSeed, .forgetHost, .recordCall: true
            default: false
            }
        }
    }

    /// The node that it is about; nil where it is about none.
    package var node: String? {
        switch purpose {
        case .acquireDisruption(let holder): holder.node
        case .replacePod(let node): node
        case .recordSeed(let seed, _), .publishSeed(let seed), .withdrawSeed(let seed): seed
        default: mirrorNode?.spec.nodeName
        }
    }

    /// What it makes of a MirrorNode; nil where it applies none.
    package var mirrorNode: MirrorNodeIntent? {
        guard case .apply(.mirrorNode(let intent)) = body else { return nil }
        return intent
    }

    /// The object of ours that it applies; nil where it applies none.
    package var object: ManagedObject? {
        guard case .apply(.value(let body)) = body else { return nil }
        return ManagedObject(target.resource, body)
    }

    /// What it does and why, as one line without full stop.
    package var sentence: String {
        let (name, message) = (target.key.name, verdict.message)
        switch purpose {
        case .applyMirrorNode: return "apply MirrorNode \(name), revision \(mirrorNode?.spec.revision ?? "-")"
        case .clearMirrorNode: return "clear \(cleared) of MirrorNode \(name): \(message)"
        case .deleteMirrorNode: return "delete MirrorNode \(name): \(verdict.reason.rawValue)"
        case .acquireDisruption(let holder): return "take the disruption Lease for \(holder.identity)"
        case .releaseDisruption: return "give the disruption Lease back: \(message)"
        case .approve(let approval): return "approve \(approval.revision) on \(name): \(approval.reason)"
        case .withdrawApproval: return "withdraw the approval of \(name): \(message)"
        case .applyObject: return "apply \(target.title): \(message)"
        case .deleteObject: return "delete \(target.title): \(message)"
        case .replacePod(let node): return "delete pod \(target.key) on \(node): \(message)"
        case .labelPod: return "label pod \(target.key): \(message)"
        case .changeObject: return "change \(target.title): \(message)"
        case .setFinalizers: return "set the finalizers of the mirror: \(message)"
        case .recordSet: return "remember the candidate set (\(target.title)): \(message)"
        case .recordSeed(let seed, let record):
            let place = "the seed \(seed) (\(target.title))"
            guard let record else { return "forget what is remembered of \(place)" }
            return "remember \(record.state.rawValue) of \(place), \(record.reason): \(record.message)"
        case .publishSeed(let seed): return "put the seed \(seed) into the candidate set (\(target.title)): \(message)"
        case .withdrawSeed(let seed):
            return "take the seed \(seed) out of the candidate set (\(target.title))\(condition): \(message)"
        case .forgetHost(let host): return "let \(target.title) forget the host \(host): \(message)"
        case .recordCall(let daemon): return "remember in \(target.title) that \(daemon) was told: \(message)"
        }
    }

    /// What a live look must show first.
    private var condition: String {
        guard case .set(let look) = evidence else { return "" }
        return ", if a live look shows that \(look.check.floor) stay"
    }

    /// The fields that a patch takes away, as in "spec.desired.debug".
    private var cleared: String {
        guard case .merge(.value(let patch)) = body else { return "" }
        func paths(_ value: JSONValue, _ path: [String]) -> [String] {
            guard case .object(let members) = value else { return [path.joined(separator: ".")] }
            return members.sorted { $0.key < $1.key }.flatMap { paths($0.value, path + [$0.key]) }
        }
        return Sentences.list(paths(patch, []))
    }
}
