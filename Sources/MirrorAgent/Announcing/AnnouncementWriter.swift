package import KubeCore
import MirrorAPI

/// Carries an announcer's actions out on the Lease.
///
/// Each write replaces the Lease as it was seen last. After a conflict, or where it is not known whether a write was
/// carried out, it is read anew by the next one: so a renewal that was on its way for long cannot undo a goodbye.
package actor AnnouncementWriter {
    private let api: KubeAPI
    private let now: @Sendable () -> MicroTimestamp
    private var last: Lease?

    package init(_ api: KubeAPI, now: @escaping @Sendable () -> MicroTimestamp) {
        self.api = api
        self.now = now
    }

    /// The Lease as the server has it; nil where there is none.
    package func read(_ announcement: SeedLease) async throws(KubeError) -> Lease? {
        last = try await api.find(Lease.self, announcement.key)
        return last
    }

    /// How long ago it was renewed, by this node's clock, in which interval it promises to be renewed, and what goodbye
    /// it says; for `Announcer.init`.
    package func standing(
        _ announcement: SeedLease
    ) async throws(KubeError) -> (age: Duration?, promised: Duration?, goodbye: String?) {
        guard let lease = try await read(announcement) else { return (nil, nil, nil) }
        let age = lease.spec?.renewTime.map { Duration.microseconds(now().microseconds - $0.microseconds) }
        let promised = lease.spec?.leaseDurationSeconds.map {
            Duration.seconds($0.bounded(to: 0...Lease.greatestNumber)) / 2
        }
        return (age, promised, Announcements.goodbye(lease))
    }

    /// Writes; false where nothing was to be written.
    @discardableResult
    package func carryOut(
        _ action: Announcer.Action,
        _ announcement: SeedLease
    ) async throws(KubeError) -> Bool {
        let existing: Lease?
        if let last, last.key == announcement.key {
            existing = last
        } else {
            existing = try await read(announcement)
        }
        let lease: Lease
        switch action {
        case .none: return false
        case .renew: lease = announcement.renewed(existing, at: now())
        case .sayGoodbye(let reason): lease = announcement.released(existing, because: reason, at: now())
        }
        // Forgotten until the answer is there.
        last = nil
        if existing == nil {
            last = try await api.create(lease, manager: FieldManager.announcement)
        } else {
            last = try await api.replace(lease, manager: FieldManager.announcement)
        }
        return true
    }
}
