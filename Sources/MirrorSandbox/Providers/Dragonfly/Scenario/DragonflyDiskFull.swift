import KubeCore
import MirrorPlanner

/// The incident `dragonfly-disk-full`: the disk of a seed that shares its node with a scheduler is full before its next
/// clean-up, its health goes on to say SERVING, and its tasks go on to be asked of it.
struct DragonflyDiskFull: Sendable {
    struct Settings: Sendable {
        var factor = 10
        var nodes = 6
        /// MiB of the disk of the seed in question, and of the others.
        var diskMebibytes = 160
        var otherMebibytes = 2_048
        /// Percent to which the disk is filled quickly, before the pace is an even one.
        var filled = 75.0
        /// Seconds between two tasks, and of a window.
        var pace = 0.5
        var window = 10.0
        /// Seconds that the disk may take from there until a write fails.
        var fillLimit = 60.0

        init() {}
    }

    /// What one run came to.
    struct Run: Sendable {
        var before = DragonflyWindow()
        var during = DragonflyWindow()
        var after = DragonflyWindow()
        /// Percent of the seed's disk at the end of the second window.
        var percent = 0.0
        /// Whether the seed's named health service said SERVING then.
        var isServing = false
        /// Whether each scheduler's ring still had the seed.
        var isInRings = false
        /// Downloads of the seed that failed.
        var seedFailures = 0
    }

    static let seed = "\(DragonflyRelease.name)-seed-client-0"

    let settings: Settings
    let say: @Sendable (String) -> Void

    /// MiB of the claims of the seeds.
    var claims: [String: Int] {
        var claims: [String: Int] = [:]
        for number in 0..<3 {
            claims["storage-\(DragonflyRelease.name)-seed-client-\(number)"] =
                number == 0 ? settings.diskMebibytes : settings.otherMebibytes
        }
        return claims
    }

    /// One run without the operator: all well, the disk fills, and nobody does anything.
    func runControl(_ cluster: PodCluster, _ source: SourceServer) async throws -> Run {
        var release = DragonflyRelease()
        release.factor = settings.factor
        release.source = source.authority
        release.collectionSeconds = 900 / settings.factor
        let fleet = DragonflyFleet(cluster: cluster, release: release, nodes: settings.nodes)
        try await fleet.start()
        say("3 schedulers, 3 seeds, \(settings.nodes) clients are up")
        return try await incident(fleet, source)
    }

    private func incident(_ fleet: DragonflyFleet, _ source: SourceServer) async throws -> Run {
        var run = Run()
        var load = DragonflyLoad(fleet: fleet, source: source)
        load.ring = (await fleet.schedulerFigures()).compactMap(\.figures).first?.ring ?? []
        load.seed = "\(await fleet.address(ofPod: Self.seed) ?? ""):4000"
        run.before = try await load.window(seconds: settings.window, pace: settings.pace)
        say("before: \(Self.words(run.before))")
        let percent = try await load.fill(seed: Self.seed, to: settings.filled)
        say("\(Self.seed) is filled to \(Int(percent)) %")
        try await untilFull(fleet, load)
        run.during = try await load.window(seconds: settings.window, pace: settings.pace)
        say("during: \(Self.words(run.during))")
        try await look(fleet, load, &run)
        run.after = try await load.window(seconds: settings.window, pace: settings.pace)
        say("after: \(Self.words(run.after))")
        return run
    }

    static func words(_ window: DragonflyWindow) -> String {
        let share = Int((window.share * 100).rounded())
        let seedShare = Int((window.seedShare * 100).rounded())
        return "\(window.tasks) tasks, \(share) % of bytes from the source, \(seedShare) % of those of \(seed)"
    }

    /// Goes on at the even pace until a write of the seed has failed.
    private func untilFull(_ fleet: DragonflyFleet, _ load: DragonflyLoad) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(settings.fillLimit)
        while clock.now < end {
            _ = try await load.window(seconds: 2, pace: settings.pace)
            let failures = await fleet.figures(ofDaemon: fleet.address(ofPod: Self.seed) ?? "")?.failedDownloads ?? 0
            let percent = await fleet.diskPercent(ofSeed: Self.seed) ?? 0
            if failures > 0 {
                return say("a write of \(Self.seed) failed: its disk is filled to \(Int(percent)) %")
            }
        }
        throw ScenarioFailure("the disk of \(Self.seed) was not full within \(Int(settings.fillLimit)) s")
    }

    private func look(_ fleet: DragonflyFleet, _ load: DragonflyLoad, _ run: inout Run) async throws {
        run.percent = await fleet.diskPercent(ofSeed: Self.seed) ?? 0
        run.isServing = await fleet.isServing(seed: Self.seed)
        run.isInRings = await fleet.schedulerFigures().allSatisfy { $0.figures?.ring.contains(load.seed) ?? false }
        let ip = await fleet.address(ofPod: Self.seed) ?? ""
        run.seedFailures = await fleet.figures(ofDaemon: ip)?.failedDownloads ?? 0
    }
}

extension DragonflyDiskFull.Run {
    /// Why the symptom is not in this run, which is the one without the operator; nil where it is.
    var missingSymptom: String? {
        if before.share > 0.05 { return "\(Int(before.share * 100)) % of the bytes came from the source before" }
        if before.failed + during.failed > 0 { return "\(before.failed + during.failed) tasks failed" }
        if during.seedTasks == 0 { return "no task belonged to the full seed" }
        if during.seedShare < 0.9 {
            return "\(Int(during.seedShare * 100)) % of the full seed's tasks came from the source, fewer than 90 %"
        }
        if during.noCandidates == 0 { return "no scheduler said that it can not find candidate parents" }
        if !isServing { return "the full seed did not say SERVING" }
        if !isInRings { return "the full seed was not in every ring" }
        return nil
    }
}
