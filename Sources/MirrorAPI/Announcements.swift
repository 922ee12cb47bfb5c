package import KubeCore

/// What announcements have in common for those who write and those who read them.
package enum Announcements {
    /// The namespace of all announcements: nothing else stands there, so that whoever may write one can write nothing
    /// else.
    package static let namespace = "p2pmirror-node-lease"

    /// From one renewal to the next, in seconds: no more than a mirror may ask for.
    package static let intervals = 1...3_600

    /// Twice the interval, so that one renewal may get lost.
    package static func timeToLiveSeconds(_ intervalSeconds: Int) -> Int { 2 * intervalSeconds.bounded(to: intervals) }

    /// The selector of a mirror's announcements, as it stands in a request. The disruption Lease has no such label.
    package static func query(mirror: String) -> String { "\(LabelKey.mirror)=\(Names.labelValue(mirror))" }

    /// The selector of the announcements of all mirrors.
    package static var query: String { "\(LabelKey.mirror),\(LabelKey.node)" }

    /// Why a seed has said goodbye; nil while it is there.
    package static func goodbye(_ lease: Lease) -> String? {
        guard lease.spec?.holderIdentity?.isEmpty ?? true else { return nil }
        return lease.metadata.annotations[AnnotationKey.goodbye] ?? "it gives no reason"
    }
}

extension AnnotationKey {
    /// On the Lease of a seed that has said goodbye: why.
    package static let goodbye = "p2pmirror.io/goodbye"
}

extension FieldManager {
    /// The Lease of a seed's announcements.
    package static let announcement = "p2pmirror-announcement"
}
