import KubeCore
import MirrorPlanner

/// The variant of `dragonfly-disk-full` with one seed only: what becomes of the ring, and so of the clients' wait,
/// when the last seed is taken from the list of hosts, and when new connections alone are kept from it.
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
    }

    struct Run: Sendable {
        var before = DragonflyWindow()
        var during = DragonflyWindow()
        /// Schedulers whose ring still had the seed.
        var rings = 0
        /// Hosts of type super in the lists.
        var listed = 0
    }

    static let seed = "\(DragonflyRelease.name)-seed-client-0"

    let way: Way
    let server: String
    let factor: Int
    let say: @Sendable (String) -> Void

    var claims: [String: Int] { ["storage-\(Self.seed)": 1_024] }

    func run(_ cluster: PodCluster, _ source: SourceServer) async throws -> Run {
        var release = DragonflyRelease()
        release.schedulers = 1
        release.seeds = 1
        release.server = server
        release.factor = factor
        release.source = source.authority
        let fleet = try await SimulatedDragonfly.started(on: cluster, release, nodes: 3)
        var load = DragonflyLoad(fleet: fleet, source: source)
        load.seed = "\(await fleet.address(ofPod: Self.seed) ?? ""):4000"
        load.ring = [load.seed]
        var run = Run()
        run.before = try await load.window(seconds: 5, pace: 0.5)
        let lever = DragonflyByHand(fleet: fleet)
        switch way {
        case .deletedHost:
            cluster.crash(pod: Self.seed)
            let id = "\(load.seed.dropLast(5))-\(Self.seed)-seed"
            say("the last seed is stopped, and \(await lever.deleteHost(id)) scheduler forgets it")
        case .ingressOnly:
            try await lever.quarantine(Self.seed)
            say("a policy keeps new connections from the last seed")
        }
        // Two looks at the seeds, and the time that a silent one takes.
        let look = TimeScale(factor).ringRefresh + TimeScale(factor).healthTimeout
        try await Task.sleep(for: look * 2)
        run.during = try await load.window(seconds: 5, pace: 0.5)
        for (_, figures) in await fleet.schedulerFigures() {
            if figures?.ring.contains(load.seed) == true { run.rings += 1 }
            run.listed += figures?.hosts.count { $0.hasSuffix("-seed") } ?? 0
        }
        return run
    }
}

extension DragonflyLastSeed.Run {
    /// Why the run does not show what its way does; nil where it does.
    func wrong(_ way: DragonflyLastSeed.Way) -> String? {
        if before.share > 0.15 { return "\(Int(before.share * 100)) % of the bytes came from the source before" }
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
        }
        return nil
    }
}
