import Testing

@testable import MirrorPlanner

@Suite("How long the operator waits for Dragonfly's daemons")
struct TimingTests {
    @Test("Outside of the sandbox the waits are those of Dragonfly's own code")
    func world() {
        let timing = DragonflyTiming()
        #expect(timing.ringDelay(3) == 41)
        #expect(timing.ringDelay(0) == 35)
        #expect(timing.enforcementSeconds == 30)
        #expect(timing.settlingSeconds == 10)
        #expect(timing.lookSeconds == 10)
        #expect(timing.answerPeriod == .seconds(4) && timing.readingPeriod == .seconds(10))
        #expect(DragonflyEvidence().timing == timing)
        #expect(DragonflyTiming(factor: 0) == timing && DragonflyTiming(factor: -5) == timing)
    }

    @Test("With the sandbox's factor no wait is shorter than what it waits for", arguments: [1, 2, 5, 10, 30, 1_000])
    func scaled(_ factor: Int) {
        let timing = DragonflyTiming(factor: factor)
        for seeds in 1...5 {
            let look = max(30 / Double(factor), 0.3) + Double(seeds) * max(2 / Double(factor), 0.3)
            #expect(Double(timing.ringDelay(seeds)) >= look + 1)
        }
        #expect(timing.lookSeconds >= 2 && timing.settlingSeconds >= 2 && timing.enforcementSeconds >= 3)
    }
}
