import KubeCore
import MirrorAPI

extension SpegelFleet {
    /// What the MirrorNodes are to say: one for each selected node, in which is remembered what is decided about its
    /// peer.
    func mirrorNodes(_ snapshot: Snapshot, _ leftovers: Leftovers) -> MirrorNodeRecords {
        var records = MirrorNodeRecords(mirror, snapshot, leftovers)
        let all = snapshot.mirrorNodes
        // By name, not by the Node: one of an earlier Node of that name is to be seen.
        let numbers = Dictionary(
            all.indices.lazy.filter { all[$0].spec.mirrorName == mirror.metadata.name }
                .map { (all[$0].metadata.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        for place in places {
            let present = numbers[Names.mirrorNode(mirror: mirror.metadata.name, node: place.name)].map { all[$0] }
            _ = records.apply(to: place.name, uid: place.uid, present: present) { _ in
                MirrorNodeSpec(
                    mirrorName: mirror.metadata.name,
                    nodeName: place.name,
                    nodeUID: place.uid,
                    provider: mirror.spec.provider,
                    role: .agent,
                    deletionPolicy: mirror.spec.deletionPolicy == .restore ? .restore : nil,
                    containerd: containerdWish(of: place)
                )
            }
        }
        return records
    }
}
