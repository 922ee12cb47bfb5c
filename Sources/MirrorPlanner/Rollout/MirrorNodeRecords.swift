import KubeCore
import MirrorAPI

/// Which MirrorNodes of a mirror must be written or deleted, whatever its provider: one for each selected node.
///
/// Settings are compared by what they mean, never by bytes or a hash: a new release of the operator over the state of
/// an older one changes nothing.
struct MirrorNodeRecords {
    private let mirror: String
    private let owner: OwnerReference
    /// Names of MirrorNodes that other mirrors have, with the mirror.
    private let taken: [String: String]

    /// Deletions first, then what is to be applied.
    private(set) var writes: [Write] = []
    private(set) var notes: [Note] = []

    /// - Parameter keeps: leftovers that stay for now.
    init(
        _ mirror: P2PMirror,
        _ snapshot: Snapshot,
        _ leftovers: Leftovers,
        keeps: (Leftovers.Leftover) -> Bool = { _ in false }
    ) {
        let name = mirror.metadata.name
        self.mirror = name
        owner = mirror.controllerReference()
        // A MirrorNode has one name and one owner; two mirrors may compose the same name from different parts.
        taken = Dictionary(
            snapshot.mirrorNodes.lazy.filter { $0.spec.mirrorName != name }
                .map { ($0.metadata.name, $0.spec.mirrorName) },
            uniquingKeysWith: { first, _ in first }
        )
        for leftover in leftovers.all where !keeps(leftover) {
            let metadata = leftover.object.metadata
            writes.append(.deleteMirrorNode(name: metadata.name, uid: metadata.uid, reason: leftover.reason))
        }
    }

    /// Makes the MirrorNode of a node what `spec` says.
    ///
    /// - Parameters:
    ///   - present: the one that this mirror has for the node.
    ///   - spec: what it is to be, from what there is; the approval does not count.
    /// - Returns: whether it is so already.
    mutating func apply(
        to node: String,
        uid: String,
        present: MirrorNode?,
        spec: (MirrorNode?) -> MirrorNodeSpec
    ) -> Bool {
        let name = Names.mirrorNode(mirror: mirror, node: node)
        if let other = taken[name] {
            let message = "The MirrorNode \(name) belongs to the mirror \(other): rename one of the two mirrors"
            notes.append(Note(.warning, node: node, reason: .conflict, message: message))
            return false
        }
        let present = present.flatMap { $0.metadata.name == name ? $0 : nil }
        // One of an earlier Node goes first; the new one comes with the next pass.
        if let present, present.spec.nodeUID != uid || present.metadata.deletionTimestamp != nil { return false }
        let spec = spec(present)
        let labels = [LabelKey.mirror: Names.labelValue(mirror), LabelKey.node: Names.labelValue(node)]
        if let present, isSame(present, spec, labels) { return true }
        let intent = MirrorNodeIntent(name: name, labels: labels, owner: owner, spec: spec)
        writes += Write.records(intent, present: present?.spec)
        return false
    }

    private func isSame(_ present: MirrorNode, _ spec: MirrorNodeSpec, _ labels: [String: String]) -> Bool {
        var bare = present.spec
        bare.approval = nil
        return bare == spec && labels.allSatisfy { present.metadata.labels[$0.key] == $0.value }
            && present.metadata.ownerReferences.contains { $0.uid == owner.uid }
    }
}
