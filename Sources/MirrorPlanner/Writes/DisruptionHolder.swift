package import KubeCore
import MirrorAPI

/// Who holds the right to disrupt.
package struct DisruptionHolder: Hashable, Sendable {
    package var mirror: String
    package var node: String
    package var revision: String
    /// How long a restart may take, in seconds: it outlives the mirror that says so. Nil where it is not known.
    package var deadlineSeconds: Int?
    /// UID of the MirrorNode that it is taken for; nil where it is not known.
    package var record: String?

    package init(
        mirror: String,
        node: String,
        revision: String,
        deadlineSeconds: Int? = nil,
        record: String? = nil
    ) {
        self.record = record
        self.mirror = mirror
        self.node = node
        self.revision = revision
        self.deadlineSeconds = deadlineSeconds
    }

    /// The holder that a Lease names; nil where nobody holds it. A Lease that is held without our annotations is held
    /// by somebody unknown, and respected: all three fields then are its holderIdentity.
    package init?(_ lease: Lease?) {
        guard let lease, let identity = lease.spec?.holderIdentity, !identity.isEmpty else { return nil }
        let annotations = lease.metadata.annotations
        mirror = annotations[AnnotationKey.holderMirror] ?? identity
        node = annotations[AnnotationKey.holderNode] ?? identity
        revision = annotations[AnnotationKey.holderRevision] ?? identity
        deadlineSeconds = annotations[AnnotationKey.holderDeadline].flatMap { Int($0) }
            .flatMap { (1...StepTimes.longestDeadlineSeconds).contains($0) ? $0 : nil }
        record = annotations[AnnotationKey.holderRecord]
    }

    /// Whether the Lease was taken for this MirrorNode, and not for one of that name before it.
    ///
    /// Where the Lease does not say, an older release took it; then the ages tell, though by two clocks.
    func isFor(_ object: MirrorNode, takenAt taken: Timestamp) -> Bool {
        if let record { return object.metadata.uid == record }
        return object.metadata.creationTimestamp.map { $0 <= taken } ?? true
    }

    /// As it stands in the Lease.
    package var identity: String { "\(mirror)/\(node)/\(revision)" }
}

extension AnnotationKey {
    /// On the disruption Lease: the seconds that the restart may take for which it is held.
    package static let holderDeadline = "p2pmirror.io/deadline"
    /// On the disruption Lease: UID of the MirrorNode for which it is held.
    package static let holderRecord = "p2pmirror.io/mirror-node"
}
