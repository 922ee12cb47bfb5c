import KubeCore
import Testing

@testable import MirrorSandbox

@Suite struct DaemonPartTests {
    private static func tasks(_ count: Int, bytes: Int64 = 10, age: Double = 0) -> [DiskCollection.Task] {
        (0..<count).map {
            DiskCollection.Task(id: "t\($0)", bytes: bytes, updatedAt: 1_000 + Double($0) - age, isFinished: true)
        }
    }

    private static func victims(
        _ tasks: [DiskCollection.Task],
        used: Int64,
        high: Int = 90,
        low: Int = 70
    ) -> [String] {
        let marks = DiskCollection.Marks(high: high, low: low, taskTTL: .seconds(3_600))
        return DiskCollection.victims(of: tasks, used: used, total: 100, marks, now: 1_100)
    }

    @Test func `a clean-up does nothing below its high mark, and goes down to the low one from there`() {
        #expect(Self.victims(Self.tasks(8), used: 89).isEmpty)
        #expect(Self.victims(Self.tasks(9), used: 90) == ["t0", "t1"])
        #expect(Self.victims(Self.tasks(10), used: 100) == ["t0", "t1", "t2"])
    }

    @Test func `what is too old goes at any time, and what is not complete stays`() {
        #expect(Self.victims(Self.tasks(2, age: 4_000), used: 20) == ["t0", "t1"])
        var open = Self.tasks(10)
        open[0].isFinished = false
        #expect(Self.victims(open, used: 100) == ["t1", "t2", "t3"])
    }

    @Test func `foreign files count, and there is only so much to remove`() {
        #expect(Self.victims(Self.tasks(1), used: 95) == ["t0"])
    }

    @Test(
        arguments: [
            ("30m", Duration.seconds(1_800)), ("1h 30m", .seconds(5_400)), ("500ms", .milliseconds(500)),
            ("1.5s", .milliseconds(1_500)), ("30days", .seconds(30 * 86_400)), ("2 parsecs", nil), ("", nil),
            ("900", nil),
        ] as [(String, Duration?)]
    )
    func `durations are read as Go and Rust write them`(text: String, duration: Duration?) {
        #expect(DaemonDuration.parse(.string(text)) == duration)
    }

    @Test func `a number alone is nanoseconds`() {
        #expect(DaemonDuration.parse(2) == .nanoseconds(2))
    }

    @Test func `settings are those of the files, and else of the code`() throws {
        let release = DragonflyRelease()
        var files: [String: JSONValue] = [:]
        for (_, object) in release.schedulerObjects + release.daemonObjects {
            for (key, text) in object.stringMap(["data"]) {
                files["\(object.objectName)/\(key)"] = try YAMLCoding.documents(Array(text.utf8)).first
            }
        }
        let seed = DfdaemonSettings(files["dragonfly-seed-client/dfdaemon.yaml"] ?? [:])
        #expect(seed.isSeed && seed.keepsStorage)
        #expect(seed.announceInterval == .seconds(6))
        #expect(seed.highPercent == 90 && seed.lowPercent == 70)
        #expect(seed.collection == .seconds(90))
        let client = DfdaemonSettings(files["dragonfly-client/dfdaemon.yaml"] ?? [:])
        #expect(!client.isSeed && client.announceInterval == .seconds(30))
        #expect(DfdaemonSettings([:]).highPercent == 80)
        let scheduler = SchedulerSettings(
            scheduler: files["dragonfly-scheduler/scheduler.yaml"] ?? [:],
            dynconfig: files["dragonfly-scheduler-dynconfig/dynconfig.yaml"] ?? [:]
        )
        #expect(scheduler.retryBackToSourceLimit == 3)
        #expect(scheduler.retryInterval == .milliseconds(200))
        #expect(scheduler.candidateParents == 3 && scheduler.filteredParents == 15)
        #expect(SchedulerSettings(scheduler: [:], dynconfig: [:]).retryBackToSourceLimit == 4)
    }

    @Test func `a member that leaves a ring takes only its own keys with it`() {
        let all = HashRing(["a", "b", "c"])
        let fewer = HashRing(["a", "c"])
        var counts: [String: Int] = [:]
        for number in 0..<3_000 {
            let owner = all.member(for: "key-\(number)") ?? ""
            counts[owner, default: 0] += 1
            if owner != "b" { #expect(fewer.member(for: "key-\(number)") == owner) }
        }
        #expect(counts.values.allSatisfy { $0 > 400 })
        #expect(HashRing().member(for: "key") == nil)
    }

    @Test func `a daemon keeps the schedulers that it knew where nobody answers`() {
        var choice = SchedulerChoice()
        let alone = choice.refresh(named: ["a:1"], available: [])
        #expect(!alone)
        #expect(choice.scheduler(for: "abcde") == nil)
        let found = choice.refresh(named: ["a:1", "b:1"], available: ["b:1"])
        #expect(found)
        #expect(choice.scheduler(for: "abcde") == "b:1")
        let lost = choice.refresh(named: ["a:1"], available: [])
        #expect(lost)
        #expect(choice.available == ["b:1"])
        // Five characters decide.
        #expect(choice.scheduler(for: "abcdefgh") == choice.scheduler(for: "abcdezzz"))
    }

    @Test func `metrics have the names and labels that are scraped`() {
        var figures = DfdaemonFigures()
        figures.sourceBytes = 5
        let text = figures.metrics(
            disk: TaskStore.Usage(total: 100, free: 40),
            openFiles: 7,
            mostFiles: 9,
            version: "1.5.1"
        )
        #expect(text.contains("\ndragonfly_client_disk_usage_space_total 60\n"))
        #expect(text.contains("\ndragonfly_client_download_traffic{type=\"BACK_TO_SOURCE\",task_type=\"0\"} 5\n"))
        #expect(text.contains("\nprocess_open_fds 7\n"))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("# TYPE dragonfly_client_download_traffic ") } == 1)
    }
}
