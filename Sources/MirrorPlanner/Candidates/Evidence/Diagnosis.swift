import KubeCore
import MirrorAPI

/// What the evidence on one seed comes to, doubted signals left out.
struct Diagnosis {
    /// What is wrong, the worst first.
    private(set) var causes: [Cause] = []
    /// Signals that should tell of this seed, and say nothing now: doubted, or silent on it. They neither accuse it nor
    /// clear it.
    private(set) var silent: Set<Signal> = []
    /// When something here changes though nothing is heard: an announcement expires, a doubt is over for long enough.
    private(set) var deadline: Timestamp?

    /// Whether it is away, and that is no surprise: we restart it ourselves.
    private(set) var isExcused = false

    private let context: CandidateContext
    private var settings: CandidateSettings { context.settings }
    private var now: Moment { context.now }

    init(_ seed: Seed, _ context: CandidateContext) {
        self.context = context
        let trust = context.trust
        // Of one that something is remembered against, a source that has not been read yet is silent too.
        silent = seed.record == nil ? context.doubted.filter { seed.evidence.has($0) } : context.doubted
        if let node = seed.evidence.node { look(at: node) }
        if let pod = seed.evidence.pod, trust.trusts(.pods) { look(at: pod) }
        if let figures = seed.evidence.figures, trust.trusts(.figures) { look(at: figures, seed) }
        if trust.trusts(.probes) { look(at: seed.evidence.probes, since: trust.since(.probes)) }
        if let announcement = seed.evidence.announcement, trust.trusts(.announcements) {
            look(at: announcement, of: seed, since: trust.since(.announcements))
        }
        if seed.isBeingChanged {
            let count = causes.count
            causes.removeAll { $0.isAbsence && $0.kind != .excluded }
            isExcused = causes.count < count
        }
        if causes.count > 1 { causes.sort(by: Cause.isWorse) }
    }

    var worst: Cause? { causes.first }

    private mutating func wake(_ time: Timestamp) { deadline = deadline.map { min($0, time) } ?? time }

    private mutating func add(_ kind: Cause.Kind, _ detail: String) {
        causes.append(Cause(kind: kind, detail: detail))
    }

    private mutating func look(at node: NodeEvidence) {
        if let why = node.exclusion {
            add(.excluded, "an administrator excludes it\(why.isEmpty ? "" : " (\(why))")")
        }
        if node.isDeleting { add(.nodeDeleting, "its Node is being deleted") }
        for complaint in node.complaints {
            switch NodeConditionType(rawValue: complaint.type) {
            case .diskPressure: add(.diskPressure, "its node is under DiskPressure\(words(of: complaint))")
            case .memoryPressure: add(.memoryPressure, "its node is under MemoryPressure\(words(of: complaint))")
            case .pidPressure: add(.pidPressure, "its node is under PIDPressure\(words(of: complaint))")
            case .networkUnavailable: add(.networkUnavailable, "its node has no network\(words(of: complaint))")
            case .ready: add(.nodeNotReady, "its node is not Ready\(words(of: complaint))")
            case nil: break
            }
        }
    }

    private func words(of complaint: Node.Condition) -> String {
        let words = [complaint.reason, complaint.message].compactMap { $0 }.filter { !$0.isEmpty }
        let since = complaint.lastTransitionTime.map { " since \($0)" } ?? ""
        return since + (words.isEmpty ? "" : " (\(words.joined(separator: ": ").prefix(200)))")
    }

    private mutating func look(at pod: PodEvidence) {
        let complaint = pod.complaint.map { " (\($0.prefix(200)))" } ?? ""
        if !pod.isPresent {
            add(.podGone, "its pod is gone")
        } else if pod.isDeleting {
            add(.podDeleting, "its pod is being deleted")
        } else if pod.isCrashLooping {
            add(.podCrashLooping, "its pod crashes again and again\(complaint)")
        } else if !pod.isReady {
            add(.podNotReady, "its pod is not Ready\(complaint)")
        }
    }

    private mutating func look(at figures: Figures, _ seed: Seed) {
        // An agent that shows no sign of life may have measured this a long time ago.
        let interval = seed.evidence.announcement?.intervalSeconds ?? settings.liveness.announceIntervalSeconds
        guard now.passed - figures.at <= interval.multiplied(by: 2) else {
            silent.insert(.figures)
            return
        }
        let health = settings.health
        // What it is or was unwell for can't be measured any more: that is no health.
        if let reason = seed.record?.reason, let kind = Cause.Kind(reason: reason), kind.signal == .figures,
            figures.value(of: kind) == nil
        {
            silent.insert(.figures)
        }
        if let used = figures.diskUsedPercent {
            let isReturning = hasLeft(seed, for: .diskFull)
            if used >= (isReturning ? health.disk.readmitBelowPercent : health.disk.evictAtPercent) {
                add(.diskFull, diskSentence(used, isReturning))
            }
        }
        if let used = figures.inodesUsedPercent, used >= health.inodes.evictAtPercent {
            add(
                .inodesExhausted,
                "\(used) % of the inodes of the mirror's volume are used (health.inodes.evictAtPercent is "
                    + "\(health.inodes.evictAtPercent))"
            )
        }
        if let left = figures.memoryAvailablePercent, left <= health.memory.evictAtAvailablePercent {
            add(
                .memoryLow,
                "\(left) % of its node's memory is available (health.memory.evictAtAvailablePercent is "
                    + "\(health.memory.evictAtAvailablePercent))"
            )
        }
        if let pressure = figures.ioPressurePercent, pressure >= health.io.evictAtPressurePercent {
            add(
                .ioPressure,
                "tasks wait for its disk \(pressure) % of the time (health.io.evictAtPressurePercent is "
                    + "\(health.io.evictAtPressurePercent))"
            )
        }
        if let errors = figures.networkErrorPercent, errors >= health.network.evictAtErrorPercent {
            add(
                .networkErrors,
                "\(errors) % of its packets are errors (health.network.evictAtErrorPercent is "
                    + "\(health.network.evictAtErrorPercent))"
            )
        }
        if let used = figures.fileDescriptorsUsedPercent, used >= health.fileDescriptors.evictAtPercent {
            add(
                .fileDescriptorsUsed,
                "its daemon uses \(used) % of its file descriptors (health.fileDescriptors.evictAtPercent is "
                    + "\(health.fileDescriptors.evictAtPercent))"
            )
        }
    }

    /// Whether the lower threshold counts: for a seed that is out, and for one that should be out for this.
    private func hasLeft(_ seed: Seed, for kind: Cause.Kind) -> Bool {
        guard let record = seed.record else { return false }
        switch record.state {
        case .evicted, .probation: return true
        case .suspect: return record.reason == kind.reason.rawValue
        case .healthy: return false
        }
    }

    private func diskSentence(_ used: Int, _ isReturning: Bool) -> String {
        let disk = settings.health.disk
        return isReturning && used < disk.evictAtPercent
            ? "the mirror's volume is \(used) % full, and not yet below \(disk.readmitBelowPercent) % "
                + "(health.disk.readmitBelowPercent)"
            : "the mirror's volume is \(used) % full (health.disk.evictAtPercent is \(disk.evictAtPercent))"
    }

    private mutating func look(at probes: [ProbeReading], since start: Timestamp) {
        for probe in probes {
            guard probe.isCurrent(now), let isFailing = probe.isFailing else {
                silent.insert(.probes)
                continue
            }
            guard isFailing else { continue }
            // On its way up again; or it failed while all of them did, and has not had the time to fail by itself.
            guard let error = probe.lastError, probe.at - start >= probe.rowSeconds else {
                silent.insert(.probes)
                wake(max(start + probe.rowSeconds, now.begins) + probe.periodSeconds)
                continue
            }
            add(.probeFailing, "its probe \(probe.name) (\(probe.target)) fails: \(error.prefix(200))")
        }
    }

    private mutating func look(at announcement: Announcement, of seed: Seed, since start: Timestamp) {
        guard !announcement.saidGoodbye else {
            add(.saidGoodbye, "its daemon was stopped in good order")
            return
        }
        let deadline = announcement.deadline(from: start)
        guard now.isPast(deadline) else {
            if !announcement.isConfirmed { silent.insert(.announcements) }
            wake(deadline)
            return
        }
        // It is the agent that is away, or one that does not announce: the daemon itself has answered since.
        if context.trust.trusts(.probes), seed.hasAnswered(since: announcement.due(from: start), now) { return }
        // Nothing but the others shows that renewals still reach us. Where most of them were last heard before this one
        // was missed, it is too early to tell.
        let othersHeardAt = context.othersHeardAt
        guard othersHeardAt > max(announcement.heardAt, start) + announcement.intervalSeconds else {
            silent.insert(.announcements)
            if othersHeardAt != .distantPast { wake(now.begins + 1) }
            return
        }
        add(
            .announcementExpired,
            "it has not announced itself since \(announcement.heardAt), which is more than twice its interval of "
                + "\(announcement.intervalSeconds) s"
        )
    }
}
