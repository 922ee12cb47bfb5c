import KubeCore
import MirrorAPI

/// Which MirrorNodes of a mirror of Spegel must be written or deleted: one for each selected node, in which is
/// remembered what is decided about its peer.
struct SpegelMirrorNodes {
    /// Deletions first, then what is to be applied, each by name.
    private(set) var records: [Write] = []
    private(set) var notes: [Note] = []

    init(_ fleet: SpegelFleet, _ snapshot: Snapshot, _ leftovers: Leftovers) {
        for leftover in leftovers.all {
            let object = leftover.object
            records.append(
                .deleteMirrorNode(name: object.metadata.name, uid: object.metadata.uid, reason: leftover.reason)
            )
        }
        let objects = Dictionary(
            snapshot.mirrorNodes.map { ($0.metadata.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let owner = fleet.mirror.controllerReference()
        for place in fleet.places { apply(place, fleet, owner, objects) }
    }

    private mutating func apply(
        _ place: SpegelFleet.Place,
        _ fleet: SpegelFleet,
        _ owner: OwnerReference,
        _ objects: [String: MirrorNode]
    ) {
        let mirror = fleet.mirror.metadata.name
        let name = Names.mirrorNode(mirror: mirror, node: place.name)
        let present = objects[name]
        if let present, present.spec.mirrorName != mirror {
            let message =
                "The MirrorNode \(name) belongs to the mirror \(present.spec.mirrorName): rename one of the two mirrors"
            notes.append(Note(.warning, node: place.name, reason: .conflict, message: message))
            return
        }
        // One of an earlier Node goes first; the new one comes with the next pass.
        if let present, present.spec.nodeUID != place.uid || present.metadata.deletionTimestamp != nil { return }
        let labels = [LabelKey.mirror: Names.labelValue(mirror), LabelKey.node: Names.labelValue(place.name)]
        let spec = MirrorNodeSpec(
            mirrorName: mirror,
            nodeName: place.name,
            nodeUID: place.uid,
            provider: .spegel,
            role: .agent,
            deletionPolicy: fleet.mirror.spec.deletionPolicy == .restore ? .restore : nil,
            containerd: fleet.containerdWish(of: place)
        )
        if let present, present.spec == spec, labels.allSatisfy({ present.metadata.labels[$0.key] == $0.value }),
            present.metadata.ownerReferences.contains(where: { $0.uid == owner.uid })
        {
            return
        }
        let intent = MirrorNodeIntent(name: name, labels: labels, owner: owner, spec: spec)
        records += Write.records(intent, present: present?.spec)
    }
}
