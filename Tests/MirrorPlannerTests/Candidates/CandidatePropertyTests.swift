import MirrorAPI
import Testing

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A range of seeds, one history each, of one provider's fleets.
struct SeedRange: CustomTestStringConvertible {
    var seeds: Range<UInt64>
    var provider: Provider

    var testDescription: String { "\(provider.rawValue), seeds \(seeds.lowerBound) to \(seeds.upperBound - 1)" }

    /// Every provider has as many histories. `P2PMIRROR_CANDIDATE_SEED` runs one history of each;
    /// `P2PMIRROR_CANDIDATE_HISTORIES` says how many else.
    static let all: [SeedRange] = Provider.allCases.flatMap { provider -> [SeedRange] in
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["P2PMIRROR_CANDIDATE_SEED"].flatMap({ UInt64($0) }) {
            return [SeedRange(seeds: seed..<seed + 1, provider: provider)]
        }
        let count = environment["P2PMIRROR_CANDIDATE_HISTORIES"].flatMap { UInt64($0) } ?? 5_000
        let step = max(1, (count + 3) / 4)
        return stride(from: 0, to: count, by: Int(step)).map {
            SeedRange(seeds: $0..<min(count, $0 + step), provider: provider)
        }
    }
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
            var history = FleetHistory(seed: seed, provider: range.provider)
            history.isTraced = range.seeds.count == 1
            history.run()
            if history.isTraced { print(history.trace.joined(separator: "\n")) }
            decisions += history.decisions
            departures += history.departures
            returns += history.returns
            latest = max(latest, history.settledAfter)
            let found = history.violations.prefix(3).joined(separator: "; ")
            #expect(found.isEmpty, "\(range.provider.rawValue), P2PMIRROR_CANDIDATE_SEED=\(seed): \(found)")
        }
        print(
            "candidate histories \(range.testDescription): \(decisions) decisions, \(departures) departures, "
                + "\(returns) returns, settled at most \(latest) s after the last fault"
        )
        #expect(decisions > range.seeds.count)
    }

    @Test("Killed each time before the record of a seed that has left, it keeps all rules", arguments: 0..<4)
    func killedBeforeTheRecord(_ block: UInt64) {
        var lost = 0
        for seed in block * 400..<block * 400 + 400 {
            var history = FleetHistory(seed: seed)
            history.decide = { input in
                var decision = CandidatePlanner.decide(input)
                lost += decision.loseLateRecords()
                return decision
            }
            history.run()
            let found = history.violations.prefix(3).joined(separator: "; ")
            #expect(found.isEmpty, "seed \(seed): \(found)")
        }
        #expect(lost > 100, "\(lost) records were lost")
    }
}

extension CandidateDecision {
    /// Loses what is remembered of seeds after they have left, as where the process is killed then; answers how much.
    @discardableResult
    mutating func loseLateRecords() -> Int {
        let last = changes.lastIndex { if case .withdraw = $0 { true } else { false } }
        guard let last else { return 0 }
        let lost = changes.count - last - 1
        changes.removeLast(lost)
        return lost
    }
}
