import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// A seed that is ill and well in turn.
struct Flapper: CustomTestStringConvertible {
    var ill: Int
    var well: Int
    var isHard: Bool

    var testDescription: String { "\(isHard ? "DiskPressure" : "not Ready") for \(ill) s, well for \(well) s" }

    /// Periods a little below, at and above each threshold: the patience, the probation, its doubles, the forgiveness.
    static let all: [Flapper] = [60, 120, 240, 900, 3600].flatMap { threshold in
        [-1, 0, 1].flatMap { offset in
            [true, false].flatMap { isHard in
                [
                    Flapper(ill: threshold + offset, well: 5, isHard: isHard),
                    Flapper(ill: 5, well: threshold + offset, isHard: isHard),
                    Flapper(ill: threshold + offset, well: threshold + offset, isHard: isHard),
                ]
            }
        }
    }
}

@Suite("A seed that flaps close to a threshold moves the set no more often than its probations allow")
struct FlapTests {
    private static let day = 86_400

    private static func duration(_ flapper: Flapper) -> Int { min(day, 200 * (flapper.ill + flapper.well)) }

    @Test("Between two departures lies a probation, and the longer the more there were", arguments: Flapper.all)
    func flapping(_ flapper: Flapper) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        var states: [CandidateState] = [.healthy]
        let end = Self.duration(flapper)
        while line.now < end {
            for isIll in [true, false] {
                line[1].evidence.node =
                    isIll ? CandidateFixture.ill(flapper.isHard ? "DiskPressure" : "Ready") : NodeEvidence()
                line.decide()
                line.advance(to: line.now + (isIll ? flapper.ill : flapper.well))
                if states.last != line.state(1) { states.append(line.state(1)) }
            }
        }
        let departures = line.changes.filter { !$0.isIn }.map(\.at)
        let returns = line.changes.filter(\.isIn).map(\.at)
        // Each return ends a probation in which it was well throughout: whoever is never well for so long stays out.
        for (departure, back) in zip(departures, returns) { #expect(back - departure >= 120) }
        if flapper.well < 120 { #expect(departures.count <= 1) }
        // At most one departure for each probation: 120 s where an hour of health forgives, soon 900 s where none does.
        let period = flapper.ill + flapper.well
        let least = flapper.well >= 3600 ? max(120, period) : max(120, min(period, 900))
        #expect(departures.count <= 4 + end / least, "\(departures.count) departures in \(end) s")
        #expect(states.count <= 4 + 4 * end / max(period, 120), "\(states.count) states in \(end) s")
        #expect(line.records <= 6 + 5 * end / max(period, 60), "\(line.records) writes in \(end) s")
    }

    @Test("A figure around its threshold moves the set once for a probation", arguments: [1, 7, 30, 59, 61, 119, 121])
    func figure(_ period: Int) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        var isHigh = false
        while line.now < 600 * period {
            isHigh.toggle()
            line[1].evidence.figures = Figures(at: line.time + 1_000, diskUsedPercent: isHigh ? 85 : 84)
            line.decide()
            line.advance(to: line.now + period)
        }
        // 84 % is not below 82 %: once out, it stays out.
        #expect(line.changes.count == 1)
        #expect(line.records <= 2)
    }
}
