// What "hack/bench candidates" runs, compiled together with the simulation of Tests/MirrorPlannerTests.

import KubeCore
import MirrorAPI
import MirrorPlanner

#if canImport(Glibc)
    import Glibc
#endif

/// Histories of faults on every core, and what one decision costs.
@main
struct CandidatesBench {
    static func main() async {
        let count = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 100_000
        let first = CommandLine.arguments.dropFirst(2).first.flatMap { UInt64($0) } ?? 0
        for size in [5_000, 20_000, 100_000] { measure(size) }
        fflush(nil)
        exit(await histories(first..<first + count) ? 0 : 1)
    }

    // MARK: One decision

    private static func measure(_ size: Int) {
        let settings = CandidateSettings(P2PMirrorSpec(provider: .rke2))
        var steady = SeedFleet(fleet(size), settings)
        var storm = steady
        for index in storm.seeds.indices where index % 5 < 2 { storm.seeds[index].hasDiskPressure = true }
        for (name, input) in [("steady", steady.input()), ("40 % unhealthy", storm.input())] {
            let clock = ContinuousClock()
            var times: [Duration] = []
            for _ in 0..<21 {
                let begin = clock.now
                let decision = CandidatePlanner.decide(input)
                times.append(clock.now - begin)
                precondition(decision.published.count == size)
            }
            times.sort()
            print("one decision over \(size) seeds, \(name): median \(times[10]), slowest \(times[20])")
        }
    }

    private static func fleet(_ size: Int) -> [TrueSeed] {
        (0..<size).map { TrueSeed("seed-\($0)", zone: "zone-\($0 % 3)", phase: $0 % 30) }
    }

    // MARK: Histories

    private struct Tally: Sendable {
        var histories = 0
        var decisions = 0
        var departures = 0
        var returns = 0
        var settledAfter = 0
        var failures: [String] = []
    }

    private static func histories(_ seeds: Range<UInt64>) async -> Bool {
        let clock = ContinuousClock()
        let begin = clock.now
        let chunk: UInt64 = 1_000
        var total = Tally()
        await withTaskGroup(of: Tally.self) { group in
            for lower in stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(chunk)) {
                group.addTask { run(lower..<min(lower + chunk, seeds.upperBound)) }
            }
            for await tally in group {
                total.histories += tally.histories
                total.decisions += tally.decisions
                total.departures += tally.departures
                total.returns += tally.returns
                total.settledAfter = max(total.settledAfter, tally.settledAfter)
                total.failures += tally.failures
                if total.histories % 50_000 == 0 {
                    // A million take a while: what is known so far is worth a line.
                    print("  \(total.histories) so far, \(total.failures.count) with a rule broken")
                    fflush(nil)
                }
            }
        }
        print(
            "\(total.histories) histories, seeds \(seeds.lowerBound) to \(seeds.upperBound - 1), in "
                + "\(clock.now - begin): \(total.decisions) decisions, \(total.departures) departures, "
                + "\(total.returns) returns; the last move at most \(total.settledAfter) s after the last fault; "
                + "\(total.failures.count) with a rule broken"
        )
        for failure in total.failures.sorted().prefix(20) { print(failure) }
        return total.failures.isEmpty
    }

    private static func run(_ seeds: Range<UInt64>) -> Tally {
        var tally = Tally()
        for seed in seeds {
            let provider = Provider.allCases[Int(seed % UInt64(Provider.allCases.count))]
            var history = FleetHistory(seed: seed, provider: provider)
            history.run()
            tally.histories += 1
            tally.decisions += history.decisions
            tally.departures += history.departures
            tally.returns += history.returns
            tally.settledAfter = max(tally.settledAfter, history.settledAfter)
            if let first = history.violations.first { tally.failures.append("seed \(seed): \(first)") }
        }
        return tally
    }
}
