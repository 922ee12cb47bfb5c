package import KubeCore
package import MirrorAPI

/// Where an agent learns of its node's MirrorNodes. What it says may be old: before a claim, and while a step is under
/// way, the agent reads the MirrorNode itself.
package protocol MirrorNodeSource: Sendable {
    /// The MirrorNodes with this node's label, as they are known now; those that can't be read are left out.
    ///
    /// - Throws: `KubeError` where nothing is known.
    func mirrorNodes() async throws(KubeError) -> [MirrorNode]

    /// Takes the answer to a write of ours, so that nothing is decided on what was before it.
    func wrote(_ mirrorNode: MirrorNode)

    /// Returns when a MirrorNode has changed since the last call, or when the task is cancelled.
    func changed() async
}

extension MirrorNodeSource {
    /// What an agent of this node follows. A long name is a hash in the label, so that the object's own word counts in
    /// the end.
    package static func selection(node: String) -> ListOptions {
        ListOptions(labelSelector: "\(LabelKey.node)=\(Names.labelValue(node))")
    }
}
