/// What distinguishes the releases of a scheduler where seeds are concerned.
///
/// Source: dragonflyoss/dragonfly `scheduler/resource/standard/seed_peer.go` and `scheduler/service/service_v2.go` by
/// tag; the stale ring is dragonflyoss/dragonfly#4960.
struct SchedulerLine: Hashable, Sendable {
    /// Where its seeds come from.
    enum Seeds: Hashable, Sendable {
        /// The manager's rows; up to 2.3.0.
        case manager
        /// Announcements; from 2.3.1 on.
        case announcements
    }

    var seeds: Seeds
    /// Whether a client is sent to the source at once where no seed is healthy; from 2.4.2 on. Before it waits in vain.
    var looksForAvailable: Bool
    /// Whether the last ring stays once no seed is listed any more.
    var keepsStaleRing: Bool

    init(seeds: Seeds, looksForAvailable: Bool, keepsStaleRing: Bool) {
        self.seeds = seeds
        self.looksForAvailable = looksForAvailable
        self.keepsStaleRing = keepsStaleRing
    }

    /// The line of an image: `…/scheduler:v2.5.1`; nil where its tag is no version.
    init?(image: String) {
        guard let tag = image.split(separator: ":").last else { return nil }
        let parts = tag.drop { $0 == "v" }.split(separator: ".").map { Int($0.prefix { $0.isNumber }) }
        guard parts.count == 3, let major = parts[0], let minor = parts[1], let patch = parts[2] else { return nil }
        let version = (major, minor, patch)
        self.init(
            seeds: version < (2, 3, 1) ? .manager : .announcements,
            looksForAvailable: version >= (2, 4, 2),
            // Mended after 2.5.1, in a release that is not known: the first after it is taken as mended.
            keepsStaleRing: version >= (2, 3, 1) && version <= (2, 5, 1)
        )
    }
}
