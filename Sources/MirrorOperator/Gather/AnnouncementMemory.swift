import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner

/// What Leases and MirrorNodes have told of seeds and their agents, on our own clock.
///
/// A Lease bears its mirror's name as a label, which may be a hash, and is called as the MirrorNode is, so seeds are
/// kept under that name and found by it.
struct AnnouncementMemory {
    /// By the label of their mirror.
    private var ledgers: [String: AnnouncementLedger] = [:]
    /// The last sign of life of an agent, by the label of its node.
    private var agents: [String: Timestamp] = [:]

    /// Takes a Lease as the watch shows it.
    ///
    /// - Returns: whether its mirror should look: not at a renewal that came in time, of which a fleet has hundreds a
    ///   second.
    mutating func see(_ lease: Lease, at now: Moment) -> Bool {
        guard let mirror = lease.metadata.labels[LabelKey.mirror] else { return false }
        let seed = lease.metadata.name
        let before = ledgers[mirror]?.announcement(of: seed)
        let isRenewal = ledgers[mirror, default: AnnouncementLedger()].see(
            seed,
            renewal: lease.spec?.renewTime,
            intervalSeconds: Self.interval(of: lease),
            saidGoodbye: Announcements.goodbye(lease) != nil,
            at: now
        )
        if isRenewal, let node = lease.metadata.labels[LabelKey.node] { agents[node] = now.begins }
        guard let before, let after = ledgers[mirror]?.announcement(of: seed) else { return true }
        if before.saidGoodbye != after.saidGoodbye || before.intervalSeconds != after.intervalSeconds { return true }
        return isRenewal && before.isLate(now, from: before.heardAt)
    }

    /// Takes a change of a MirrorNode: a new report is a sign of life, and with the object goes what was known.
    mutating func see(_ change: StoreChange<MirrorNode>, at now: Moment) {
        guard let old = change.old else { return }
        let isSame = change.new.map { $0.metadata.uid == old.metadata.uid } ?? false
        let node = Names.labelValue(old.spec.nodeName)
        if !isSame {
            forget(old.metadata.name, of: Names.labelValue(old.spec.mirrorName))
            agents[node] = nil
        } else if change.new?.status?.agent != old.status?.agent {
            agents[node] = now.begins
        }
    }

    /// Forgets a seed by the name of its Lease and the label of its mirror.
    mutating func forget(_ seed: String, of mirror: String) { ledgers[mirror]?.forget(seed) }

    /// Forgets all seeds of a mirror.
    mutating func forget(mirror: String) { ledgers[Names.labelValue(mirror)] = nil }

    func announcements(of mirror: String, _ nodes: Set<String>) -> [String: Announcement] {
        guard let ledger = ledgers[Names.labelValue(mirror)] else { return [:] }
        var found: [String: Announcement] = [:]
        for node in nodes {
            found[node] = ledger.announcement(of: Names.mirrorNode(mirror: mirror, node: node))
        }
        return found
    }

    func agentsHeardAt(_ nodes: Set<String>) -> [String: Timestamp] {
        var found: [String: Timestamp] = [:]
        for node in nodes { found[node] = agents[Names.labelValue(node)] }
        return found
    }

    /// Half of the time to live, as its agent reckons it, and no more than a mirror may ask for: nobody exempts itself
    /// from expiry.
    private static func interval(of lease: Lease) -> Int {
        guard let seconds = lease.spec?.leaseDurationSeconds else {
            return P2PMirrorSpec.Liveness().announceIntervalSeconds
        }
        return (seconds / 2).bounded(to: Announcements.intervals)
    }
}
