import KubeCore
import MirrorAPI
import MirrorSandbox
import Testing

@Suite struct SeedScenarioTests {
    private static let culprit = "127.0.0.3"

    private static func search(handedOut: [String], silent: [String] = [], refused: [String] = []) -> Newcomer.Search {
        Newcomer.Search(asked: "127.0.0.1", handedOut: handedOut, silent: silent, refused: refused)
    }

    private static func window(_ searches: [Newcomer.Search]) -> SearchWindow {
        SearchWindow(searches, culprit: culprit)
    }

    private static let sick = search(handedOut: ["127.0.0.2", culprit], silent: [culprit])
    private static let full = search(handedOut: ["127.0.0.2", culprit], refused: [culprit])
    private static let well = search(handedOut: ["127.0.0.2", culprit])
    private static let without = search(handedOut: ["127.0.0.2"])

    @Test func `a seed that is handed out and fails each time is the symptom`() {
        #expect(Self.window([Self.sick, Self.sick]).missingSymptom == nil)
        #expect(Self.window([Self.full, Self.full]).missingSymptom == nil)
        #expect(Self.window([]).missingSymptom != nil)
        #expect(Self.window([Self.sick, Self.without]).missingSymptom?.contains("1 of 2 searches") == true)
        #expect(Self.window([Self.sick, Self.well]).missingSymptom != nil)
    }

    @Test func `failures at others are not the symptom`() {
        let other = Self.search(handedOut: ["127.0.0.2", Self.culprit], silent: ["127.0.0.2", Self.culprit])
        #expect(Self.window([Self.sick, other]).missingSymptom?.contains("1 times at others") == true)
        #expect(
            Self.window([Self.search(handedOut: ["127.0.0.2", Self.culprit], silent: ["127.0.0.2"])]).missingSymptom
                != nil
        )
    }

    @Test func `newcomers that find somebody and never fail are the cure, once the seed is handed out no more`() {
        #expect(Self.window([Self.without, Self.without]).missingCure == nil)
        #expect(Self.window([Self.without, Self.well]).missingCure?.contains("still handed out 1 times") == true)
        #expect(Self.window([Self.without, Self.search(handedOut: [])]).missingCure?.contains("found nobody") == true)
        #expect(Self.window([]).missingCure != nil)
        #expect(Self.window([Self.search(handedOut: ["127.0.0.2"], refused: ["127.0.0.2"])]).missingCure != nil)
        #expect(Self.window([Self.well]).missingHealth == nil)
    }

    @Test func `what the listeners count must be what the newcomer found`() {
        func window(_ dials: Int, _ pulls: Int, _ failedPulls: Int) -> SearchWindow {
            let counted = SearchWindow.Counted(dials: dials, pulls: pulls, failedPulls: failedPulls)
            return SearchWindow([Self.sick, Self.full], culprit: Self.culprit, counted: counted)
        }
        #expect(window(3, 2, 1).contradiction == nil)
        #expect(window(3, 2, 1).missingSymptom == nil)
        #expect(window(4, 2, 1).missingSymptom?.contains("4 dials") == true)
        #expect(window(3, 3, 0).missingSymptom != nil)
        var before = DaemonFigures()
        before.pulls = 5
        var after = before
        after.pulls = 7
        after.dials = 1
        let counted = SearchWindow.Counted(from: ["a": before, "b": before], to: ["a": after, "c": after])
        #expect(counted == SearchWindow.Counted(dials: 1, pulls: 2, failedPulls: 0))
    }

    @Test func `windows stand side by side`() {
        let lines = SearchTable.lines(
            [("before", Self.window([Self.sick, Self.full])), ("after", Self.window([Self.without]))],
            culprit: "server-3"
        )
        #expect(lines[0].hasSuffix("before   after"))
        #expect(lines[3].hasPrefix("of them server-3"))
        #expect(lines[6].contains("50.0 %") && lines[6].hasSuffix("0.0 %"))
        #expect(SearchWindow().share == "-")
    }

    private static func time(_ seconds: Double) -> MicroTimestamp {
        MicroTimestamp(microseconds: Int64(seconds * 1_000_000))
    }

    @Test func `what is due is seen from its time on and at most two seconds later`() {
        func complaint(_ seen: Double) -> String? {
            ExpectedTime("eviction", "a rule", notBefore: Self.time(10), seen: Self.time(seen)).complaint
        }
        #expect(complaint(9.99)?.contains("0.01 s too early") == true)
        #expect(complaint(10) == nil)
        #expect(complaint(12) == nil)
        #expect(complaint(12.5)?.contains("0.50 s later than 2 s") == true)
        let vague = ExpectedTime(
            "eviction",
            "a rule",
            notBefore: Self.time(10),
            latest: Self.time(10.25),
            seen: Self.time(12.2)
        )
        #expect(vague.complaint == nil)
        #expect(ExpectedTime.lines([vague], after: Self.time(1))[1] == "eviction: a rule   9.00 to 11.25 s   11.20 s")
        #expect(ExpectedTime.text(from: Self.time(1), to: Self.time(0.996)) == "0.00")
        #expect(ExpectedTime.text(from: Self.time(1), to: Self.time(0.4)) == "-0.60")
    }

    private static func record(_ state: CandidateState, until: Double? = nil) -> SeedTimeline.Fact {
        .record(
            MirrorNodeStatus.Candidate(
                state: state,
                since: Timestamp(seconds: 1),
                until: until.map { time($0).timestamp },
                reason: "R",
                message: "M"
            )
        )
    }

    @Test func `a timeline keeps changes, and finds what came before and after`() {
        var timeline = SeedTimeline()
        timeline.see(.label("true"), at: Self.time(1))
        timeline.see(.renewal(Self.time(2)), at: Self.time(2.1))
        let isNews = timeline.see(.label("true"), at: Self.time(3))
        #expect(!isNews)
        timeline.see(Self.record(.evicted), at: Self.time(12))
        timeline.see(.label("false"), at: Self.time(12.1))
        timeline.see(Self.record(.probation, until: 14), at: Self.time(13))
        timeline.see(Self.record(.healthy), at: Self.time(13.9))
        timeline.see(.label("true"), at: Self.time(14))
        let left = timeline.first { $0 == .label("false") }
        #expect(left?.entry.at == Self.time(12.1))
        #expect(timeline.renewal(before: left?.number ?? 0)?.written == Self.time(2))
        #expect(timeline.renewal(before: left?.number ?? 0)?.seen == Self.time(2.1))
        #expect(timeline.probationEnd(before: left?.number ?? 0) == nil)
        #expect(timeline.probationEnd(before: timeline.entries.count) == Timestamp(seconds: 14))
        #expect(timeline.first(from: (left?.number ?? 0) + 1) { $0 == .label("true") }?.entry.at == Self.time(14))
        #expect(timeline.states == [.evicted, .probation, .healthy])
        timeline.see(.renewal(nil), at: Self.time(15))
        #expect(timeline.renewal(before: timeline.entries.count) == nil)
    }

    private static func outcome() -> SeedOutcome {
        SeedOutcome(
            before: window([sick]),
            evicted: window([without]),
            back: window([well]),
            begin: time(0),
            times: [ExpectedTime("eviction", "a rule", notBefore: time(10), seen: time(11))],
            states: [.evicted, .probation, .healthy],
            culprit: "server-3"
        )
    }

    @Test func `an outcome proves something only where everything showed`() {
        let sick = Self.window([Self.sick])
        #expect(Self.outcome().complaint(control: (sick, sick)) == nil)
        #expect(Self.outcome().complaint(control: (Self.window([Self.well]), sick)) != nil)
        #expect(
            Self.outcome().complaint(control: (sick, Self.window([Self.without])))?.contains("prove nothing") == true
        )
        let faults: [(inout SeedOutcome) -> Void] = [
            { $0.before = Self.window([Self.well]) }, { $0.evicted = Self.window([Self.well]) },
            { $0.back = Self.window([Self.sick]) }, { $0.back = Self.window([Self.without]) },
            { $0.states = [.evicted, .healthy] }, { $0.times[0].seen = Self.time(9) },
            { $0.times[0].seen = Self.time(13) },
        ]
        for fault in faults {
            var outcome = Self.outcome()
            fault(&outcome)
            #expect(outcome.complaint != nil)
            #expect(outcome.complaint(control: (sick, sick)) == outcome.complaint)
        }
    }
}
