/// A task as a scheduler knows it: who has it, and how far.
struct SchedulerTask: Hashable, Sendable {
    /// dragonflyoss/dragonfly `scheduler/resource/standard/task.go`.
    enum State: String, Hashable, Sendable {
        case pending = "Pending"
        case running = "Running"
        case succeeded = "Succeeded"
        case failed = "Failed"
    }

    var state = State.pending
    var peers: [String: SchedulerPeer] = [:]
    /// When its seed failed last.
    var seedFailedAt: Duration?

    /// Whether somebody has it, or is getting it: no seed is asked then.
    var hasAvailablePeer: Bool { peers.values.contains(where: \.isAvailable) }
}

/// One host's copy of a task.
struct SchedulerPeer: Hashable, Sendable {
    /// dragonflyoss/dragonfly `scheduler/resource/standard/peer.go`.
    enum State: Hashable, Sendable {
        case received, running, backToSource, succeeded, failed
    }

    var hostID: String
    var state = State.received
    /// Peers that it has tried in vain.
    var blocked: Set<String> = []
    /// Whether it is to go to the source at once, and why.
    var needsSource: String?
    /// Rounds without a parent.
    var rounds = 0
    var updatedAt: Duration
    /// Children that were sent to it.
    var uploads = 0

    var isAvailable: Bool { state == .running || state == .backToSource || state == .succeeded }
}

/// What a scheduler counts; a part of it is in its metrics.
struct SchedulerFigures: Codable, Hashable, Sendable {
    /// Registered peers of normal hosts, and of seeds.
    var registered = 0
    var registeredBySeeds = 0
    /// Log lines "can not find candidate parents".
    var noCandidates = 0
    /// Normal peers that were sent to the source.
    var backToSource = 0
    /// Tasks that a seed was asked for, and those that it did not get.
    var triggers = 0
    var failedTriggers = 0
    var announcements = 0
    var departures = 0
    var listings = 0
    /// Looks for hosts that have been silent for too long.
    var collections = 0
    /// Bytes that normal hosts reported, by where they came from.
    var sourceBytes: Int64 = 0
    var peerBytes: Int64 = 0
    /// Bytes that seeds took from the source.
    var seedBytes: Int64 = 0
    /// Members of the ring: addresses of seeds that are asked for tasks.
    var ring: [String] = []
    var hosts: [String] = []

    init() {}
}
