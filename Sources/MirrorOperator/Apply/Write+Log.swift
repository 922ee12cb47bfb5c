import KubeCore
import Logging
import MirrorAPI
import MirrorPlanner

extension Write {
    /// What it does to what, and why, for the log.
    var logMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = [
            "action": "\(purpose.name)", "object": "\(target.title)", "reason": "\(verdict.reason.rawValue)",
            "message": "\(verdict.message)",
        ]
        if let node { metadata["node"] = "\(node)" }
        switch purpose {
        case .applyMirrorNode: metadata["revision"] = "\(mirrorNode?.spec.revision ?? "")"
        case .acquireDisruption(let holder): metadata["revision"] = "\(holder.revision)"
        case .approve(let approval):
            metadata["revision"] = "\(approval.revision)"
            metadata["epoch"] = "\(approval.epoch)"
        case .setFinalizers(let finalizers): metadata["finalizers"] = "\(finalizers.joined(separator: ", "))"
        case .recordSeed(_, let record): metadata["state"] = "\(record?.state.rawValue ?? "")"
        case .clearMirrorNode, .deleteMirrorNode, .releaseDisruption, .withdrawApproval, .applyObject, .deleteObject,
            .replacePod, .labelPod, .changeObject, .recordSet, .publishSeed, .withdrawSeed, .recordCall:
            break
        case .forgetHost(let host): metadata["host"] = "\(host)"
        }
        return metadata
    }
}
