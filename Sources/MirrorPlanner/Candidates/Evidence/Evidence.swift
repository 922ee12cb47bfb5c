package import KubeCore

/// What is known of one seed, piece by piece as its source tells it. Nothing in it is a judgement.
///
/// A piece that has no source for this seed is nil: no agent, no pod, no probe. One whose source is silent is there,
/// with its time.
package struct Evidence: Hashable, Sendable {
    /// Nil where the Node is gone.
    package var node: NodeEvidence?
    /// Nil where the daemon is no pod.
    package var pod: PodEvidence?
    package var figures: Figures?
    package var probes: [ProbeReading]
    package var announcement: Announcement?

    package init(
        node: NodeEvidence?,
        pod: PodEvidence? = nil,
        figures: Figures? = nil,
        probes: [ProbeReading] = [],
        announcement: Announcement? = nil
    ) {
        self.node = node
        self.pod = pod
        self.figures = figures
        self.probes = probes
        self.announcement = announcement
    }

    /// Whether that signal tells of this seed at all.
    func has(_ signal: Signal) -> Bool {
        switch signal {
        case .nodes: node != nil
        case .pods: pod != nil
        case .figures: figures != nil
        case .probes: !probes.isEmpty
        case .announcements: announcement != nil
        }
    }
}

/// What the API server has of a seed's Node.
package struct NodeEvidence: Hashable, Sendable {
    package var isReady: Bool
    /// Those of the five conditions that tell of something wrong, with the kubelet's own reason, message and time.
    package var complaints: [Node.Condition]
    package var isCordoned: Bool
    package var isDeleting: Bool
    /// Why the administrator excludes it; nil where nobody does.
    package var exclusion: String?

    package init(
        isReady: Bool = true,
        complaints: [Node.Condition] = [],
        isCordoned: Bool = false,
        isDeleting: Bool = false,
        exclusion: String? = nil
    ) {
        self.isReady = isReady
        self.complaints = complaints
        self.isCordoned = isCordoned
        self.isDeleting = isDeleting
        self.exclusion = exclusion
    }

    package init(_ node: Node) {
        isReady = node.isReady
        complaints = (node.status?.conditions ?? []).filter {
            NodeConditionType(rawValue: $0.type)?.isComplaint($0.status) == true
        }
        let ready = NodeConditionType.ready.rawValue
        if !isReady, !complaints.contains(where: { $0.type == ready }) {
            complaints.append(Node.Condition(type: ready, status: "Unknown"))
        }
        isCordoned = node.isCordoned
        isDeleting = node.metadata.deletionTimestamp != nil
        exclusion = node.metadata.annotations["p2pmirror.io/exclude"]
    }
}

/// What the API server has of the pod that is a seed.
package struct PodEvidence: Hashable, Sendable {
    /// False where the provider wants a pod there and none is.
    package var isPresent: Bool
    package var isReady: Bool
    package var isDeleting: Bool
    package var isCrashLooping: Bool
    /// The container's own words for why it waits or ended.
    package var complaint: String?

    package init(
        isPresent: Bool = true,
        isReady: Bool = true,
        isDeleting: Bool = false,
        isCrashLooping: Bool = false,
        complaint: String? = nil
    ) {
        self.isPresent = isPresent
        self.isReady = isReady
        self.isDeleting = isDeleting
        self.isCrashLooping = isCrashLooping
        self.complaint = complaint
    }

    /// Where a pod is wanted and none is.
    package static let absent = PodEvidence(isPresent: false, isReady: false)
}

/// What the agent measures on the node, in whole percent; nil where it cannot tell.
package struct Figures: Hashable, Sendable {
    /// From where to where the daemon cleans its own disk up.
    package struct CleanUp: Hashable, Sendable {
        package var beginsAtPercent: Int
        package var endsAtPercent: Int

        package init(beginsAtPercent: Int, endsAtPercent: Int) {
            self.beginsAtPercent = beginsAtPercent
            self.endsAtPercent = endsAtPercent
        }
    }

    /// The last sign of life of that agent that we saw ourselves, a renewal or a report, on the clock of the decision,
    /// rounded up; long ago where there was none since the start. Figures change rarely, so that their own time says
    /// nothing.
    package var at: Timestamp
    package var diskUsedPercent: Int?
    package var inodesUsedPercent: Int?
    package var memoryAvailablePercent: Int?
    package var ioPressurePercent: Int?
    package var networkErrorPercent: Int?
    package var fileDescriptorsUsedPercent: Int?
    package var cleanUp: CleanUp?

    package init(
        at: Timestamp,
        diskUsedPercent: Int? = nil,
        inodesUsedPercent: Int? = nil,
        memoryAvailablePercent: Int? = nil,
        ioPressurePercent: Int? = nil,
        networkErrorPercent: Int? = nil,
        fileDescriptorsUsedPercent: Int? = nil,
        cleanUp: CleanUp? = nil
    ) {
        self.at = at
        self.diskUsedPercent = diskUsedPercent
        self.inodesUsedPercent = inodesUsedPercent
        self.memoryAvailablePercent = memoryAvailablePercent
        self.ioPressurePercent = ioPressurePercent
        self.networkErrorPercent = networkErrorPercent
        self.fileDescriptorsUsedPercent = fileDescriptorsUsedPercent
        self.cleanUp = cleanUp
    }
}

extension Figures {
    /// The figure that a cause rests on; nil where it is not known, or the cause rests on none.
    func value(of kind: Cause.Kind) -> Int? {
        switch kind {
        case .diskFull: diskUsedPercent
        case .inodesExhausted: inodesUsedPercent
        case .memoryLow: memoryAvailablePercent
        case .ioPressure: ioPressurePercent
        case .networkErrors: networkErrorPercent
        case .fileDescriptorsUsed: fileDescriptorsUsedPercent
        default: nil
        }
    }
}

/// When a seed was heard of last.
package struct Announcement: Codable, Hashable, Sendable {
    /// The last renewal that we saw, on the clock of the decision, rounded up.
    package var heardAt: Timestamp
    /// How often this seed says that it renews.
    package var intervalSeconds: Int
    /// The daemon stopped in good order, and its agent said so.
    package var saidGoodbye: Bool
    /// Whether we saw it renew, and not only found it there after a start.
    package var isConfirmed: Bool

    package init(heardAt: Timestamp, intervalSeconds: Int, saidGoodbye: Bool = false, isConfirmed: Bool = true) {
        self.heardAt = heardAt
        self.intervalSeconds = intervalSeconds
        self.saidGoodbye = saidGoodbye
        self.isConfirmed = isConfirmed
    }

    /// When it is expired, if nothing is heard and nothing was missed since `start`.
    func deadline(from start: Timestamp) -> Timestamp { max(heardAt, start) + intervalSeconds.multiplied(by: 2) }

    /// When the next renewal is due, a network's usual delay included.
    func due(from start: Timestamp) -> Timestamp {
        max(heardAt, start) + intervalSeconds.adding(max(1, intervalSeconds / 10))
    }

    /// Whether a renewal is overdue.
    package func isLate(_ now: Moment, from start: Timestamp) -> Bool { due(from: start) < now.passed }
}
