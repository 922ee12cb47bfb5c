import KubeCore
import MirrorAPI

/// Whether so many seeds are unhealthy at once that our own judgement is in question; over the fleet and in each zone.
///
/// Seeds that are gone, going, cordoned, excluded or being changed by us are not counted, neither as unhealthy nor as
/// part of the whole: their absence is proven, and says nothing about the others.
struct StormWatch {
    struct Tally: Hashable {
        var unhealthy = 0
        var all = 0

        func isAbove(_ settings: CandidateSettings) -> Bool { unhealthy > settings.mayBeUnhealthy(of: all) }
    }

    private(set) var fleet = Tally()
    /// As it is to be remembered; nil while there is none.
    private(set) var storm: P2PMirrorStatus.Storm?

    private let context: CandidateContext
    private let releasedUntil: Timestamp?
    private var zones: [String: P2PMirrorStatus.Storm.Zone] = [:]

    /// - Parameter unwell: whether anything is wrong with each of the seeds.
    init(
        _ seeds: [Seed],
        unwell: [Bool],
        remembered: P2PMirrorStatus.Storm?,
        releasedUntil: Timestamp?,
        _ context: CandidateContext
    ) {
        self.context = context
        self.releasedUntil = releasedUntil.flatMap { $0 <= context.now.begins ? $0 : nil }
        var tallies: [String: Tally] = [:]
        for (seed, isUnwell) in zip(seeds, unwell) where seed.isExpectedToAnswer {
            fleet.all += 1
            if isUnwell { fleet.unhealthy += 1 }
            guard let zone = seed.zone else { continue }
            tallies[zone, default: Tally()].all += 1
            if isUnwell { tallies[zone, default: Tally()].unhealthy += 1 }
        }
        advanceZones(tallies, remembered?.zones ?? [])
        let whole = advanced(
            from: remembered?.since.map { Scope(since: $0, until: remembered?.until) },
            // More zones than are remembered one by one is the fleet as a whole.
            isAbove: fleet.isAbove(context.settings) || zones.count > Self.zonesAtMost
        )
        let listed = zones.values.sorted { $0.zone < $1.zone }.prefix(Self.zonesAtMost)
        guard whole != nil || !listed.isEmpty else { return }
        storm = P2PMirrorStatus.Storm(
            since: whole?.since,
            until: whole?.until,
            zones: listed.isEmpty ? nil : Array(listed)
        )
    }

    private static let zonesAtMost = 32

    private struct Scope {
        var since: Timestamp
        var until: Timestamp?
    }

    private mutating func advanceZones(_ tallies: [String: Tally], _ remembered: [P2PMirrorStatus.Storm.Zone]) {
        let known = Dictionary(remembered.map { ($0.zone, $0) }, uniquingKeysWith: { first, _ in first })
        // The only zone is the fleet.
        let counted = tallies.count > 1 ? tallies : [:]
        for zone in Set(known.keys).union(counted.keys) {
            let tally = counted[zone] ?? Tally()
            let isAbove = tally.unhealthy >= CandidateSettings.leastOfZone && tally.isAbove(context.settings)
            let before = known[zone].map { Scope(since: $0.since, until: $0.until) }
            guard let next = advanced(from: before, isAbove: isAbove) else { continue }
            zones[zone] = P2PMirrorStatus.Storm.Zone(zone: zone, since: next.since, until: next.until)
        }
    }

    /// A storm begins when too many are unhealthy, and ends when that has been over for the cool-down; another breach
    /// meanwhile is the same storm.
    private func advanced(from before: Scope?, isAbove: Bool) -> Scope? {
        let now = context.now
        let cooldown = context.settings.candidates.stormCooldownSeconds
        guard let before else { return isAbove ? Scope(since: now.begins) : nil }
        let since = min(before.since, now.begins)
        if isAbove { return Scope(since: since) }
        let until = min(before.until ?? now.begins + cooldown, now.begins + cooldown)
        return now.isPast(until) ? nil : Scope(since: since, until: until)
    }

    /// When the next cool-down ends.
    var deadline: Timestamp? { ([storm?.until] + (storm?.zones ?? []).map(\.until)).compactMap { $0 }.min() }

    /// Whether a storm keeps the seed in the set.
    func holds(_ seed: Seed) -> Bool {
        if isUnreleased(storm?.since) { return true }
        return seed.zone.map { isUnreleased(zones[$0]?.since) } ?? false
    }

    private func isUnreleased(_ since: Timestamp?) -> Bool {
        guard let since else { return false }
        return releasedUntil.map { since > $0 } ?? true
    }

    /// Whether nothing is held back though there is a storm.
    var isReleased: Bool {
        guard let storm else { return false }
        return !isUnreleased(storm.since) && !(storm.zones ?? []).contains { isUnreleased($0.since) }
    }
}
