import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a number of runs came to.
private struct Tally {
    var fleets = 0
    var healed = 0
    var cyclicAndEnforced = 0
    var passes = 0
    var restarts = 0
    var longest = 0
    var traits: [RandomFleet.Trait: Int] = [:]
    var reasons: [String: Int] = [:]
    var failures: [String] = []

    mutating func take(_ run: FleetRun, seed: UInt64) {
        fleets += 1
        passes += run.passes
        restarts += run.world.restarts.count
        longest = max(longest, run.calmPasses)
        for trait in run.fleet.traits { traits[trait, default: 0] += 1 }
        if run.fleet.traits.contains(.cycle), !run.fleet.traits.contains(.observe) {
            cyclicAndEnforced += 1
            if run.isHealed { healed += 1 }
        }
        let ready = run.world.snapshot.mirrors[0].status?.conditions.first(ofType: "Ready")
        reasons[ready?.reason ?? "none", default: 0] += 1
        for violation in run.violations.prefix(3) { failures.append("P2PMIRROR_SEED=\(seed): \(violation)") }
    }

    mutating func merge(_ other: Tally) {
        fleets += other.fleets
        healed += other.healed
        cyclicAndEnforced += other.cyclicAndEnforced
        passes += other.passes
        restarts += other.restarts
        longest = max(longest, other.longest)
        traits.merge(other.traits, uniquingKeysWith: +)
        reasons.merge(other.reasons, uniquingKeysWith: +)
        failures += other.failures
    }

    var summary: String {
        let share = { (count: Int) in "\(count) (\(count * 100 / max(1, fleets)) %)" }
        let traits = RandomFleet.Trait.allCases.map { "\($0.rawValue) \(share(self.traits[$0] ?? 0))" }
        let reasons = self.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        return """
            \(fleets) random fleets, \(passes) passes, \(restarts) restarts
              at most \(longest) passes from the last fault to the end
              \(traits.joined(separator: ", "))
              with a cycle under Enforce: \(cyclicAndEnforced), of them healed: \(healed)
              Ready's reason at the end: \(reasons.joined(separator: ", "))
            """
    }
}

@Suite("Random fleets keep the safety rules on every step and come to their end")
struct FleetTests {
    /// Set `P2PMIRROR_SEED` to run one fleet again.
    private static let only = ProcessInfo.processInfo.environment["P2PMIRROR_SEED"].flatMap { UInt64($0) }
    /// Set `P2PMIRROR_FLEETS` for a longer run.
    private static let count = ProcessInfo.processInfo.environment["P2PMIRROR_FLEETS"].flatMap { UInt64($0) } ?? 10_000
    private static let first: UInt64 = 7_000_000

    @Test("10,000 fleets, with faults in between, break no rule")
    func fleets() async {
        let seeds = Self.only.map { $0..<$0 + 1 } ?? Self.first..<Self.first + Self.count
        let tally = await withTaskGroup(of: Tally.self) { group in
            for start in stride(from: seeds.lowerBound, to: seeds.upperBound, by: 500) {
                group.addTask {
                    var tally = Tally()
                    for seed in start..<min(start + 500, seeds.upperBound) {
                        var run = FleetRun(seed: seed)
                        run.run()
                        tally.take(run, seed: seed)
                    }
                    return tally
                }
            }
            return await group.reduce(into: Tally()) { $0.merge($1) }
        }
        print(tally.summary)
        #expect(
            tally.failures.isEmpty,
            "\(tally.failures.count) violations:\n\(tally.failures.prefix(20).joined(separator: "\n"))"
        )
    }
}
