import KubeCore
import KubeTestSupport
import MirrorAPI
import MirrorPlanner
import Testing

@testable import MirrorOperator

@Suite("What is seen of announcements")
struct AnnouncementTests {
    private let bench = SeedBench(Fixture.mirror(), Fixture.mirror("other"))
    private let node = Fixture.server("s1", number: 1)
    private static let look = [SeedBench.Waking(mirror: "m", delay: .milliseconds(50))]

    @Test("A new Lease, a goodbye, a return and a late renewal wake the mirror; a renewal in time does not")
    func waking() {
        bench.see(SeedBench.lease("s1", renewal: 1))
        #expect(bench.news() == Self.look, "new")
        for renewal in 2...20 as ClosedRange<Int64> {
            bench.clock.advance(by: .seconds(11))
            bench.see(SeedBench.lease("s1", renewal: renewal))
            #expect(bench.news() == [], "in time: \(renewal)")
        }
        bench.see(SeedBench.lease("s1", renewal: 20))
        #expect(bench.news() == [], "the same again, as after a list")
        bench.clock.advance(by: .seconds(13))
        bench.see(SeedBench.lease("s1", renewal: 21))
        #expect(bench.news() == Self.look, "late")
        bench.see(SeedBench.lease("s1", renewal: 22, saidGoodbye: true))
        #expect(bench.news() == Self.look, "goodbye")
        bench.see(SeedBench.lease("s1", renewal: 23))
        #expect(bench.news() == Self.look, "back")
        bench.see(SeedBench.lease("s1", renewal: 24, interval: 30))
        #expect(bench.news() == Self.look, "another interval")
        bench.watch.end()
        bench.see(SeedBench.lease("s1", renewal: 25, saidGoodbye: true))
        #expect(bench.news() == [], "not leading")
        #expect(
            bench.evidence(Fixture.mirror(), node).announcements["s1"]?.saidGoodbye == true,
            "and seen all the same"
        )
    }

    @Test("What a start finds is not confirmed and counts from then on; a renewal is heard on our clock, rounded up")
    func beginning() {
        bench.see(SeedBench.lease("s1", renewal: 1_900_000_000))
        let found = Announcement(heardAt: bench.time(0), intervalSeconds: 10, isConfirmed: false)
        #expect(bench.evidence(Fixture.mirror(), node).announcements == ["s1": found])
        bench.clock.advance(by: .milliseconds(4_200))
        bench.see(SeedBench.lease("s1", renewal: 7))
        let evidence = bench.evidence(Fixture.mirror(), node)
        let renewed = Announcement(heardAt: bench.time(5), intervalSeconds: 10)
        #expect(evidence.announcements == ["s1": renewed])
        #expect(evidence.agentsHeardAt == ["s1": bench.time(5)])
        #expect(evidence.now == MicroTimestamp(microseconds: Fixture.start.microseconds + 4_200_000))
        let restarted = SeedBench(Fixture.mirror())
        restarted.see(SeedBench.lease("s1", renewal: 7))
        let anew = restarted.evidence(Fixture.mirror(), node)
        #expect(anew.announcements["s1"]?.isConfirmed == false)
        #expect(anew.agentsHeardAt == [:])
        #expect(anew.trust == SignalTrust(since: Fixture.start.timestamp))
    }

    @Test(
        "The interval is half of the time to live, within reason",
        arguments: [(nil, 30), (60, 30), (1, 1), (0, 1), (-7, 1), (Int.max, 3600)]
    )
    func interval(duration: Int?, expected: Int) {
        var lease = SeedBench.lease("s1")
        lease.spec?.leaseDurationSeconds = duration
        bench.see(lease)
        #expect(bench.evidence(Fixture.mirror(), node).announcements["s1"]?.intervalSeconds == expected)
    }

    @Test("A Lease is its mirror's and its node's, however long their names are")
    func names() {
        let long = String(repeating: "a", count: 80)
        let node = Fixture.server("\(long).node", number: 1)
        let lease = SeedBench.lease("\(long).node", of: "\(long).mirror")
        let bench = SeedBench(Fixture.mirror("\(long).mirror"), Fixture.mirror())
        bench.see(lease)
        #expect(bench.news().map(\.mirror) == ["\(long).mirror"])
        #expect(bench.evidence(Fixture.mirror("\(long).mirror"), node).announcements.keys.sorted() == ["\(long).node"])
        #expect(bench.evidence(Fixture.mirror(), node).announcements == [:])
        // Both would be the Lease "a.b.c", which their labels tell apart.
        bench.see(SeedBench.lease("b.c", of: "a"))
        #expect(bench.evidence(Fixture.mirror("a"), Fixture.server("b.c", number: 2)).announcements.count == 1)
        #expect(bench.evidence(Fixture.mirror("a.b"), Fixture.server("c", number: 2)).announcements == [:])
    }

    @Test("A Lease that somebody deletes goes on to age; one that goes with its MirrorNode is forgotten")
    func deletion() {
        let lease = SeedBench.lease("s1")
        bench.see(lease)
        bench.lose(lease, isOwned: true)
        #expect(bench.evidence(Fixture.mirror(), node).announcements.count == 1)
        bench.lose(lease, isOwned: false)
        #expect(bench.evidence(Fixture.mirror(), node).announcements == [:])
        bench.see(lease)
        bench.see(Fixture.mirrorNode("s1"), nil)
        #expect(bench.evidence(Fixture.mirror(), node).announcements == [:])
        bench.see(lease)
        var replaced = Fixture.mirrorNode("s1")
        replaced.metadata.uid = "of another node of that name"
        bench.see(Fixture.mirrorNode("s1"), replaced)
        #expect(bench.evidence(Fixture.mirror(), node).announcements == [:])
        bench.see(lease)
        bench.watch.forget("m")
        #expect(bench.evidence(Fixture.mirror(), node).announcements == [:])
    }

    @Test("An agent is heard by each new report; what was there, and what we write ourselves, is no sign of life")
    func agents() {
        let silent = Fixture.mirrorNode("s1")
        var reported = silent
        reported.status = MirrorNodeStatus(agent: MirrorNodeStatus.Agent(phase: .idle, version: "1"))
        bench.see(nil, reported)
        #expect(bench.evidence(Fixture.mirror(), node).agentsHeardAt == [:])
        var decided = reported
        decided.status?.candidate = MirrorNodeStatus.Candidate(
            state: .healthy,
            since: Fixture.start.timestamp,
            reason: "Healthy",
            message: ""
        )
        bench.see(reported, decided)
        #expect(bench.evidence(Fixture.mirror(), node).agentsHeardAt == [:])
        bench.clock.advance(by: .milliseconds(500))
        bench.see(silent, reported)
        #expect(bench.evidence(Fixture.mirror(), node).agentsHeardAt == ["s1": bench.time(1)])
        #expect(bench.evidence(Fixture.mirror(), Fixture.server("s2", number: 2)).agentsHeardAt == [:])
        #expect(bench.news() == [], "the change itself wakes")
        bench.see(decided, nil)
        #expect(bench.evidence(Fixture.mirror(), node).agentsHeardAt == [:])
    }

    @Test("What is known of a seed whose Node is gone is still told")
    func goneNode() {
        bench.see(SeedBench.lease("s1"))
        let evidence = bench.watch.evidence(
            of: Fixture.mirror(),
            in: SeedBench.snapshot([], [Fixture.mirrorNode("s1"), Fixture.mirrorNode("s2", mirror: "other")])
        )
        #expect(evidence.announcements.keys.sorted() == ["s1"])
    }

    @Test("What a decision came to trust is kept for the next one, until the mirror is gone")
    func trust() {
        let trust = SignalTrust(since: bench.time(100))
        bench.watch.remember(trust, "m")
        #expect(bench.evidence().trust == trust)
        #expect(bench.evidence(Fixture.mirror("other")).trust == SignalTrust(since: bench.time(0)))
        bench.watch.forget("m")
        #expect(bench.evidence().trust == SignalTrust(since: bench.time(0)))
    }
}
