import KubeCore
import Logging
import MirrorAPI
import MirrorPlanner

extension Action {
    /// One word, for metrics.
    var metricName: String {
        switch self {
        case .applyMirrorNode: "applyMirrorNode"
        case .deleteMirrorNode: "deleteMirrorNode"
        case .acquireDisruption: "acquireDisruption"
        case .approve: "approve"
        case .withdrawApproval: "withdrawApproval"
        case .releaseDisruption: "releaseDisruption"
        case .applyObject: "applyObject"
        case .deleteObject: "deleteObject"
        case .replacePod: "replacePod"
        case .labelPod: "labelPod"
        case .changeObject: "changeObject"
        case .setFinalizers: "setFinalizers"
        }
    }

    /// What it does to what, for the log.
    var logMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = ["action": "\(metricName)"]
        switch self {
        case .applyMirrorNode(let intent):
            metadata["node"] = "\(intent.spec.nodeName)"
            metadata["revision"] = "\(intent.spec.revision ?? "")"
        case .deleteMirrorNode(let name, _, let reason):
            metadata["mirrorNode"] = "\(name)"
            metadata["reason"] = "\(reason.rawValue)"
        case .acquireDisruption(let holder, _):
            metadata["node"] = "\(holder.node)"
            metadata["revision"] = "\(holder.revision)"
        case .approve(let name, _, let approval):
            metadata["mirrorNode"] = "\(name)"
            metadata["revision"] = "\(approval.revision)"
            metadata["epoch"] = "\(approval.epoch)"
            metadata["reason"] = "\(approval.reason)"
        case .withdrawApproval(let name, _, let reason, let message):
            metadata["mirrorNode"] = "\(name)"
            metadata["reason"] = "\(reason.rawValue)"
            metadata["message"] = "\(message)"
        case .releaseDisruption(let from, let reason, let message):
            metadata["holder"] = "\(from.spec?.holderIdentity ?? "")"
            metadata["reason"] = "\(reason.rawValue)"
            metadata["message"] = "\(message)"
        case .applyObject(let object, let verdict):
            metadata["object"] = "\(object.title)"
            metadata.tell(verdict)
        case .deleteObject(let resource, let key, _, let verdict):
            metadata["object"] = "\(resource.kind) \(key)"
            metadata.tell(verdict)
        case .replacePod(let key, _, let node, let verdict):
            metadata["pod"] = "\(key)"
            metadata["node"] = "\(node)"
            metadata.tell(verdict)
        case .labelPod(let key, _, _, let verdict):
            metadata["pod"] = "\(key)"
            metadata.tell(verdict)
        case .changeObject(let resource, let key, _, _, let verdict):
            metadata["object"] = "\(resource.kind) \(key)"
            metadata.tell(verdict)
        case .setFinalizers(let finalizers, _, let verdict):
            metadata["finalizers"] = "\(finalizers.joined(separator: ", "))"
            metadata.tell(verdict)
        }
        return metadata
    }
}

extension Logger.Metadata {
    fileprivate mutating func tell(_ verdict: Verdict) {
        self["reason"] = "\(verdict.reason.rawValue)"
        self["message"] = "\(verdict.message)"
    }
}
