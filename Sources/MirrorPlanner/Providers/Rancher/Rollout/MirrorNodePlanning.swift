import KubeCore
import MirrorAPI

/// Which MirrorNodes of a mirror of a distribution must be written or deleted.
struct MirrorNodePlanning {
    private var nodes: MirrorNodeRecords
    /// Whether every server's MirrorNode is as it should be.
    private(set) var serversAreCurrent = true

    var records: [Write] { nodes.writes }
    var notes: [Note] { nodes.notes }

    init(_ assessment: Assessment, _ snapshot: Snapshot, _ leftovers: Leftovers, frozen: String?) {
        let fleet = assessment.fleet
        let specs = MirrorNodeSpecs(assessment, frozen: frozen)
        nodes = MirrorNodeRecords(fleet.mirror, snapshot, leftovers) { leftover in
            // A step that is claimed is seen through, unless the Node it is about is really gone.
            leftover.reason == .nodeNotSelected && leftover.object.spec.nodeName == frozen && leftover.object.isClaimed
        }
        for number in fleet.selectedServers {
            let node = fleet.servers[number]
            let isCurrent = nodes.apply(to: node.name, uid: node.uid, present: fleet.mirrorNode(named: node.name)) {
                specs.spec(of: node, number, nil, $0)
            }
            if !isCurrent { serversAreCurrent = false }
        }
        for (number, node) in fleet.agents.enumerated() {
            _ = nodes.apply(to: node.name, uid: node.uid, present: fleet.mirrorNode(named: node.name)) {
                specs.spec(of: node, nil, number, $0)
            }
        }
    }

    /// `<count>-<hash>`: the count makes going back to an earlier setting a revision of its own. It begins anew after
    /// one that is none, or the last.
    static func revision(after present: String?, _ desired: MirrorNodeSpec.Desired?) -> String {
        let count = present?.split(separator: "-").first.flatMap { Int($0) } ?? 0
        let next = (0..<MirrorNodeSpec.lastRevisionCount).contains(count) ? count + 1 : 1
        return "\(next)-\(StableHash.short(desired?.effect ?? "none"))"
    }

    /// Whether the definitions refuse a revision that an older one let through: no MirrorNode with it can be written.
    static func isCountTooLong(_ revision: String) -> Bool {
        (revision.utf8.firstIndex(of: UInt8(ascii: "-"))?.utf16Offset(in: revision) ?? 0) > 18
    }
}
