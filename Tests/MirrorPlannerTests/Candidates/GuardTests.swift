import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Guards around a candidate set")
struct CandidateGuardTests {
    @Test(
        "The floor is rounded up, and never below two",
        arguments: [
            (1, "50%", 2), (2, "50%", 2), (3, "50%", 2), (5, "50%", 3), (500, "50%", 250), (7, "34%", 3), (9, "0%", 2),
            (9, "4", 4),
        ]
    )
    func floors(_ total: Int, _ text: String, _ floor: Int) throws {
        let settings = CandidateFixture.settings { $0.candidates.minPublished = Self.amount(text) }
        #expect(settings.floor(of: total) == floor)
    }

    @Test("So many may be unhealthy, rounded down", arguments: [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (500, 170)])
    func unhealthy(_ total: Int, _ count: Int) {
        #expect(CandidateFixture.settings().mayBeUnhealthy(of: total) == count)
    }

    private static func amount(_ text: String) -> IntOrPercent {
        text.hasSuffix("%") ? .percent(Int(text.dropLast()) ?? 0) : .number(Int(text) ?? 0)
    }

    private static func guardians(_ line: CandidateTimeline) -> [Reason] { line.decision.held.map(\.guardian.reason) }

    private static func released(_ count: Int, ill: ClosedRange<Int>, type: String = "DiskPressure")
        -> CandidateTimeline
    {
        var line = CandidateTimeline(CandidateFixture.seeds(count))
        for number in ill { line[number].evidence.node = CandidateFixture.ill(type) }
        line.decide()
        line.releasedUntil = line.time
        line.decide()
        return line
    }

    @Test("The least bad stay: the one that was healthy last, and soft causes before hard ones")
    func leastBadStay() {
        let settings = CandidateFixture.settings { $0.candidates.maxUnhealthy = .percent(100) }
        var line = CandidateTimeline(CandidateFixture.seeds(6), settings)
        for number in [3, 1, 5, 2, 4] {
            line[number].evidence.node = CandidateFixture.ill(number == 5 ? "Ready" : "DiskPressure")
            line.advance(to: line.now + 100)
        }
        #expect(line.changes.map(\.name) == ["seed-3", "seed-1", "seed-5"])
        #expect(Set(Self.guardians(line)) == [.minPublished])
        #expect(line.decision.conditions.available.verdict.reason == .minPublished)
    }

    @Test("Six leave within a minute, and the seventh a minute after the first")
    func pace() {
        var line = Self.released(30, ill: 1...10)
        #expect(line.changes.count == 6)
        #expect(Set(Self.guardians(line)) == [.evictionsPerMinute])
        line.advance(to: 59)
        #expect(line.changes.count == 6)
        // What is remembered of the last minute survives a restart.
        line.trust = SignalTrust(since: line.time)
        line.decide()
        #expect(line.changes.count == 6)
        line.advance(to: 60)
        #expect(line.changes.count == 10)
    }

    @Test("A storm in one zone holds that zone alone")
    func zones() {
        var seeds = CandidateFixture.seeds(30)
        for index in seeds.indices { seeds[index].zone = index < 10 ? "a" : "b" }
        var line = CandidateTimeline(seeds)
        for number in 1...4 { line[number].evidence.node = CandidateFixture.ill("DiskPressure") }
        line[20].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        #expect(line.changes.map(\.name) == ["seed-20"])
        #expect(line.memory.storm?.since == nil)
        #expect(line.memory.storm?.zones?.map(\.zone) == ["a"])
        #expect(line.decision.conditions.storm.verdict.reason == .stormActive)
    }

    @Test("The cool-down of a storm survives a restart, and another breach begins it anew")
    func cooldown() {
        var line = CandidateTimeline(CandidateFixture.seeds(10))
        for number in 1...4 { line[number].evidence.node = CandidateFixture.ill("DiskPressure") }
        line.decide()
        #expect(line.changes.isEmpty)
        for number in 2...4 { line[number].evidence.node = NodeEvidence() }
        line.advance(to: 200)
        for number in 2...4 { line[number].evidence.node = CandidateFixture.ill("DiskPressure") }
        line.advance(to: 201)
        for number in 2...4 { line[number].evidence.node = NodeEvidence() }
        line.trust = SignalTrust(since: line.time)
        line.advance(to: 500)
        #expect(line.changes.isEmpty)
        line.advance(to: 501)
        #expect(line.changes.map(\.name) == ["seed-1"])
        #expect(line.memory.storm == nil)
    }

    @Test("A release is for the storms that had begun, and for none to come", arguments: [-1, 0, 1])
    func release(_ offset: Int) {
        var line = CandidateTimeline(CandidateFixture.seeds(10))
        line.advance(to: 100)
        line.releasedUntil = line.time + offset
        for number in 1...4 { line[number].evidence.node = CandidateFixture.ill("DiskPressure") }
        line.decide()
        #expect(line.changes.isEmpty == (offset != 0))
    }

    @Test("Nothing leaves together with what comes back, nor before that is seen")
    func growsFirst() {
        var line = CandidateTimeline(CandidateFixture.seeds(6))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 119)
        line[2].evidence.node = CandidateFixture.ill("DiskPressure")
        var input = CandidateInput(
            now: MicroTimestamp(CandidateFixture.start + 120),
            settings: line.settings,
            seeds: line.seeds,
            memory: line.memory,
            trust: line.trust
        )
        let first = CandidatePlanner.decide(input)
        #expect(first.held.map(\.guardian.reason) == [.growsFirst])
        // Written down, and not carried out: it is waited for, but not for ever.
        input.memory = first.memory
        for case .recordSeed(let name, let record) in first.changes {
            input.seeds.firstIndex { $0.name == name }.map { input.seeds[$0].record = record }
        }
        for (seconds, leaves) in [(121, false), (149, false), (150, true)] {
            input.now = MicroTimestamp(CandidateFixture.start + seconds)
            let next = CandidatePlanner.decide(input)
            #expect(next.changes.contains { if case .publish = $0 { true } else { false } })
            #expect(next.changes.contains { if case .withdraw = $0 { true } else { false } } == leaves)
        }
    }

    @Test("Every server keeps another seed to ask that is Ready")
    func lastPeer() {
        var line = CandidateTimeline(
            CandidateFixture.seeds(4),
            CandidateFixture.settings { $0.candidates.maxUnhealthy = .percent(100) }
        )
        for number in [3, 4] {
            line[number].evidence.node = CandidateFixture.ill("Ready")
            line[number].evidence.node?.isCordoned = true
        }
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        #expect(line.changes.isEmpty)
        #expect(Self.guardians(line) == [.lastPeer])
    }

    @Test("Where others are lost, the least bad of those that are out come back until the floor is reached")
    func pressed() {
        var line = CandidateTimeline(CandidateFixture.seeds(6))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        line.advance(to: 100)
        line[2].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        #expect(line.changes.map(\.name) == ["seed-1", "seed-2"])
        for number in 4...6 {
            line[number].lever = .gone
            line[number].evidence.node = nil
        }
        line.advance(to: 101)
        #expect(line.changes.dropFirst(2).map(\.name) == ["seed-2", "seed-1"])
        #expect(line.record(2)?.state == .suspect)
        let changes = line.changes.count
        line.advance(to: 3000)
        #expect(line.changes.count == changes)
    }

    @Test("A label that somebody else took away is left alone, and so is one of a seed that is excluded")
    func foreign() {
        var line = CandidateTimeline(CandidateFixture.seeds(5))
        line[1].lever = .withdrawn(isOurs: false)
        line[2].evidence.node?.exclusion = "spinning disk"
        line.advance(to: 5000)
        #expect(line.changes.map(\.name) == ["seed-2"])
        #expect(line.decision.notes.map(\.reason) == [.foreignLabel])
        #expect(line.memory.candidates?.total == 3)
    }

    @Test("A seed that is published again before its time leaves again, without another ejection")
    func drift() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 30)
        line[1].lever = .published
        line.decide()
        #expect(line.changes.map(\.at) == [0, 30])
        #expect(line.record(1)?.ejections == 1)
        line.advance(to: 120)
        #expect(line[1].isPublished)
    }

    @Test("Of a seed that leaves again at the look that finds it well, it is said that somebody published it")
    func driftOfOneThatIsWell() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        // Its service starts: it writes the label, and is well.
        line[1].evidence.node = NodeEvidence()
        line[1].lever = .published
        line.decide()
        #expect(line.state(1) == .probation)
        #expect(line.decision.notes.map(\.reason) == [.diskPressure])
        #expect(line.decision.notes.first?.message.contains("publishes it again") == true)
    }

    @Test(
        "Under Observe or a pause nothing is touched, and it is said what would be",
        arguments: [CandidateInput.Hold.observing, .paused("Paused by upgrade")]
    )
    func holds(_ hold: CandidateInput.Hold) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line.hold = hold
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line[2].lever = .withdrawn(isOurs: true)
        line.advance(to: 2000)
        #expect(line.changes.isEmpty)
        if hold == .observing {
            let message = line.decision.conditions.available.verdict.message
            #expect(message.hasSuffix("seed-1 would leave the set; seed-2 would come back"))
            #expect(line.decision.held.map(\.guardian.reason) == [.observing])
        }
    }

    @Test("A mirror that goes puts back what it took out, and nothing leaves any more")
    func retires() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].lever = .withdrawn(isOurs: true)
        line[2].lever = .withdrawn(isOurs: false)
        line[3].evidence.node = CandidateFixture.ill("DiskPressure")
        line.hold = .retiring
        line.decide()
        #expect(line.changes.map(\.name) == ["seed-1"])
    }

    @Test("A steady set costs no write, and a decision does not depend on the order of the seeds")
    func steady() {
        var line = CandidateTimeline(CandidateFixture.seeds(20))
        line[7].evidence.node = CandidateFixture.ill("DiskPressure")
        line.advance(to: 100)
        line.decide()
        #expect(line.decision.changes == [])
        var input = CandidateInput(
            now: MicroTimestamp(line.time),
            settings: line.settings,
            seeds: line.seeds,
            memory: line.memory,
            trust: line.trust
        )
        let decision = CandidatePlanner.decide(input)
        input.seeds.reverse()
        #expect(CandidatePlanner.decide(input) == decision)
    }

    @Test("A shrink is checked against the set as it is read live")
    func confirmation() {
        let check = ShrinkCheck(leaving: ["a"], floor: 2)
        #expect(check.passes(published: ["a", "b", "c"]))
        #expect(!check.passes(published: ["a", "b"]))
        #expect(!check.passes(published: ["b"]))
    }
}
