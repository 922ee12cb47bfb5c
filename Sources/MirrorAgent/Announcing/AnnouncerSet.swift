import KubeCore

/// A seed of this node: its Lease, and the unit of its daemon.
struct AnnouncedSeed: Hashable, Sendable {
    var lease: SeedLease
    var unit: String
}

/// The announcers that run, one for each seed of this node.
struct AnnouncerSet {
    private var running: [AnnouncedSeed: Task<Void, Never>] = [:]
    /// Those that were told to end and may still wait for an answer, by their Lease.
    private var ending: [ObjectKey: Task<Void, Never>] = [:]

    /// Ends those that are not wanted any more, which is no goodbye, and starts what is new. Of two for one Lease the
    /// second begins when the first has ended, so that it finds what that one wrote.
    mutating func keep(_ seeds: Set<AnnouncedSeed>, start: (AnnouncedSeed) -> SeedAnnouncer) {
        for (seed, task) in running where !seeds.contains(seed) {
            task.cancel()
            running[seed] = nil
            ending[seed.lease.key] = task
        }
        for seed in seeds where running[seed] == nil {
            let announcer = start(seed)
            let predecessor = ending.removeValue(forKey: seed.lease.key)
            running[seed] = Task {
                await predecessor?.value
                await announcer.run()
            }
        }
    }

    /// Ends all of them and waits for that.
    func end() async {
        for task in running.values { task.cancel() }
        for task in Array(running.values) + Array(ending.values) { await task.value }
    }
}
