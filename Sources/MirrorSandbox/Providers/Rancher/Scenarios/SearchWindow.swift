import MirrorAPI

/// What newcomers' searches for peers came to in one window.
package struct SearchWindow: Hashable, Sendable {
    package var searches = 0
    /// Searches that found nobody.
    package var empty = 0
    /// Addresses that were handed out, in all searches together.
    package var handedOut = 0
    /// How often the seed that the incident is about was among them.
    package var culpritHandedOut = 0
    package var silent = 0
    package var refused = 0
    /// Addresses of others that failed, one way or the other.
    package var othersFailed = 0
    /// What the peers that answer counted at their listeners meanwhile; nil where others than newcomers pulled too.
    package var counted: Counted?

    /// Counters of all peers together.
    package struct Counted: Hashable, Sendable {
        package var dials: Int
        package var pulls: Int
        package var failedPulls: Int

        package init(dials: Int, pulls: Int, failedPulls: Int) {
            self.dials = dials
            self.pulls = pulls
            self.failedPulls = failedPulls
        }

        /// What came to the counters of the peers that were read both times.
        package init(from start: [String: DaemonFigures], to end: [String: DaemonFigures]) {
            self.init(dials: 0, pulls: 0, failedPulls: 0)
            for (name, after) in end {
                guard let before = start[name] else { continue }
                dials += after.dials - before.dials
                pulls += after.pulls - before.pulls
                failedPulls += after.failedPulls - before.failedPulls
            }
        }
    }

    package init() {}

    /// - Parameter culprit: address of the seed that the incident is about.
    package init(_ searches: [Newcomer.Search], culprit: String, counted: Counted? = nil) {
        self.counted = counted
        for search in searches {
            self.searches += 1
            if search.handedOut.isEmpty { empty += 1 }
            handedOut += search.handedOut.count
            culpritHandedOut += search.handedOut.count { $0 == culprit }
            silent += search.silent.count
            refused += search.refused.count
            othersFailed += (search.silent + search.refused).count { $0 != culprit }
        }
    }

    package var failed: Int { silent + refused }
    package var share: String { Self.percent(failed, of: handedOut) }

    private static func percent(_ part: Int, of whole: Int) -> String {
        whole == 0 ? "-" : "\(WindowTable.rounded(Double(part) / Double(whole) * 100)) %"
    }

    /// Why what the newcomer found and what the listeners counted can't both be true.
    package var contradiction: String? {
        guard let counted else { return nil }
        let found = Counted(dials: handedOut - silent, pulls: handedOut - failed, failedPulls: refused)
        return counted == found ? nil : "the listeners counted \(counted), and the newcomer found \(found)"
    }

    /// Why this is not the symptom: the seed is handed out all the time, and a newcomer fails at it each time.
    package var missingSymptom: String? {
        if let contradiction { return contradiction }
        if searches == 0 || culpritHandedOut < searches {
            return "the seed was handed out in \(culpritHandedOut) of \(searches) searches"
        }
        if failed != culpritHandedOut || othersFailed > 0 {
            return
                "of \(culpritHandedOut) times that it was handed out newcomers failed \(failed - othersFailed) times, "
                + "and \(othersFailed) times at others"
        }
        return nil
    }

    /// Why this is not the cure: the seed is handed out to nobody, and no newcomer fails at anybody.
    package var missingCure: String? {
        if culpritHandedOut > 0 { return "the seed was still handed out \(culpritHandedOut) times" }
        return missingHealth
    }

    /// Why newcomers are not well: each finds somebody, and fails at nobody.
    package var missingHealth: String? {
        if let contradiction { return contradiction }
        if searches == 0 || empty > 0 { return "\(empty) of \(searches) searches found nobody" }
        return failed > 0 ? "newcomers failed \(failed) times" : nil
    }
}

extension SearchWindow.Counted: CustomStringConvertible {
    package var description: String { "\(dials) dials, \(pulls) pulls and \(failedPulls) failed pulls" }
}

extension SimulatedFleet {
    /// Measures a window of searches at equal distances by one newcomer, which asks the servers in turn.
    ///
    /// - Parameters:
    ///   - searches: how many.
    ///   - culprit: the seed that the incident is about; it is not asked itself.
    ///   - isAlone: whether nobody else pulls meanwhile, so that what the listeners count is of this newcomer.
    package func search(
        _ searches: Int,
        every pause: Duration = .milliseconds(250),
        culprit: String,
        isAlone: Bool = true
    ) async throws -> SearchWindow {
        let hosts = settings.blueprint.hosts
        let servers = hosts.filter { $0.role == .server && $0.name != culprit }.map(\.address)
        let newcomer = newcomer()
        let clock = ContinuousClock()
        let before = await figures(of: hosts)
        let begin = clock.now
        var done: [Newcomer.Search] = []
        for number in 0..<searches {
            try await clock.sleep(until: begin + pause * number)
            done.append(await newcomer.search(asking: servers[number % servers.count]))
        }
        let counted = SearchWindow.Counted(from: before, to: await figures(of: hosts))
        let address = hosts.first { $0.name == culprit }?.address ?? ""
        return SearchWindow(done, culprit: address, counted: isAlone ? counted : nil)
    }
}
