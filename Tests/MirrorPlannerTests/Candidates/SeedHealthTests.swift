import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("One seed falls ill, leaves, and comes back")
struct SeedHealthTests {
    private static let full = Figures(at: .init(seconds: .max / 2), diskUsedPercent: 86)

    @Test(
        "A hard cause acts at once",
        arguments: [
            ("DiskPressure", "DiskPressure"), ("deleting", "NodeDeleting"), ("excluded", "Excluded"),
            ("disk", "DiskFull"), ("inodes", "InodesExhausted"), ("pod gone", "PodGone"),
            ("pod deleting", "PodDeleting"), ("goodbye", "SaidGoodbye"),
        ]
    )
    func hardCauses(_ cause: String, _ reason: String) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        let now = line.time
        switch cause {
        case "deleting": line[1].evidence.node?.isDeleting = true
        case "excluded": line[1].evidence.node?.exclusion = "spinning disk"
        case "disk": line[1].evidence.figures = Figures(at: now, diskUsedPercent: 85)
        case "inodes": line[1].evidence.figures = Figures(at: now, inodesUsedPercent: 95)
        case "pod gone": line[1].evidence.pod = PodEvidence(isPresent: false)
        case "pod deleting": line[1].evidence.pod = PodEvidence(isDeleting: true)
        case "goodbye": line[1].evidence.announcement = .init(heardAt: now, intervalSeconds: 30, saidGoodbye: true)
        default: line[1].evidence.node = CandidateFixture.ill(cause)
        }
        line.decide()
        #expect(line.changes.map(\.name) == ["seed-1"])
        #expect(line.record(1)?.reason == reason)
        #expect(line.record(1)?.state == .evicted)
    }

    @Test(
        "A soft cause acts after its time, and not before",
        arguments: [
            ("Ready", 60), ("MemoryPressure", 60), ("PIDPressure", 60), ("NetworkUnavailable", 60), ("memory", 60),
            ("fds", 60), ("io", 120), ("network", 120), ("pod", 60), ("crash", 60), ("probe", 60),
        ]
    )
    func softCauses(_ cause: String, _ seconds: Int) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        let far = CandidateFixture.start + 10_000
        line.advance(to: 100)
        switch cause {
        case "memory": line[1].evidence.figures = Figures(at: far, memoryAvailablePercent: 5)
        case "fds": line[1].evidence.figures = Figures(at: far, fileDescriptorsUsedPercent: 90)
        case "io": line[1].evidence.figures = Figures(at: far, ioPressurePercent: 60)
        case "network": line[1].evidence.figures = Figures(at: far, networkErrorPercent: 5)
        case "pod": line[1].evidence.pod = PodEvidence(isReady: false)
        case "crash": line[1].evidence.pod = PodEvidence(isCrashLooping: true)
        case "probe":
            line[1].evidence.probes = [
                ProbeReading(
                    name: "peer",
                    target: "tcp://10.0.0.1:5001",
                    isFailing: true,
                    lastError: "connection refused",
                    at: far,
                    periodSeconds: 10,
                    rowSeconds: 20
                )
            ]
            for number in 2...4 {
                line[number].evidence.probes = [
                    ProbeReading(
                        name: "peer",
                        target: "",
                        isFailing: false,
                        lastError: nil,
                        at: far,
                        periodSeconds: 10,
                        rowSeconds: 20
                    )
                ]
            }
        default: line[1].evidence.node = CandidateFixture.ill(cause)
        }
        line.decide()
        #expect(line.state(1) == .suspect)
        line.advance(to: 100 + seconds - 1)
        #expect(line.changes.isEmpty)
        line.advance(to: 100 + seconds)
        #expect(line.changes.map(\.at) == [100 + seconds])
    }

    @Test("Another soft cause does not start the clock again, and a short recovery only stops it")
    func clockRunsOn() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line.advance(to: 10)
        line[1].evidence.node = CandidateFixture.ill("MemoryPressure")
        line.advance(to: 40)
        line[1].evidence.node = CandidateFixture.ill("Ready")
        line.advance(to: 50)
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 60)
        #expect(line.state(1) == .suspect)
        line[1].evidence.node = CandidateFixture.ill("PIDPressure")
        line.advance(to: 79)
        #expect(line.changes.isEmpty)
        line.advance(to: 80)
        #expect(line.changes.map(\.at) == [80])
        #expect(line.record(1)?.reason == "PIDPressure")
    }

    @Test(
        "Time in which nothing is known of a suspect does not count, and after healthyForSeconds of it all begins anew",
        arguments: [("doubted", 100, 140), ("doubted", 1_000, 1_060), ("changed", 100, 140), ("changed", 1_000, 1_060)]
    )
    func unknownTime(_ kind: String, _ until: Int, _ leaves: Int) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        if kind == "doubted" {
            line[1].evidence.pod = PodEvidence(isReady: false)
        } else {
            line[1].evidence.node = CandidateFixture.ill("Ready")
        }
        line.advance(to: 20)
        if kind == "doubted" { line.stale[.pods] = "the watch is broken" } else { line[1].isBeingChanged = true }
        line.advance(to: until)
        #expect(line.state(1) == .suspect)
        line[1].evidence.pod = nil
        line[1].isBeingChanged = false
        line[1].evidence.node = CandidateFixture.ill("MemoryPressure")
        line.advance(to: leaves - 1)
        #expect(line.changes.isEmpty)
        line.advance(to: leaves)
        #expect(line.changes.map(\.at) == [leaves])
    }

    @Test("An illness ends with healthyForSeconds of health")
    func illnessEnds() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node = CandidateFixture.ill("Ready")
        line.advance(to: 30)
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 149)
        #expect(line.state(1) == .suspect)
        line.advance(to: 150)
        #expect(line.record(1) == nil)
        line[1].evidence.node = CandidateFixture.ill("Ready")
        line.advance(to: 209)
        #expect(line.changes.isEmpty)
    }

    @Test("Each eviction within an hour of health doubles the probation, up to 15 minutes; then all is forgiven")
    func probationDoubles() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        var waits: [Int] = []
        for _ in 0..<5 {
            line[1].evidence.node = CandidateFixture.ill("DiskPressure")
            line.decide()
            line[1].evidence.node = NodeEvidence()
            let left = line.now
            line.advance(to: left + 1000)
            waits.append((line.changes.last?.at ?? 0) - left)
        }
        #expect(waits == [120, 240, 480, 900, 900])
        #expect(line.record(1)?.ejections == 5)
        line.advance(to: line.now + 3600)
        #expect(line.record(1) == nil)
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        #expect(line.record(1)?.ejections == 1)
    }

    @Test("A seed that is out for its disk comes back below the lower threshold", arguments: [(82, false), (81, true)])
    func hysteresis(_ used: Int, _ comesBack: Bool) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        let far = CandidateFixture.start + 10_000
        line[1].evidence.figures = Figures(at: far, diskUsedPercent: 85)
        line.decide()
        line[1].evidence.figures = Figures(at: far, diskUsedPercent: used)
        line.advance(to: 2000)
        #expect(line[1].isPublished == comesBack)
    }

    @Test("Who falls ill on probation is out for a whole probation more before the next one")
    func relapse() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 60)
        line[1].evidence.node = CandidateFixture.ill("Ready")
        line.decide()
        #expect(line.state(1) == .evicted)
        #expect(line.record(1)?.ejections == 1)
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 179)
        #expect(line.state(1) == .evicted)
        line.advance(to: 180)
        #expect(line.state(1) == .probation)
        line.advance(to: 299)
        #expect(!line[1].isPublished)
        line.advance(to: 300)
        #expect(line[1].isPublished)
    }

    @Test("An absence that was asked for is no ejection", arguments: ["cordoned", "excluded", "changed"])
    func askedFor(_ kind: String) {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node = CandidateFixture.ill("Ready")
        switch kind {
        case "cordoned": line[1].evidence.node?.isCordoned = true
        case "excluded": line[1].evidence.node?.exclusion = ""
        default: line[1].isBeingChanged = true
        }
        line.advance(to: 300)
        #expect(line[1].isPublished == (kind == "changed"))
        #expect(line.record(1)?.ejections ?? 0 == 0)
        #expect(line.memory.storm == nil)
        line[1].isBeingChanged = false
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 420)
        #expect(line[1].isPublished)
    }

    @Test("Cordoning alone evicts nobody")
    func cordon() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node?.isCordoned = true
        line.advance(to: 1000)
        #expect(line.changes.isEmpty)
        #expect(line.records == 0)
    }

    @Test("An administrator readmits a seed that is well without probation, and names the eviction")
    func readmit() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line.decide()
        line[1].readmit = "2020-01-01T00:00:00Z"
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 10)
        #expect(!line[1].isPublished)
        line[1].readmit = line.record(1)?.since.description
        line.advance(to: 11)
        #expect(line[1].isPublished)
        #expect(line.record(1)?.ejections ?? 0 == 0)
    }

    @Test("A restart forgets no cool-down and repeats no eviction, and waits for what it has not seen itself")
    func restart() {
        var line = CandidateTimeline(CandidateFixture.seeds(5))
        line[1].evidence.node = CandidateFixture.ill("DiskPressure")
        line[2].evidence.node = CandidateFixture.ill("Ready")
        line[2].evidence.node?.isCordoned = true
        line.decide()
        line[1].evidence.node = NodeEvidence()
        line.advance(to: 59)
        #expect(line.changes.map(\.name) == ["seed-1"])
        line.trust = SignalTrust(since: line.time)
        line.advance(to: 118)
        #expect(line.changes.map(\.name) == ["seed-1"])
        line.advance(to: 119)
        #expect(line.changes.map(\.name) == ["seed-1", "seed-2"])
        line.advance(to: 120)
        #expect(line[1].isPublished)
        #expect(line.record(1)?.ejections == 1)
    }

    @Test("Where the wall clock was set back, no time lasts longer for it")
    func clockSetBack() {
        var line = CandidateTimeline(CandidateFixture.seeds(4))
        let ahead = CandidateFixture.start + 86_400
        line[1].lever = .withdrawn(isOurs: true)
        line[1].record = .init(
            state: .probation,
            since: ahead,
            until: ahead + 120,
            illSince: ahead,
            ejections: 1,
            reason: "DiskPressure",
            message: ""
        )
        line.advance(to: 119)
        #expect(!line[1].isPublished)
        line.advance(to: 120)
        #expect(line[1].isPublished)
    }
}
