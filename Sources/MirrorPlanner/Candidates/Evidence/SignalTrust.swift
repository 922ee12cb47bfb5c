package import KubeCore

/// A source of evidence. Each is doubted by itself.
package enum Signal: Int, CaseIterable, Codable, Hashable, Sendable {
    case nodes, pods, figures, probes, announcements

    var text: String {
        switch self {
        case .nodes: "the watch of nodes"
        case .pods: "the watch of pods"
        case .figures: "the agents' figures"
        case .probes: "probes"
        case .announcements: "announcements"
        }
    }

    /// The same with its verb.
    var says: String {
        switch self {
        case .nodes, .pods: "\(text) says"
        case .figures, .probes, .announcements: "\(text) say"
        }
    }
}

/// Since when each signal has been trustworthy without a break. It lives as long as the process does: what we did not
/// see ourselves begins anew.
package struct SignalTrust: Codable, Hashable, Sendable {
    private struct Entry: Codable, Hashable {
        var since: Timestamp
        var doubt: String?
    }

    private var entries: [Entry]

    /// Every signal is trusted from the start of the process on.
    package init(since start: Timestamp) {
        entries = Signal.allCases.map { _ in Entry(since: start) }
    }

    /// A snapshot of another release may have more signals or fewer: what it lacks is trusted since the last change of
    /// any.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let read = try container.decode([Entry].self, forKey: .entries)
        let latest = read.map(\.since).max() ?? .distantPast
        entries = Signal.allCases.indices.map { read.indices.contains($0) ? read[$0] : Entry(since: latest) }
    }

    /// Why the signal is doubted; nil while it is trusted.
    package func doubt(of signal: Signal) -> String? { entries[signal.rawValue].doubt }

    func trusts(_ signal: Signal) -> Bool { entries[signal.rawValue].doubt == nil }

    /// Since when it has been trusted or doubted.
    func since(_ signal: Signal) -> Timestamp { entries[signal.rawValue].since }

    /// The signals that are doubted, in their order.
    package var doubted: [Signal] { Signal.allCases.filter { !trusts($0) } }

    mutating func update(_ signal: Signal, doubt: String?, at now: Moment) {
        if (entries[signal.rawValue].doubt == nil) != (doubt == nil) {
            entries[signal.rawValue].since = now.begins
        }
        entries[signal.rawValue].doubt = doubt
    }
}

extension SignalTrust {
    /// The trust after a look at all seeds together.
    ///
    /// - Parameter stale: why the watch behind a signal is out of date, by signal, as a live read shows.
    func updated(_ seeds: [Seed], stale: [Signal: String], at now: Moment) -> SignalTrust {
        var next = self
        for signal in Signal.allCases {
            let doubt =
                switch signal {
                case .probes: probeDoubt(seeds, now)
                case .announcements: announcementDoubt(seeds, now, trustsProbes: next.trusts(.probes))
                case .nodes, .pods, .figures: String?.none
                }
            next.update(signal, doubt: stale[signal] ?? doubt, at: now)
        }
        return next
    }

    /// Where most of those fail of whom nothing else is known to be wrong, the prober is the likelier cause.
    private func probeDoubt(_ seeds: [Seed], _ now: Moment) -> String? {
        var failing = 0
        var all = 0
        for seed in seeds where seed.shouldAnswer {
            // Of one that the API server itself shows to be ill, a probe that fails is no surprise.
            guard seed.evidence.pod?.isReady != false else { continue }
            let readings = seed.evidence.probes
            guard readings.contains(where: { $0.isCurrent(now) }) else { continue }
            all += 1
            if readings.contains(where: { $0.lastError != nil && $0.isCurrent(now) }) { failing += 1 }
        }
        guard failing * 2 > all else { return nil }
        let fail = Sentences.form(failing, "fails", "fail")
        return "\(Sentences.seeds(failing, of: all)) on Ready nodes \(fail) them at once"
    }

    /// - Parameter trustsProbes: whether a daemon that answers shows that only its agent is away.
    private func announcementDoubt(_ seeds: [Seed], _ now: Moment, trustsProbes: Bool) -> String? {
        // What was not seen to begin with cannot be late; while in doubt, each is late until it is heard again.
        let start = trusts(.announcements) ? since(.announcements) : .distantPast
        var late = 0
        var all = 0
        for seed in seeds where seed.shouldAnswer {
            guard let announcement = seed.evidence.announcement, !announcement.saidGoodbye else { continue }
            let isLate = announcement.isLate(now, from: start)
            if isLate, trustsProbes, seed.hasAnswered(since: announcement.due(from: start), now) { continue }
            all += 1
            if isLate { late += 1 }
        }
        guard late * 2 > all else { return nil }
        let are = Sentences.form(late, "is", "are")
        return "\(Sentences.seeds(late, of: all)) on Ready nodes \(are) late with theirs at once"
    }
}

extension Announcement {
    /// The latest time since when most of the seeds but one have been heard, whichever one that is.
    static func heardFromMost(_ seeds: [Seed]) -> Timestamp {
        let heard = seeds.compactMap { seed -> Timestamp? in
            guard seed.shouldAnswer, let announcement = seed.evidence.announcement, !announcement.saidGoodbye
            else { return nil }
            return announcement.heardAt
        }
        guard heard.count > 1 else { return .distantPast }
        return heard.sorted()[heard.count - 1 - (heard.count - 1) / 2]
    }
}

extension Timestamp {
    static let distantPast = Timestamp(seconds: 0)
}
