package import KubeCore
import MirrorAPI

/// What there is of Spegel in the cluster that may concern one mirror.
package struct SpegelEvidence: Codable, Hashable, Sendable {
    /// Objects with the label of the application, of the mirror's namespace or with the mirror's mark.
    package var objects: [ManagedObject]
    /// Pods with the label of the application, likewise.
    package var pods: [Pod]
    /// What peers that have found nobody say of themselves, by node.
    package var peers: [String: PeerReading]
    /// Why that may be out of date, in words; nil while it is known to be fresh. Nothing is done on it then.
    package var staleness: String?
    /// Whether a live look found nothing of the adopted release, by whatever name its chart goes; nil where nobody
    /// looked, or could.
    package var isReleaseGone: Bool?
    /// Why the controller of DaemonSets can make no pods, in its own words; nil where it can, or where that is not
    /// known.
    package var podRefusal: String?

    package init(
        objects: [ManagedObject] = [],
        pods: [Pod] = [],
        peers: [String: PeerReading] = [:],
        staleness: String? = nil,
        isReleaseGone: Bool? = nil,
        podRefusal: String? = nil
    ) {
        self.objects = objects
        self.pods = pods
        self.peers = peers
        self.staleness = staleness
        self.isReleaseGone = isReleaseGone
        self.podRefusal = podRefusal
    }
}

extension SpegelEvidence {
    /// The objects that carry the mark of the mirror.
    func objects(of mirror: P2PMirror) -> [ManagedObject] {
        let names = SpegelNames(mirror)
        return objects.filter { names.owns($0.metadata) }
    }

    /// The same with those objects as they are now.
    func with(objects live: [ManagedObject], of mirror: P2PMirror) -> SpegelEvidence {
        let names = SpegelNames(mirror)
        var evidence = self
        evidence.objects = objects.compactMap { object in
            guard names.owns(object.metadata) else { return object }
            return live.first { $0.resource == object.resource && $0.key == object.key }
        }
        return evidence
    }
}
