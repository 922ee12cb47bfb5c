import KubeCore
import MirrorPlanner

/// When schedulers heard of hosts last, as far as it shows: a scheduler does not say, but each announcement brings
/// other figures of the host (dragonflyoss/client `dragonfly-client/src/announcer/mod.rs`).
struct HostMemory {
    private struct Seen {
        var host: DragonflyHost
        var changedAt: Timestamp
    }

    /// By UID of the scheduler's pod and id of the host.
    private var seen: [String: [String: Seen]] = [:]
    /// Seeds that any scheduler has listed, by address, the latest ones: a scheduler may go on to ask one that is gone.
    private(set) var formerSeeds: [String: DragonflyHost] = [:]
    private static let formerLimit = 20

    /// Takes what a scheduler lists.
    ///
    /// - Returns: when each of these hosts was heard of last, by its id.
    mutating func take(_ hosts: [DragonflyHost], of scheduler: String, at now: Timestamp) -> [String: Timestamp] {
        let before = seen[scheduler] ?? [:]
        var after: [String: Seen] = [:]
        for host in hosts {
            if host.isSeed, formerSeeds.count < Self.formerLimit { formerSeeds[host.address] = host }
            let known = before[host.id].flatMap { $0.host == host ? $0 : nil }
            after[host.id] = known ?? Seen(host: host, changedAt: now)
        }
        seen[scheduler] = after
        return after.mapValues(\.changedAt)
    }

    /// Forgets schedulers that are gone.
    mutating func keep(_ schedulers: Set<String>) {
        seen = seen.filter { schedulers.contains($0.key) }
    }
}
