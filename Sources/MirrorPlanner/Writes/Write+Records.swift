import KubeCore
package import MirrorAPI

/// MirrorNodes as a whole. Each stands by itself: no step of a plan rests on it.
extension Write {
    /// What makes a MirrorNode what its operator's part says.
    ///
    /// - Parameter present: the MirrorNode as it is; what is wished for no longer is taken out of it first, by a patch
    ///   of its own: servers of 1.20 leave `null` behind for an object that is no longer applied, and then refuse it.
    package static func records(_ intent: MirrorNodeIntent, present: MirrorNodeSpec? = nil) -> [Write] {
        let apply = applyMirrorNode(intent)
        guard let change = intent.spec.dropping(from: present) else { return [apply] }
        let clear = Write(
            apply.target,
            .merge(.value(["spec": change])),
            by: FieldManager.nodeSpec,
            whenGone: .fail,
            .clearMirrorNode,
            Verdict(.appliesObject, "it is wished for no longer")
        )
        return [clear, apply]
    }

    /// Makes the MirrorNode what its operator's part says.
    package static func applyMirrorNode(_ intent: MirrorNodeIntent) -> Write {
        Write(
            Target(MirrorNode.resource, ObjectKey(name: intent.name)),
            .apply(.mirrorNode(intent)),
            by: FieldManager.nodeSpec,
            whenGone: .fail,
            .applyMirrorNode,
            Verdict(.appliesObject, "MirrorNode \(intent.name) is not as it should be")
        )
    }

    /// Deletes a MirrorNode whose Node is gone, replaced, or no longer selected.
    package static func deleteMirrorNode(name: String, uid: String?, reason: Reason) -> Write {
        let message =
            switch reason {
            case .nodeGone: "its Node is gone"
            case .nodeReplaced: "its Node was replaced by another one of that name"
            default: "its node is not selected"
            }
        return Write(
            Target(MirrorNode.resource, ObjectKey(name: name)),
            .delete,
            .uid(uid),
            by: nil,
            whenGone: .done,
            .deleteMirrorNode,
            Verdict(reason, message)
        )
    }
}

extension MirrorNodeSpec {
    /// What of the specification that stands there goes; nil where nothing does.
    fileprivate func dropping(from present: MirrorNodeSpec?) -> JSONValue? {
        guard let present else { return nil }
        var parts: [String: JSONValue] = [:]
        if let desired = Self.dropping(present.desired, for: desired) { parts["desired"] = desired }
        if present.announceIntervalSeconds != nil, announceIntervalSeconds == nil {
            parts["announceIntervalSeconds"] = .null
        }
        if let containerd = Self.dropping(present.containerd, for: containerd) { parts["containerd"] = containerd }
        return parts.isEmpty ? nil : .object(parts)
    }

    private static func dropping(_ present: Desired?, for wanted: Desired?) -> JSONValue? {
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
}
