package import KubeCore
package import MirrorAPI

/// One seed of a mirror: what is known of it, and what the operator remembers of it.
package struct Seed: Hashable, Sendable {
    /// What the provider's lever shows.
    package enum Lever: Hashable, Sendable {
        case published
        /// Out of the set; only what carries our mark is ever published again.
        case withdrawn(isOurs: Bool)
        /// There is nothing that could be published: the Node is gone.
        case gone
    }

    /// Name of its node; unique.
    package var name: String
    package var zone: String?
    /// Whether the node is a server, which must be able to ask another seed.
    package var isServer: Bool
    package var lever: Lever
    package var evidence: Evidence
    /// Our own step restarts it now: that its daemon is away is no surprise.
    package var isBeingChanged: Bool
    /// Value of `AnnotationKey.readmit`.
    package var readmit: String?
    /// `MirrorNode.status.candidate`, unless it is of another Node of that name.
    package var record: MirrorNodeStatus.Candidate?
    /// Whether its object carries our mark, whatever the lever shows: we took this very one out.
    package var isMarked: Bool
    /// Since when there is a MirrorNode of this Node; nil where that is not known.
    package var recordedSince: Timestamp?
    /// Whether there is a MirrorNode of this Node to remember anything in. Nothing is done to a seed without one.
    package var isRecordable: Bool
    /// Who else manages the node, where that keeps us from touching it.
    package var manager: String?

    package init(
        name: String,
        zone: String? = nil,
        isServer: Bool = true,
        lever: Lever = .published,
        evidence: Evidence,
        isBeingChanged: Bool = false,
        readmit: String? = nil,
        record: MirrorNodeStatus.Candidate? = nil,
        isMarked: Bool = false,
        recordedSince: Timestamp? = nil,
        isRecordable: Bool = true,
        manager: String? = nil
    ) {
        self.name = name
        self.zone = zone
        self.isServer = isServer
        self.lever = lever
        self.evidence = evidence
        self.isBeingChanged = isBeingChanged
        self.readmit = readmit
        self.record = record
        self.isMarked = isMarked
        self.recordedSince = recordedSince
        self.isRecordable = isRecordable
        self.manager = manager
    }

    var isPublished: Bool { lever == .published }
    var isOut: Bool { lever == .withdrawn(isOurs: true) }
    var isExcluded: Bool { evidence.node?.exclusion != nil }
    /// Whether it counts as a seed: one that an administrator took out by hand does not.
    var isMember: Bool { !isExcluded && lever != .withdrawn(isOurs: false) }
    var isReady: Bool { evidence.node?.isReady == true && evidence.node?.isDeleting == false }

    /// Whether its daemon has answered all probes later than that, and still does.
    func hasAnswered(since start: Timestamp, _ now: Moment) -> Bool {
        !evidence.probes.isEmpty
            && evidence.probes.allSatisfy { $0.lastError == nil && $0.at > start && $0.isCurrent(now) }
    }

    /// Whether it should answer as far as the API server knows, whatever it is to the set.
    var shouldAnswer: Bool { isReady && !isBeingChanged && evidence.pod?.isDeleting != true }

    /// Whether its being unwell would be a surprise: it is not gone, going, cordoned, excluded or being changed.
    var isExpectedToAnswer: Bool {
        guard let node = evidence.node, isMember, !isBeingChanged else { return false }
        return !node.isCordoned && !node.isDeleting && evidence.pod?.isDeleting != true
    }
}

extension Seed {
    /// What the set's memory tells of the seed and its own record does not yet: it was taken out, and nobody came to
    /// write that down. Nil where there is nothing of that kind; what was remembered of an earlier Node of its name is
    /// none.
    func recalled(from eviction: P2PMirrorStatus.Eviction) -> MirrorNodeStatus.Candidate? {
        guard isRecordable, eviction.until == nil, record?.state != .evicted, record?.state != .probation,
            lever != .withdrawn(isOurs: false)
        else { return nil }
        guard isOut || isMarked || recordedSince.map({ $0 < eviction.since }) == true else { return nil }
        return MirrorNodeStatus.Candidate(
            state: .evicted,
            since: eviction.since,
            illSince: record?.illSince ?? eviction.since,
            ejections: eviction.count,
            reason: eviction.reason,
            message: eviction.message
        )
    }
}
