import KubeCore
import MirrorAPI
import MirrorPlanner

/// A seed as it really is, of which the operator sees only what its sources tell.
struct TrueSeed {
    enum Label {
        case on
        case off
        case foreign
        case gone
    }

    var name: String
    var zone: String
    var label = Label.on
    var record: MirrorNodeStatus.Candidate?
    /// Whether it carries our mark; a service that publishes it again leaves that.
    var isMarked = false
    /// Since when there is a MirrorNode of this Node.
    var recordedAt = -100_000

    var isReady = true
    var isDaemonUp = true
    var hasDiskPressure = false
    var diskPercent = 50
    var memoryPercent = 50
    var ioPercent = 5
    var isCordoned = false
    var isExcluded = false
    var isBeingChanged = false
    var hasAgent = true
    var hasProbe = true
    /// Whether its daemon is a pod, which the API server shows to be ready or not.
    var hasPod = false
    var isServer = true
    /// When its probes and renewals fall within their period.
    var phase = 0

    /// When its agent renewed its Lease last.
    var renewedAt = 0

    /// When it turned bad or good last, and when this illness began: a shorter recovery than `healthyForSeconds` does
    /// not end it.
    var turnedAt = -100_000
    var illFrom: Int?
    var wasBad = false
    /// The same of what the API server shows at once.
    var plainlyTurnedAt = -100_000
    var wasPlainlyBad = false
    /// When it left the set last by our act.
    var leftAt: Int?
    var wasPressed = false

    init(_ name: String, zone: String = "a", phase: Int = 0) {
        self.name = name
        self.zone = zone
        self.phase = phase
    }

    var isOurs: Bool { label == .on || label == .off }

    /// Whether anything is wrong with it; a seed that is out has the lower threshold for its disk.
    var isBad: Bool {
        guard label != .gone else { return true }
        let isOut = record?.state == .evicted || record?.state == .probation
        let limit = isOut || record?.reason == "DiskFull" ? 82 : 85
        let figures = hasAgent && (diskPercent >= limit || memoryPercent <= 5 || ioPercent >= 60)
        let daemon = !isDaemonUp && (hasAgent || hasProbe || hasPod)
        return !isReady || daemon || hasDiskPressure || figures || isExcluded
    }

    var isPlainlyBad: Bool { isExcluded || hasDiskPressure || (!isReady && !isBeingChanged) }

    /// Brings the clocks of the truth up to date.
    mutating func note(_ now: Int, healthyFor: Int) {
        if isPlainlyBad != wasPlainlyBad {
            wasPlainlyBad = isPlainlyBad
            plainlyTurnedAt = now
        }
        guard isBad != wasBad else { return }
        // Probes and announcements show a recovery later than it comes.
        if isBad, illFrom == nil || now - turnedAt >= healthyFor + 60 { illFrom = now }
        wasBad = isBad
        turnedAt = now
    }

    func node() -> NodeEvidence? {
        guard label != .gone else { return nil }
        var complaints: [Node.Condition] = []
        if !isReady { complaints.append(.init(type: "Ready", status: "Unknown", reason: "NodeStatusUnknown")) }
        if hasDiskPressure { complaints.append(.init(type: "DiskPressure", status: "True")) }
        return NodeEvidence(
            isReady: isReady,
            complaints: complaints,
            isCordoned: isCordoned,
            exclusion: isExcluded ? "spinning disk" : nil
        )
    }

    func pod() -> PodEvidence? {
        guard hasPod else { return nil }
        return label == .gone ? .absent : PodEvidence(isReady: isDaemonUp)
    }

    var lever: Seed.Lever {
        switch label {
        case .on: .published
        case .off: .withdrawn(isOurs: true)
        case .foreign: .withdrawn(isOurs: false)
        case .gone: .gone
        }
    }
}
