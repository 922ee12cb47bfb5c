import KubeCore
import MirrorAPI
import MirrorPlanner

/// The incident `dragonfly-disk-full`: the disk of a seed that shares its node with a scheduler is full before its next
/// clean-up, its health goes on to say SERVING, and its tasks go on to be asked of it.
struct DragonflyDiskFull: Sendable {
    struct Settings: Sendable {
        var factor = 5
        var nodes = 6
        /// MiB of the disk of the seed in question, and of the others. At the even pace the seed gets half a percent a
        /// second: from the mark at which it is to leave it takes half a minute until a write fails.
        var diskMebibytes = 320
        var otherMebibytes = 2_048
        /// Percent at which the daemons' clean-up starts, and to which it goes.
        var high = 80
        var low = 60
        /// Percent to which the disk is filled quickly, before the pace is an even one.
        var filled = 82.0
        /// Seconds between two tasks, and of a window.
        var pace = 0.5
        var window = 8.0
        /// Seconds that the disk may take from there until a write fails, or the seed has left.
        var limit = 90.0
        /// Seconds that a seed must be well before it comes back.
        var healthyForSeconds = 10

        init() {}
    }

    /// What one run came to.
    struct Run: Sendable {
        var before = DragonflyWindow()
        var during = DragonflyWindow()
        var after = DragonflyWindow()
        /// Percent of the seed's disk at the end of the second window, and of the third.
        var percent = 0.0
        var lastPercent = 0.0
        /// Whether the seed's named health service said SERVING after the second window.
        var isServing = false
        /// Schedulers whose ring had the seed then, and at the end.
        var rings = 0
        var lastRings = 0
        /// Downloads of the seed that failed.
        var seedFailures = 0
        /// Seconds from the mark `filled` until no ring had the seed, and until all had it again.
        var outAfter: Double?
        var backAfter: Double?
    }

    static let seed = DragonflyStage.firstSeed

    let settings: Settings
    let stage: DragonflyStage

    private var fleet: SimulatedDragonfly { stage.fleet }
    private func say(_ words: String) { stage.say(words) }

    static func plan(_ settings: Settings, isOperated: Bool) -> DragonflyStage.Plan {
        var plan = DragonflyStage.Plan()
        plan.release.factor = settings.factor
        plan.release.collectionSeconds = 900 / settings.factor
        plan.release.highPercent = settings.high
        plan.release.lowPercent = settings.low
        plan.nodes = settings.nodes
        plan.disks = [0: settings.diskMebibytes, 1: settings.otherMebibytes, 2: settings.otherMebibytes]
        plan.mirror =
            isOperated
            ? DragonflyMirror.object(recovery: .restart, healthyForSeconds: settings.healthyForSeconds) : nil
        return plan
    }

    /// One run: all well; the disk fills; and what comes of it.
    func run() async throws -> Run {
        var load = stage.load
        var run = Run()
        run.before = try await load.window(seconds: settings.window, pace: settings.pace)
        say("before: \(Self.words(run.before))")
        let percent = try await load.fill(seed: Self.seed, to: settings.filled)
        say("\(Self.seed) is filled to \(Int(percent)) %")
        let clock = ContinuousClock()
        let begin = clock.now
        if let follower = stage.follower {
            follower.beginIncident()
            try await goOn(load, until: "the end of \(Self.seed) in the rings") { await rings(load.seed) == 0 }
            run.outAfter = DfdaemonService.seconds(clock.now - begin)
            say("its disk is filled to \(await self.percent()) %, and no ring has it any more")
        } else {
            try await goOn(load, until: "a failed write of \(Self.seed)") { await failures() > 0 }
            say("a write of \(Self.seed) failed: its disk is filled to \(await self.percent()) %")
        }
        run.during = try await load.window(seconds: settings.window, pace: settings.pace)
        say("during: \(Self.words(run.during))")
        await look(load, &run)
        if stage.follower != nil {
            try await untilBack(&load)
            run.backAfter = DfdaemonService.seconds(clock.now - begin)
        }
        run.after = try await load.window(seconds: settings.window, pace: settings.pace)
        say("after: \(Self.words(run.after))")
        run.lastPercent = await fleet.diskPercent(ofSeed: Self.seed) ?? 0
        run.lastRings = await rings(load.seed)
        return run
    }

    static func words(_ window: DragonflyWindow) -> String {
        let share = Int((window.share * 100).rounded())
        let seedShare = Int((window.seedShare * 100).rounded())
        return "\(window.tasks) tasks, \(share) % of bytes from the source, \(seedShare) % of those of \(seed)"
    }

    private func failures() async -> Int {
        let ip = await fleet.address(ofPod: Self.seed) ?? ""
        return await fleet.figures(ofDaemon: ip)?.failedDownloads ?? 0
    }

    private func rings(_ address: String) async -> Int {
        await fleet.schedulerFigures().count { $0.figures?.ring.contains(address) ?? false }
    }

    /// Goes on at the even pace until `isDone`.
    private func goOn(_ load: DragonflyLoad, until what: String, _ isDone: () async -> Bool) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(settings.limit)
        while clock.now < end {
            _ = try await load.window(seconds: 1, pace: settings.pace)
            if await isDone() { return }
        }
        throw ScenarioFailure("\(what) did not come within \(Int(settings.limit)) s")
    }

    private func percent() async -> Int {
        Int(await fleet.diskPercent(ofSeed: Self.seed) ?? 0)
    }

    /// Goes on at the even pace until every ring has the seed again, which has another address then.
    private func untilBack(_ load: inout DragonflyLoad) async throws {
        let old = load.seed
        var found: String?
        try await goOn(load, until: "the return of \(Self.seed)") {
            guard let ip = await fleet.address(ofPod: Self.seed), "\(ip):4000" != old else { return false }
            found = "\(ip):4000"
            return await rings("\(ip):4000") == fleet.release.schedulers
        }
        load.seed = found ?? old
        load.ring = (await fleet.schedulerFigures()).compactMap(\.figures).first?.ring ?? []
        say("it is back in every ring, its disk filled to \(await percent()) %")
    }

    private func look(_ load: DragonflyLoad, _ run: inout Run) async {
        run.percent = await fleet.diskPercent(ofSeed: Self.seed) ?? 0
        run.isServing = await fleet.isServing(seed: Self.seed)
        run.rings = await rings(load.seed)
        run.seedFailures = await failures()
    }
}

extension DragonflyDiskFull.Run {
    /// Why the symptom is not in this run, which is the one without anybody who does something; nil where it is.
    var missingSymptom: String? {
        if let wrong = missingStart { return wrong }
        if during.failed > 0 { return "\(during.failed) tasks failed" }
        if during.seedTasks == 0 { return "no task belonged to the full seed" }
        if during.seedShare < 0.9 {
            return "\(Int(during.seedShare * 100)) % of the full seed's tasks came from the source, fewer than 90 %"
        }
        if during.noCandidates <= before.noCandidates {
            return "no more log lines \"can not find candidate parents\" than before"
        }
        if !isServing { return "the full seed did not say SERVING" }
        if rings == 0 { return "no ring had the full seed" }
        return nil
    }

    /// Why this run is no cure; nil where it is.
    var missingCure: String? {
        if let wrong = missingStart { return wrong }
        if seedFailures > 0 { return "\(seedFailures) writes of the seed failed before it had left" }
        if rings > 0 { return "\(rings) rings still had the seed" }
        for (name, window) in [("while it was out", during), ("after its return", after)] {
            if window.failed > 0 { return "\(window.failed) tasks failed \(name)" }
            if window.share > 0.15 {
                return "\(Int(window.share * 100)) % of the bytes came from the source \(name)"
            }
        }
        if lastRings == 0 { return "it did not come back" }
        if after.seedTasks == 0 { return "no task belonged to it after its return" }
        return nil
    }

    private var missingStart: String? {
        if before.failed > 0 { return "\(before.failed) tasks failed before" }
        if before.share > 0.15 { return "\(Int(before.share * 100)) % of the bytes came from the source before" }
        return nil
    }
}
