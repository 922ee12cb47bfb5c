import MirrorPlanner

/// One call that stands for `AnnouncePeer`, which upstream is a stream: a peer asks where it gets a task.
struct SchedulerRegistration: Codable, Hashable, Sendable {
    static let path = "/sandbox.Scheduler/Register"

    var hostID: String
    var peerID: String
    var taskID: String
    /// Bytes of the task.
    var size: Int64
    /// Parents that it has tried in vain.
    var blocked: [String]

    init(hostID: String, peerID: String, taskID: String, size: Int64 = 0, blocked: [String] = []) {
        self.hostID = hostID
        self.peerID = peerID
        self.taskID = taskID
        self.size = size
        self.blocked = blocked
    }
}

/// Where a peer gets its task.
struct SchedulerDirections: Codable, Hashable, Sendable {
    struct Parent: Codable, Hashable, Sendable {
        var peerID: String
        var ip: String
        var isSeed: Bool
    }

    /// None: from the source.
    var parents: [Parent]
    var reason: String
}

/// How a peer's task ended.
struct SchedulerReport: Codable, Hashable, Sendable {
    static let path = "/sandbox.Scheduler/Report"

    enum Outcome: String, Codable, Sendable {
        case succeeded, failed, left
    }

    var hostID: String
    var peerID: String
    var taskID: String
    var outcome: Outcome
    var sourceBytes: Int64
    var peerBytes: Int64

    init(
        hostID: String,
        peerID: String,
        taskID: String,
        outcome: Outcome,
        sourceBytes: Int64 = 0,
        peerBytes: Int64 = 0
    ) {
        self.hostID = hostID
        self.peerID = peerID
        self.taskID = taskID
        self.outcome = outcome
        self.sourceBytes = sourceBytes
        self.peerBytes = peerBytes
    }
}

extension SchedulerState {
    /// What a scheduler does next for a peer that waits.
    enum Step: Hashable, Sendable {
        case directions(SchedulerDirections)
        case wait(Duration)
    }

    /// Takes a peer; the address of the seed that is to be asked for the task, where one is.
    mutating func register(
        _ call: SchedulerRegistration,
        now: Duration
    ) throws(Refusal) -> String? {
        guard let host = entries[call.hostID]?.host else {
            throw Refusal(code: 5, message: "host \(call.hostID) not found")
        }
        var task = tasks[call.taskID] ?? SchedulerTask()
        defer { tasks[call.taskID] = task }
        var peer = task.peers[call.peerID] ?? SchedulerPeer(hostID: call.hostID, updatedAt: now)
        peer.rounds = 0
        peer.state = .received
        peer.blocked.formUnion(call.blocked)
        peer.updatedAt = now
        var trigger: String?
        if host.isSeed {
            figures.registeredBySeeds += 1
            peer.needsSource = "a seed takes what nobody has from the source"
        } else if call.blocked.isEmpty {
            figures.registered += 1
            if !task.hasAvailablePeer { trigger = seed(for: call.taskID, task, &peer, now: now) }
        }
        task.peers[call.peerID] = peer
        if task.state != .succeeded { task.state = .running }
        return trigger
    }

    /// The seed that is to be asked; nil where none is, and then the peer may have to go to the source at once.
    private mutating func seed(
        for id: String,
        _ task: SchedulerTask,
        _ peer: inout SchedulerPeer,
        now: Duration
    ) -> String? {
        if line.looksForAvailable, ring.isEmpty {
            peer.needsSource = "no seed peer available"
            return nil
        }
        if let failed = task.seedFailedAt, now - failed < scale.seedFailure {
            peer.needsSource = "the seed peer of the task has failed"
            return nil
        }
        figures.triggers += 1
        guard let seed = ring.member(for: id) else {
            // Up to 2.4.1 the client waits for what nobody gets.
            figures.failedTriggers += 1
            return nil
        }
        return seed
    }

    /// A seed could not be asked, or ended with an error: its peer, where there is one, has said so itself.
    mutating func noteFailedTrigger() { figures.failedTriggers += 1 }

    /// Looks once for parents of a peer.
    mutating func step(
        _ call: SchedulerRegistration,
        now: Duration,
        using generator: inout some RandomNumberGenerator
    ) throws(Refusal) -> Step {
        guard var task = tasks[call.taskID], var peer = task.peers[call.peerID] else {
            throw Refusal(code: 5, message: "peer \(call.peerID) not found")
        }
        defer {
            task.peers[call.peerID] = peer
            tasks[call.taskID] = task
        }
        let isSeed = entries[peer.hostID]?.host.isSeed ?? false
        if let reason = peer.needsSource ?? exhausted(peer) {
            peer.state = .backToSource
            if !isSeed { figures.backToSource += 1 }
            return .directions(SchedulerDirections(parents: [], reason: reason))
        }
        guard peer.rounds < settings.retryLimit else {
            peer.state = .failed
            throw Refusal(code: 9, message: "scheduling exceeded RetryLimit")
        }
        let parents = candidates(for: call.peerID, peer, task, using: &generator)
        guard !parents.isEmpty else {
            figures.noCandidates += 1
            peer.rounds += 1
            return .wait(settings.retryInterval * Double.random(in: 0.75...1.25, using: &generator))
        }
        peer.state = .running
        for parent in parents { task.peers[parent.peerID]?.uploads += 1 }
        return .directions(SchedulerDirections(parents: parents, reason: "candidate parents"))
    }

    private func exhausted(_ peer: SchedulerPeer) -> String? {
        let limit = settings.retryBackToSourceLimit
        return peer.rounds >= limit ? "scheduling exceeded RetryBackToSourceLimit \(limit)" : nil
    }

    /// Up to `candidateParents` of up to `filteredParents` peers, taken at random, the best ones first.
    private func candidates(
        for id: String,
        _ peer: SchedulerPeer,
        _ task: SchedulerTask,
        using generator: inout some RandomNumberGenerator
    ) -> [SchedulerDirections.Parent] {
        // In an order of their own first, so that one seed of the generator gives one result.
        let known = task.peers.sorted { $0.key < $1.key }.shuffled(using: &generator).prefix(settings.filteredParents)
        let fit = known.filter { isFit($0.key, $0.value, for: id, peer) }
        let ranked = fit.sorted { score($0.value) > score($1.value) }.prefix(settings.candidateParents)
        return ranked.compactMap { parent in
            entries[parent.value.hostID].map {
                SchedulerDirections.Parent(peerID: parent.key, ip: $0.host.ip, isSeed: $0.host.isSeed)
            }
        }
    }

    /// `filterCandidateParents`: neither disk nor health nor load of a host is asked for.
    private func isFit(_ id: String, _ parent: SchedulerPeer, for child: String, _ peer: SchedulerPeer) -> Bool {
        guard id != child, !peer.blocked.contains(id), parent.hostID != peer.hostID,
            let host = entries[parent.hostID]?.host, !host.disableShared
        else { return false }
        switch parent.state {
        case .failed, .received: return false
        case .backToSource, .succeeded: return true
        // A normal host that gets it from nobody has nothing to give.
        case .running: return host.isSeed
        }
    }

    /// What of upstream's score can be told here: the type of the host, and how many were sent to it.
    private func score(_ peer: SchedulerPeer) -> Double {
        let isSeed = entries[peer.hostID]?.host.isSeed ?? false
        let type = isSeed ? (peer.state == .succeeded ? 0 : 1) : 0.5
        return 0.1 * type + 0.12 / Double(1 + peer.uploads)
    }

    /// Takes how a peer's task ended.
    mutating func finish(_ report: SchedulerReport, now: Duration) {
        let isSeed = entries[report.hostID]?.host.isSeed ?? report.hostID.hasSuffix("-seed")
        if isSeed {
            figures.seedBytes += report.sourceBytes
        } else {
            figures.sourceBytes += report.sourceBytes
            figures.peerBytes += report.peerBytes
        }
        guard tasks[report.taskID]?.peers[report.peerID] != nil else { return }
        switch report.outcome {
        case .succeeded:
            tasks[report.taskID]?.peers[report.peerID]?.state = .succeeded
            tasks[report.taskID]?.state = .succeeded
        case .failed:
            tasks[report.taskID]?.peers[report.peerID]?.state = .failed
            if isSeed { tasks[report.taskID]?.seedFailedAt = now }
            if tasks[report.taskID]?.hasAvailablePeer == false { tasks[report.taskID]?.state = .failed }
        case .left: tasks[report.taskID]?.peers[report.peerID] = nil
        }
        tasks[report.taskID]?.peers[report.peerID]?.updatedAt = now
    }
}
