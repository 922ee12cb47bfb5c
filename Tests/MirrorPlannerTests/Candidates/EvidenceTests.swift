import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("Evidence is taken as its source tells it")
struct CandidateEvidenceTests {
    private static let start = CandidateFixture.start

    @Test("What begins counts from the next whole second, and what is read is the last")
    func moments() {
        let moment = Moment(MicroTimestamp(microseconds: 10_900_000))
        #expect(moment.passed.seconds == 10)
        #expect(moment.begins.seconds == 11)
        #expect(Moment(MicroTimestamp(microseconds: 11_000_000)) == Moment(Timestamp(seconds: 11)))
    }

    @Test("A probe fails from its threshold on, and passes again from the other one on")
    func probes() {
        let probe = Probe(name: "peer", tcpSocket: .init(port: 5001))
        var tally = ProbeTally()
        #expect(tally.reading(probe, target: "") == nil)
        var seen: [Bool?] = []
        for error in ["a", "a", nil, "a", "a", "a", nil, "a", nil, nil] {
            tally.take(error: error, at: Moment(Self.start), probe)
            seen.append(tally.isFailing)
        }
        #expect(seen == [nil, nil, nil, nil, nil, true, true, true, true, false])
    }

    @Test("A Lease counts from when we saw it change, whatever time it names")
    func ledger() {
        var ledger = AnnouncementLedger()
        func see(_ renewal: Int64, at seconds: Int) {
            ledger.see(
                "a",
                renewal: MicroTimestamp(microseconds: renewal),
                intervalSeconds: 30,
                saidGoodbye: false,
                at: Moment(Self.start + seconds)
            )
        }
        see(5, at: 100)
        #expect(ledger.announcement(of: "a")?.isConfirmed == false)
        see(5, at: 120)
        #expect(ledger.announcement(of: "a")?.heardAt == Self.start + 100)
        see(4, at: 130)
        #expect(ledger.announcement(of: "a") == Announcement(heardAt: Self.start + 130, intervalSeconds: 30))
        ledger.forget("a")
        #expect(ledger.announcement(of: "a") == nil)
    }

    @Test("The conditions of a Node that complain are kept with their words, and a Node without Ready is not Ready")
    func nodes() {
        let conditions: [Node.Condition] = [
            .init(type: "Ready", status: "True"), .init(type: "DiskPressure", status: "True", reason: "KubeletHasDisk"),
            .init(type: "MemoryPressure", status: "False"), .init(type: "EtcdIsVoter", status: "False"),
        ]
        let node = Node(metadata: ObjectMeta(name: "a"), status: .init(conditions: conditions))
        #expect(NodeEvidence(node).complaints.map(\.type) == ["DiskPressure"])
        #expect(NodeEvidence(node).isReady)
        let bare = NodeEvidence(Node(metadata: ObjectMeta(name: "a")))
        #expect(bare.complaints.map(\.type) == ["Ready"])
    }

    @Test(
        "A missed renewal counts at twice the interval, and only while the others are heard",
        arguments: [true, false]
    )
    func expiry(_ othersAreHeard: Bool) {
        var line = CandidateTimeline(CandidateFixture.seeds(5))
        for number in 1...5 {
            line[number].evidence.announcement = .init(heardAt: Self.start + number, intervalSeconds: 30)
        }
        for second in stride(from: 0, through: 60, by: 5) {
            if othersAreHeard {
                for number in 2...5 { line[number].evidence.announcement?.heardAt = Self.start + second }
            }
            line.advance(to: second)
        }
        #expect(line.changes.isEmpty)
        line.advance(to: 61)
        #expect(line.changes.map(\.name) == (othersAreHeard ? ["seed-1"] : []))
        #expect((line.trust.doubt(of: .announcements) == nil) == othersAreHeard)
    }

    @Test("Most probes failing at once accuse nobody, and nobody afterwards for what failed then")
    func probesInDoubt() {
        let settings = CandidateFixture.settings { $0.candidates.unhealthyForSeconds = 0 }
        var line = CandidateTimeline(CandidateFixture.seeds(5), settings)
        func reading(_ isFailing: Bool, _ error: String?, _ second: Int) -> [ProbeReading] {
            [
                ProbeReading(
                    name: "peer",
                    target: "tcp://10.0.0.1:5001",
                    isFailing: isFailing,
                    lastError: error,
                    at: Self.start + second,
                    periodSeconds: 10,
                    rowSeconds: 20
                )
            ]
        }
        line.advance(to: 100)
        for number in 1...5 { line[number].evidence.probes = reading(true, "timed out", 100) }
        line.advance(to: 101)
        #expect(line.trust.doubt(of: .probes) != nil)
        for number in 1...3 { line[number].evidence.probes = reading(true, nil, 110) }
        line.advance(to: 110)
        #expect(line.trust.doubt(of: .probes) == nil)
        #expect(line.changes.isEmpty)
        for number in 1...4 { line[number].evidence.probes = reading(false, nil, 130) }
        line[5].evidence.probes = reading(true, "timed out", 130)
        line.advance(to: 130)
        #expect(line.changes.map(\.name) == ["seed-5"])
    }

    @Test("Figures of an agent that shows no sign of life neither accuse nor clear")
    func silentAgent() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.figures = Figures(at: Self.start, diskUsedPercent: 90)
        line.advance(to: 10)
        #expect(!line[1].isPublished)
        line.advance(to: 61)
        line[1].evidence.figures = Figures(at: Self.start, diskUsedPercent: 50)
        line[2].evidence.figures = Figures(at: Self.start, diskUsedPercent: 90)
        line.advance(to: 2000)
        #expect(line.changes.map(\.name) == ["seed-1"])
        #expect(line.state(1) == .evicted)
    }

    @Test("A clean-up that begins above the threshold, or ends above the other one, is said")
    func cleanUp() {
        var line = CandidateTimeline(CandidateFixture.seeds(3))
        line[1].evidence.figures = Figures(at: Self.start, cleanUp: .init(beginsAtPercent: 90, endsAtPercent: 80))
        line[2].evidence.figures = Figures(at: Self.start, cleanUp: .init(beginsAtPercent: 85, endsAtPercent: 82))
        line[3].evidence.figures = Figures(at: Self.start, cleanUp: .init(beginsAtPercent: 85, endsAtPercent: 80))
        line.decide()
        #expect(line.decision.notes.map(\.reason) == [.cleanUpTooLate, .cleanUpTooLate])
        #expect(line.decision.notes.map(\.node) == ["seed-1", "seed-2"])
    }

    /// Four seeds that renew and answer, the first of which has not renewed for a long time.
    private static func agentAway(probes: [ProbeReading]) -> CandidateTimeline {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        for number in 1...4 {
            line[number].evidence.announcement = Announcement(heardAt: start + 195, intervalSeconds: 30)
            line[number].evidence.probes = [reading(at: 195)]
        }
        line[1].evidence.announcement?.heardAt = start + 100
        line[1].evidence.probes = probes
        return line
    }

    private static func reading(at seconds: Int, error: String? = nil) -> ProbeReading {
        ProbeReading(
            name: "peer",
            target: "tcp://10.0.0.1:5001",
            isFailing: false,
            lastError: error,
            at: start + seconds,
            periodSeconds: 10,
            rowSeconds: 20
        )
    }

    @Test(
        "A seed whose agent is away stays while its daemon answers; one that did not answer since, or fails, leaves",
        arguments: [
            ([reading(at: 195)], true), ([reading(at: 195, error: "refused")], false), ([], false),
            ([reading(at: 120)], false), ([reading(at: 195), reading(at: 195, error: "refused")], false),
        ] as [([ProbeReading], Bool)]
    )
    func agentAlone(_ probes: [ProbeReading], stays: Bool) {
        var line = Self.agentAway(probes: probes)
        line.advance(to: 200)
        #expect(line[1].isPublished == stays)
    }

    @Test("Where all agents are away and the daemons answer, announcements are not in doubt, and nobody leaves")
    func allAgentsAway() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        for number in 1...4 {
            line[number].evidence.announcement = Announcement(heardAt: Self.start + 10, intervalSeconds: 30)
            line[number].evidence.probes = [Self.reading(at: 195)]
        }
        line.advance(to: 200)
        #expect(line.decision.trust.doubt(of: .announcements) == nil)
        #expect(line.changes.isEmpty)
        #expect(line.records == 0)
    }

    @Test("A seed that is out for its disk does not come back on a disk that cannot be measured any more")
    func unknownFigure() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        func measure(_ percent: Int?, at seconds: Int) {
            line[1].evidence.figures = Figures(at: Self.start + seconds, diskUsedPercent: percent)
        }
        measure(91, at: 0)
        line.decide()
        #expect(line.state(1) == .evicted)
        for seconds in stride(from: 30, through: 600, by: 30) {
            measure(nil, at: seconds)
            line.advance(to: seconds)
        }
        #expect(line.state(1) == .evicted)
        #expect(!line[1].isPublished)
    }

    @Test("Who readmits a seed need not wait until everything is heard of it again")
    func readmitUnclear() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.figures = Figures(at: Self.start, diskUsedPercent: 91)
        line.decide()
        line[1].evidence.figures = Figures(at: Self.start)
        line[1].readmit = line.record(1)?.since.description
        line.advance(to: 60)
        #expect(line[1].isPublished)
    }
}
