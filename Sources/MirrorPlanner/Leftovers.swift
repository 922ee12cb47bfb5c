import KubeCore
import MirrorAPI

/// MirrorNodes of a mirror that are for no node that it selects.
struct Leftovers {
    struct Leftover {
        var object: MirrorNode
        /// `nodeGone`, `nodeReplaced` or `nodeNotSelected`.
        var reason: Reason
    }

    /// In ascending order of names.
    let all: [Leftover]
    /// Names of nodes that are there, on record, and selected no longer, in ascending order.
    let leaving: [String]
    /// How many MirrorNodes there are of nodes that are there, those that are leaving among them.
    let recordedCount: Int

    /// - Parameter selected: UIDs of the selected nodes, by name.
    init(_ mirror: String, _ snapshot: Snapshot, selected: [String: String]) {
        var own = 0
        var found: [MirrorNode] = []
        for object in snapshot.mirrorNodes
        where object.spec.mirrorName == mirror && object.metadata.deletionTimestamp == nil {
            own += 1
            let isNamedRightly = object.metadata.name == Names.mirrorNode(mirror: mirror, node: object.spec.nodeName)
            if selected[object.spec.nodeName] != object.spec.nodeUID || !isNamedRightly { found.append(object) }
        }
        guard !found.isEmpty else {
            (all, leaving, recordedCount) = ([], [], own)
            return
        }
        let present = Dictionary(
            snapshot.nodes.map { ($0.metadata.name, $0.metadata.uid ?? "") },
            uniquingKeysWith: { first, _ in first }
        )
        let leftovers = found.sorted { $0.metadata.name < $1.metadata.name }.map { object in
            let uid = present[object.spec.nodeName]
            let reason: Reason = uid == nil ? .nodeGone : uid != object.spec.nodeUID ? .nodeReplaced : .nodeNotSelected
            return Leftover(object: object, reason: reason)
        }
        all = leftovers
        leaving = leftovers.filter { $0.reason == .nodeNotSelected && selected[$0.object.spec.nodeName] == nil }
            .map(\.object.spec.nodeName).sorted()
        recordedCount = own - leftovers.count { $0.reason != .nodeNotSelected }
    }
}
