import KubeCore
import MirrorAPI
import MirrorPlanner

/// The variant of `dragonfly-disk-full` with one seed only: what becomes of the ring, and so of the clients' wait,
/// when the last seed is taken from the list of hosts by hand, when new connections alone are kept from it, and what
/// the operator does when its disk is full, which is to leave it.
///
/// Up to 2.5.1 a scheduler whose list has no seed keeps its last ring (dragonflyoss/dragonfly#4960): each new task
/// waits for a seed that nobody reaches. Where the seed stays listed and does not answer, the ring is empty, and
/// clients go to the source at once.
struct DragonflyLastSeed: Sendable {
    /// What is done to the seed.
    enum Way: String, Sendable, CaseIterable {
        /// It is stopped, and its entry deleted from every scheduler.
        case deletedHost = "stopped, host deleted"
        /// A policy keeps new connections from it.
        case ingressOnly = "ingress denied"
        /// Its disk is full, and the operator decides.
        case operated = "full, with the operator"
    }

    struct Run: Sendable {
        var before = DragonflyWindow()
        var during = DragonflyWindow()
        /// Schedulers whose ring still had the seed.
        var rings = 0
        /// Hosts of type super in the lists.
        var listed = 0
        /// Percent of the seed's disk at the end.
        var percent = 0
        /// What the operator says of the set, and of a storm; empty without it.
        var available = ""
        var storm = ""
        /// NetworkPolicies, and hosts that schedulers were told to forget.
        var policies = 0
        var departures = 0
    }

    static let seed = DragonflyStage.firstSeed
    /// The release whose schedulers keep a stale ring.
    static let server = "v2.5.1"
    private static let factor = 10

    let way: Way
    let stage: DragonflyStage

    private var fleet: SimulatedDragonfly { stage.fleet }

    static func plan(_ way: Way) -> DragonflyStage.Plan {
        var plan = DragonflyStage.Plan()
        plan.release.schedulers = 1
        plan.release.seeds = 1
        plan.release.server = server
        plan.release.factor = factor
        // The daemon itself does nothing about it.
        plan.release.highPercent = 99
        plan.release.lowPercent = 98
        plan.nodes = 3
        plan.disks = [0: 640]
        plan.mirror = way == .operated ? DragonflyMirror.object(recovery: .restart) : nil
        return plan
    }

    func run() async throws -> Run {
        var run = Run()
        run.before = try await stage.load.window(seconds: 4, pace: 0.4)
        try await pull()
        run.during = try await stage.load.window(seconds: 4, pace: 0.4)
        for (_, figures) in await fleet.schedulerFigures() {
            if figures?.ring.contains(stage.load.seed) == true { run.rings += 1 }
            run.listed += figures?.hosts.count { $0.hasSuffix("-seed") } ?? 0
            run.departures += figures?.departures ?? 0
        }
        run.policies = try await fleet.cluster.objects.list(ClusterObjects.networkPolicies).count
        run.percent = Int(await fleet.diskPercent(ofSeed: Self.seed) ?? 0)
        func text(_ condition: Condition?) -> String { condition.map { "\($0.reason): \($0.message)" } ?? "" }
        run.available = text(stage.follower?.condition(.candidatesAvailable))
        run.storm = text(stage.follower?.condition(.stormActive))
        return run
    }

    private func pull() async throws {
        let lever = DragonflyByHand(fleet: fleet)
        switch way {
        case .deletedHost:
            fleet.cluster.crash(pod: Self.seed)
            let id = "\(stage.load.seed.dropLast(5))-\(Self.seed)-seed"
            stage.say("the last seed is stopped, and \(await lever.deleteHost(id)) scheduler forgets it")
        case .ingressOnly:
            try await lever.quarantine(Self.seed)
            stage.say("a policy keeps new connections from the last seed")
        case .operated:
            let percent = Int(try await stage.load.fill(seed: Self.seed, to: 87))
            stage.say("the last seed is filled to \(percent) %")
            stage.follower?.beginIncident()
            try await stage.follower?.wait(
                for: .candidatesAvailable,
                [.noHealthySeed, .minPublished],
                saying: [Self.seed, "% full"],
                within: 30
            )
        }
        // Two looks at the seeds, and the time that a silent one takes.
        let scale = TimeScale(Self.factor)
        try await Task.sleep(for: (scale.ringRefresh + scale.healthTimeout) * 2)
    }
}

extension DragonflyLastSeed.Run {
    /// Why the run does not show what its way does; nil where it does.
    func wrong(_ way: DragonflyLastSeed.Way) -> String? {
        if before.share > 0.15 { return "\(Int(before.share * 100)) % of the bytes came from the source before" }
        if way == .operated { return wrongOperated }
        if during.share < 0.95 {
            return "\(Int(during.share * 100)) % of the bytes came from the source without a seed"
        }
        switch way {
        case .deletedHost:
            if rings == 0 { return "the ring did not stay" }
            if listed > 0 { return "the seed was still listed" }
            if during.noCandidates == 0 { return "no client waited in vain" }
        case .ingressOnly:
            if rings > 0 { return "the ring still had the seed" }
            if listed == 0 { return "the seed was no longer listed" }
            if during.noCandidates > 0 { return "clients waited in vain" }
        case .operated: break
        }
        return nil
    }

    /// The operator leaves the last seed where it is, full or not, and says why.
    private var wrongOperated: String? {
        if percent < 85 { return "the last seed's disk was filled to \(percent) % only" }
        if policies > 0 { return "\(policies) NetworkPolicies keep others from the last seed" }
        if departures > 0 { return "the scheduler was told to forget the last seed" }
        if rings == 0 || listed == 0 { return "the last seed was no longer in the ring, or no longer listed" }
        if during.failed > 0 { return "\(during.failed) tasks failed" }
        if during.share > 0.15 { return "\(Int(during.share * 100)) % of the bytes came from the source" }
        let says = available.contains("% full") && available.contains(DragonflyLastSeed.seed)
        return says ? nil : "the reason says nothing of the last seed's disk: \(available)"
    }
}
