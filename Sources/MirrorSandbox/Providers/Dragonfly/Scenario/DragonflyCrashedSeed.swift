import KubeCore
import MirrorPlanner

/// The incident `dragonfly-crashed-seed`: a seed dies without saying goodbye. It leaves the ring at the next look,
/// and stays among the hosts until the schedulers collect them; so long its tasks count as available, no other seed
/// is asked for them, and whoever wants one tries the dead seed and then goes to the source.
struct DragonflyCrashedSeed: Sendable {
    struct Settings: Sendable {
        var factor = 10
        var nodes = 6
        /// Seconds between two tasks, of the window before, and of the one from the death on.
        var pace = 0.5
        var before = 5.0
        var window = 40.0

        init() {}
    }

    struct Run: Sendable {
        var before = DragonflyWindow()
        var during = DragonflyWindow()
        /// Seconds from the death until no ring and no list had the seed; nil where one still had it at the end.
        var outOfRings: Double?
        var outOfLists: Double?
    }

    static let seed = DragonflyStage.firstSeed

    let settings: Settings
    let stage: DragonflyStage

    private var fleet: SimulatedDragonfly { stage.fleet }
    private var load: DragonflyLoad { stage.load }

    static func plan(_ settings: Settings, isOperated: Bool) -> DragonflyStage.Plan {
        var plan = DragonflyStage.Plan()
        plan.release.factor = settings.factor
        plan.nodes = settings.nodes
        for number in 0..<3 { plan.disks[number] = 2_048 }
        plan.mirror = isOperated ? DragonflyMirror.object() : nil
        return plan
    }

    func run() async throws -> Run {
        let early = try await preheat(count: Int(settings.before / settings.pace))
        let late = try await preheat(count: Int(settings.window / settings.pace))
        stage.say("\(early.count + late.count) tasks are on \(Self.seed), and on no client")
        var run = Run()
        run.before = try await load.window(seconds: settings.before, pace: settings.pace, tasks: early)
        stage.say("before: \(Self.words(run.before))")
        try await untilCollected()
        try await die()
        stage.say("\(Self.seed) dies: its process stands still, and who connects gets no answer")
        try await watch(late, &run)
        stage.say("the \(Int(settings.window)) s from then: \(Self.words(run.during))")
        return run
    }

    private static func words(_ window: DragonflyWindow) -> String {
        "\(window.tasks) tasks, \(Int((window.share * 100).rounded())) % of bytes from the source, "
            + "\(window.failedParents) parents tried in vain"
    }

    private var ip: String { String(load.seed.dropLast(5)) }

    /// Tasks that the seed has and nobody else, got some at a time.
    private func preheat(count: Int) async throws -> [DragonflyTaskID] {
        let members = HashRing(load.ring)
        var tasks: [DragonflyTaskID] = []
        while tasks.count < count {
            let task = SimulatedDragonfly.freshTask()
            if members.member(for: task.text) == load.seed { tasks.append(task) }
        }
        let wanted = tasks
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, task) in wanted.enumerated() {
                if number >= 6 { try await group.next() }
                group.addTask {
                    guard await fleet.preheat(task, size: DragonflyLoad.taskSize, seed: ip) else {
                        throw ScenarioFailure("\(Self.seed) does not get a task that it is asked for")
                    }
                }
            }
            try await group.waitForAll()
            return wanted
        }
    }

    /// Waits until each scheduler has looked for silent hosts once more: the next look is as far as can be then.
    private func untilCollected() async throws {
        func counts() async -> [Int] { await fleet.schedulerFigures().map { $0.figures?.collections ?? 0 } }
        let before = await counts()
        try await stage.wait(for: "the schedulers' look for silent hosts", within: 300 / Double(settings.factor) + 15) {
            zip(before, await counts()).allSatisfy { $0 < $1 }
        }
    }

    /// As where a node loses its power: nobody is refused, and nobody answered.
    private func die() async throws {
        fleet.cluster.setFaults(PodFaults(.silent, on: [4_000, 4_001, 4_002, 4_003, 4_005]), ofPod: Self.seed)
        // Until the process has read that.
        try await Task.sleep(for: .milliseconds(700))
        let pods = try await fleet.cluster.objects.list(ClusterObjects.pods).filter { $0.objectName == Self.seed }
        try fleet.cluster.freeze(pods)
    }

    private func watch(_ tasks: [DragonflyTaskID], _ run: inout Run) async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        let end = begin + .seconds(settings.window)
        let id = "\(ip)-\(Self.seed)-seed"
        async let window = load.window(seconds: settings.window, pace: settings.pace, tasks: tasks)
        stage.follower?.beginIncident()
        while clock.now < end {
            let after = DfdaemonService.seconds(clock.now - begin)
            let all = await fleet.schedulerFigures().compactMap(\.figures)
            if run.outOfRings == nil, all.allSatisfy({ !$0.ring.contains(load.seed) }) {
                run.outOfRings = after
                stage.say("no ring has it any more after \(WindowTable.rounded(after)) s")
            }
            if run.outOfLists == nil, all.allSatisfy({ !$0.hosts.contains(id) }) {
                run.outOfLists = after
                stage.say("no scheduler lists it any more after \(WindowTable.rounded(after)) s")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        run.during = try await window
    }
}

extension DragonflyCrashedSeed.Run {
    /// Why the symptom is not in this run, which is the one without anybody who does something; nil where it is.
    func missingSymptom(_ settings: DragonflyCrashedSeed.Settings) -> String? {
        if let wrong = missingStart { return wrong }
        if during.failedParents == 0 { return "nobody was sent to the dead seed" }
        // Twice the interval, and no collection before that.
        let least = 120 / Double(settings.factor)
        if let out = outOfLists, out < least + 3 {
            return "it left the lists after \(WindowTable.rounded(out)) s already"
        }
        if during.share < 0.6 { return "\(Int(during.share * 100)) % of the bytes came from the source" }
        return nil
    }

    /// Why this run is no cure beside the other; nil where it is.
    func missingCure(beside control: Self, _ settings: DragonflyCrashedSeed.Settings) -> String? {
        if let wrong = missingStart { return wrong }
        guard let out = outOfLists, out < control.outOfLists ?? settings.window else {
            return "it left the lists after \(outOfLists.map(WindowTable.rounded) ?? "no") s, no earlier than without"
        }
        if during.share >= control.during.share { return "no fewer bytes came from the source than without" }
        return nil
    }

    private var missingStart: String? {
        if before.failed > 0 { return "\(before.failed) tasks failed before" }
        return before.share > 0.15 ? "\(Int(before.share * 100)) % of the bytes came from the source before" : nil
    }
}
