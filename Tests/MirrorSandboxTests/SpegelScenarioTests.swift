import MirrorSandbox
import Testing

@Suite("What spegel-bootstrap proves")
struct SpegelScenarioTests {
    private static func figures(lookups: Int, dials: Int = 0, failed: Int = 0, after: Double? = nil) -> SpegelFigures {
        var figures = SpegelFigures()
        figures.lookups = lookups
        figures.dials = dials
        figures.failedDials = failed
        figures.connectedAfter = after
        return figures
    }

    private static func run(_ newcomer: SpegelFigures, ready: Bool) -> SpegelRun {
        SpegelRun(
            alone: figures(lookups: 8),
            aloneWasReady: false,
            threeAfter: 3,
            fleetAfter: 5,
            fleet: 12,
            dead: ["127.0.0.1", "127.0.0.2", "127.0.0.3"],
            deadNodes: ["a", "b", "c"],
            notReadyAfter: 27,
            newcomer: newcomer,
            newcomerIsReady: ready,
            window: 120
        )
    }

    private static var control: SpegelRun { run(figures(lookups: 8, dials: 24, failed: 24), ready: false) }

    private static var cure: SpegelRun {
        var cure = run(figures(lookups: 4, dials: 10, failed: 9, after: 50), ready: true)
        cure.evicted = ["a", "b", "c"]
        return cure
    }

    @Test("a newcomer that fails at every dial of several lookups is the symptom")
    func symptom() {
        #expect(Self.control.missingSymptom == nil)
        let faults: [(inout SpegelRun) -> Void] = [
            { $0.newcomer.connectedAfter = 3 }, { $0.newcomerIsReady = true }, { $0.newcomer.lookups = 2 },
            { $0.newcomer.failedDials = 23 }, { $0.newcomer.dials = 0 }, { $0.notReadyAfter = nil },
            { $0.alone.peers = 1 }, { $0.aloneWasReady = true }, { $0.alone.lookups = 1 },
        ]
        for fault in faults {
            var run = Self.control
            fault(&run)
            #expect(run.missingSymptom != nil)
        }
    }

    @Test("a newcomer that found somebody once exactly the dead ones had left is the cure")
    func cured() {
        #expect(Self.cure.missingCure == nil)
        let faults: [(inout SpegelRun) -> Void] = [
            { $0.newcomer.connectedAfter = nil }, { $0.newcomer.connectedAfter = 121 }, { $0.newcomerIsReady = false },
            { $0.evicted = ["a", "b"] }, { $0.evicted = ["a", "b", "c", "d"] }, { $0.newcomer.failedDials = 0 },
            { $0.aloneWasReady = true },
        ]
        for fault in faults {
            var run = Self.cure
            fault(&run)
            #expect(run.missingCure != nil)
        }
    }

    @Test("both runs stand side by side")
    func table() {
        let lines = SpegelTable.lines(control: Self.control, cure: Self.cure)
        #expect(lines[0].hasSuffix("without   with the operator"))
        #expect(lines.contains { $0.hasPrefix("newcomer: connected") && $0.contains("not within 120 s") })
        #expect(lines.contains { $0.hasPrefix("newcomer: connected") && $0.hasSuffix("50.0 s") })
    }
}
