import Testing

@testable import MirrorSandbox

/// What makes a scenario of Dragonfly fail.
@Suite struct DragonflyRunTests {
    private static func window(
        share: Double = 0,
        seedShare: Double? = nil,
        failed: Int = 0,
        noCandidates: Int = 20,
        failedParents: Int = 0
    ) -> DragonflyWindow {
        var window = DragonflyWindow()
        window.seconds = 10
        (window.tasks, window.failed) = (20, failed)
        window.bytes = 100
        window.sourceBytes = Int64(share * 100)
        (window.seedTasks, window.seedBytes) = (5, 100)
        window.seedSourceBytes = Int64((seedShare ?? share) * 100)
        window.noCandidates = noCandidates
        window.failedParents = failedParents
        return window
    }

    private static var full: DragonflyDiskFull.Run {
        var run = DragonflyDiskFull.Run()
        run.before = window()
        run.during = window(share: 0.3, seedShare: 1, noCandidates: 30)
        run.isServing = true
        run.rings = 3
        return run
    }

    private static var cured: DragonflyDiskFull.Run {
        var run = DragonflyDiskFull.Run()
        (run.before, run.during, run.after) = (window(), window(), window())
        run.lastRings = 3
        return run
    }

    @Test func `a control run without the symptom of the full disk fails, whichever part of it is missing`() {
        #expect(Self.full.missingSymptom == nil)
        let changes: [(inout DragonflyDiskFull.Run) -> Void] = [
            { $0.before = Self.window(share: 0.3) }, { $0.during.seedSourceBytes = 80 }, { $0.during.seedTasks = 0 },
            { $0.during.noCandidates = 20 }, { $0.isServing = false }, { $0.rings = 0 }, { $0.during.failed = 1 },
        ]
        for change in changes {
            var run = Self.full
            change(&run)
            #expect(run.missingSymptom != nil)
        }
    }

    @Test
    func `a run with the operator is a cure only where nothing failed, nothing came from the source, and it is back`() {
        #expect(Self.cured.missingCure == nil)
        let changes: [(inout DragonflyDiskFull.Run) -> Void] = [
            { $0.seedFailures = 1 }, { $0.rings = 1 }, { $0.during = Self.window(share: 0.2) },
            { $0.after = Self.window(failed: 1) }, { $0.lastRings = 0 }, { $0.after.seedTasks = 0 },
        ]
        for change in changes {
            var run = Self.cured
            change(&run)
            #expect(run.missingCure != nil)
        }
    }

    @Test func `a dead seed must have been tried in vain, and must leave the lists earlier with the operator`() {
        let settings = DragonflyCrashedSeed.Settings()
        var control = DragonflyCrashedSeed.Run()
        control.before = Self.window()
        control.during = Self.window(share: 0.9, failedParents: 40)
        control.outOfLists = 29
        #expect(control.missingSymptom(settings) == nil)
        var early = control
        early.outOfLists = 14
        #expect(early.missingSymptom(settings) != nil)
        var untried = control
        untried.during.failedParents = 0
        #expect(untried.missingSymptom(settings) != nil)
        var cure = control
        cure.during = Self.window(share: 0.4, failedParents: 20)
        cure.outOfLists = 16
        #expect(cure.missingCure(beside: control, settings) == nil)
        #expect(control.missingCure(beside: control, settings) != nil)
    }

    @Test
    func `the last seed shows the stale ring where its host is deleted, and an empty one where ingress is denied`() {
        var run = DragonflyLastSeed.Run()
        run.before = Self.window()
        run.during = Self.window(share: 1)
        (run.rings, run.listed) = (1, 0)
        #expect(run.wrong(.deletedHost) == nil)
        #expect(run.wrong(.ingressOnly) != nil)
        run.during = Self.window(share: 1, noCandidates: 0)
        (run.rings, run.listed) = (0, 1)
        #expect(run.wrong(.ingressOnly) == nil)
        #expect(run.wrong(.deletedHost) != nil)
        #expect(run.wrong(.operated) != nil)
    }

    @Test func `with the operator the last seed stays, and the reason has its figures`() {
        var run = DragonflyLastSeed.Run()
        (run.before, run.during) = (Self.window(), Self.window())
        (run.rings, run.listed, run.percent) = (1, 1, 88)
        run.available = "NoHealthySeed: dragonfly-seed-client-0: the mirror's volume is 88 % full"
        #expect(run.wrong(.operated) == nil)
        let changes: [(inout DragonflyLastSeed.Run) -> Void] = [
            { $0.percent = 60 }, { $0.policies = 1 }, { $0.departures = 1 }, { $0.rings = 0 }, { $0.listed = 0 },
            { $0.during = Self.window(share: 0.5) }, { $0.available = "NoHealthySeed: none of them is well" },
        ]
        for change in changes {
            var other = run
            change(&other)
            #expect(other.wrong(.operated) != nil)
        }
    }

    @Test func `every fault must show as it says, and nothing else may be blamed`() {
        let faults = DragonflyCauses.lanes.flatMap(\.faults)
        func window(_ symptom: DragonflyFault.Symptom) -> DragonflyWindow {
            switch symptom {
            case .source: return Self.window(share: 1)
            case .none: return Self.window()
            case .down:
                var window = Self.window(failed: 20)
                (window.bytes, window.sourceBytes) = (0, 0)
                return window
            }
        }
        var run = DragonflyFaultRun.Run()
        run.before = Self.window()
        run.outcomes = faults.map { DragonflyFaultRun.Outcome(fault: $0, window: window($0.symptom)) }
        #expect(run.missingSymptom == nil)
        for index in faults.indices {
            var other = run
            other.outcomes[index].window = Self.window(share: faults[index].symptom == .none ? 0.9 : 0.2)
            #expect(other.missingSymptom?.contains(faults[index].name) == true)
            other = run
            other.outcomes[index].others = ["StormActive"]
            #expect(other.missingSymptom == nil)
            other.outcomes[index].others = ["blames PortClosed"]
            #expect(other.missingSymptom?.contains("blames PortClosed") == true)
        }
    }

    @Test func `all nineteen causes are made, and none is told without what to do`() {
        let faults = DragonflyCauses.lanes.flatMap(\.faults)
        #expect(Set(faults.map(\.number)) == Set(1...19))
        #expect(faults.filter { $0.words.advice.isEmpty }.map(\.name) == ["tiny files"])
        #expect(Set(faults.map(\.injected)).count == faults.count)
    }

    @Test func `a window tells shares, log lines a minute and waits`() {
        var window = Self.window(share: 0.25)
        var download = DfdaemonService.Download(task: "t", size: 100)
        (download.sourceBytes, download.waited, download.seconds) = (100, 2, 3)
        window.add(download, isSeeds: false)
        window.add(nil, isSeeds: true)
        #expect(window.share == 0.625)
        #expect(window.noCandidatesPerMinute == 120)
        #expect(window.meanWait == 2 && window.meanTime == 3)
        #expect(window.failed == 1 && window.tasks == 22)
        let lines = DragonflyTable.lines([("a", window)], seed: "s")
        #expect(lines.contains { $0.hasPrefix("share of bytes from the source") && $0.hasSuffix("63 %") })
    }
}
