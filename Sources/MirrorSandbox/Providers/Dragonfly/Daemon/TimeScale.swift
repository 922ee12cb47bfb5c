/// How much faster than in the world the simulated daemons' time goes.
///
/// What a setting says is taken as it is, because the operator reads the same files; what upstream has in its code, and
/// no setting for, is divided by the factor.
struct TimeScale: Hashable, Sendable {
    /// The variable of a container's environment that holds the factor.
    static let variable = "SANDBOX_TIME_FACTOR"

    let factor: Int

    init(_ factor: Int = 1) { self.factor = max(1, factor) }

    /// A time of upstream's code as it is here; not under 300 ms, which a busy machine needs for an answer.
    func scaled(_ time: Duration) -> Duration { max(time / factor, .milliseconds(300)) }

    /// Between two looks at the seeds' health (dragonflyoss/dragonfly
    /// `scheduler/resource/standard/seed_peer.go`).
    var ringRefresh: Duration { scaled(.seconds(30)) }
    /// For one look at one seed's health (`seed_peer.go`).
    var healthTimeout: Duration { scaled(.seconds(2)) }
    /// For so long no seed is asked for a task again whose seed failed (`SeedPeerFailedTimeout`).
    var seedFailure: Duration { scaled(.seconds(1_800)) }
    /// For a connection to a parent (dragonflyoss/client `dragonfly-client/src/resource/piece_downloader.rs`).
    var connectTimeout: Duration { scaled(.seconds(3)) }
    /// For a call of a scheduler (dragonflyoss/client `dragonfly-client/src/grpc/mod.rs`).
    var requestTimeout: Duration { scaled(.seconds(10)) }
}
