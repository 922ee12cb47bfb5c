package import KubeCore

/// When each seed's Lease was last seen to change, on our own clock: a Lease's own times are another machine's.
///
/// A seed that is seen for the first time counts from then on, so that a start forgives what happened before it; but
/// it is no sign of life before the first renewal. A Lease that somebody deletes goes on to age.
package struct AnnouncementLedger: Hashable, Sendable {
    private struct Entry: Hashable {
        var renewal: MicroTimestamp?
        var announcement: Announcement
    }

    private var entries: [String: Entry] = [:]

    package init() {}

    /// Takes what the watch shows of a seed's Lease.
    ///
    /// - Parameters:
    ///   - renewal: `spec.renewTime`; any change of it is a sign of life, forwards or backwards.
    ///   - intervalSeconds: how often the seed renews, as its Lease says; half of `leaseDurationSeconds`.
    ///   - saidGoodbye: whether the Lease has no holder any more.
    /// - Returns: whether it is a renewal that we saw, and so a sign of life.
    @discardableResult
    package mutating func see(
        _ seed: String,
        renewal: MicroTimestamp?,
        intervalSeconds: Int,
        saidGoodbye: Bool,
        at now: Moment
    ) -> Bool {
        let known = entries[seed]
        let isNew = known == nil || known?.renewal != renewal
        let heardAt = isNew ? now.begins : known?.announcement.heardAt ?? now.begins
        let isConfirmed = known.map { isNew || $0.announcement.isConfirmed } ?? false
        entries[seed] = Entry(
            renewal: renewal,
            announcement: Announcement(
                heardAt: heardAt,
                intervalSeconds: max(1, intervalSeconds),
                saidGoodbye: saidGoodbye,
                isConfirmed: isConfirmed
            )
        )
        return known != nil && isNew
    }

    /// Forgets a seed that is none any more.
    package mutating func forget(_ seed: String) { entries[seed] = nil }

    package func announcement(of seed: String) -> Announcement? { entries[seed]?.announcement }
}
