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

    package init() {}

    /// - Parameter culprit: address of the seed that the incident is about.
    package init(_ searches: [Newcomer.Search], culprit: String) {
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

    /// Why this is not the symptom: the seed is handed out all the time, and a newcomer fails at it each time.
    package var missingSymptom: String? {
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
        if searches == 0 || empty > 0 { return "\(empty) of \(searches) searches found nobody" }
        return failed > 0 ? "newcomers failed \(failed) times" : nil
    }
}

extension SimulatedFleet {
    /// Measures a window of searches at equal distances by one newcomer, which asks the servers in turn.
    ///
    /// - Parameters:
    ///   - searches: how many.
    ///   - culprit: the seed that the incident is about; it is not asked itself.
    package func search(
        _ searches: Int,
        every pause: Duration = .milliseconds(250),
        culprit: String
    ) async throws -> SearchWindow {
        let hosts = settings.blueprint.hosts
        let servers = hosts.filter { $0.role == .server && $0.name != culprit }.map(\.address)
        let newcomer = newcomer()
        let clock = ContinuousClock()
        let begin = clock.now
        var done: [Newcomer.Search] = []
        for number in 0..<searches {
            try await clock.sleep(until: begin + pause * number)
            done.append(await newcomer.search(asking: servers[number % servers.count]))
        }
        return SearchWindow(done, culprit: hosts.first { $0.name == culprit }?.address ?? "")
    }
}
