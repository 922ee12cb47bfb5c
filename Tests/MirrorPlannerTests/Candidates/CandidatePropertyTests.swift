import Testing

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A range of seeds, one history each.
struct SeedRange: CustomTestStringConvertible {
    var seeds: Range<UInt64>

    var testDescription: String { "seeds \(seeds.lowerBound) to \(seeds.upperBound - 1)" }

    /// `P2PMIRROR_CANDIDATE_SEED` runs one history; `P2PMIRROR_CANDIDATE_HISTORIES` says how many else.
    static let all: [SeedRange] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["P2PMIRROR_CANDIDATE_SEED"].flatMap({ UInt64($0) }) {
            return [SeedRange(seeds: seed..<seed + 1)]
        }
        let count = environment["P2PMIRROR_CANDIDATE_HISTORIES"].flatMap { UInt64($0) } ?? 10_000
        let step = max(1, (count + 7) / 8)
        return stride(from: 0, to: count, by: Int(step)).map { SeedRange(seeds: $0..<min(count, $0 + step)) }
    }()
}

@Suite("A candidate set keeps its rules through any history of faults")
struct CandidatePropertyTests {
    @Test("Rules 1, 6, 7 and 9, pace, order, no flapping, and an end", arguments: SeedRange.all)
    func histories(_ range: SeedRange) {
        var decisions = 0
        var departures = 0
        var returns = 0
        var latest = 0
        for seed in range.seeds {
            var history = FleetHistory(seed: seed)
            history.isTraced = range.seeds.count == 1
            history.run()
            if history.isTraced { print(history.trace.joined(separator: "\n")) }
            decisions += history.decisions
            departures += history.departures
            returns += history.returns
            latest = max(latest, history.settledAfter)
            #expect(
                history.violations.isEmpty,
                "P2PMIRROR_CANDIDATE_SEED=\(seed): \(history.violations.prefix(3).joined(separator: "; "))"
            )
        }
        print(
            "candidate histories \(range.testDescription): \(decisions) decisions, \(departures) departures, "
                + "\(returns) returns, settled at most \(latest) s after the last fault"
        )
        #expect(decisions > range.seeds.count)
    }
}
