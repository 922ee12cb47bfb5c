import KubeCore
import MirrorAPI
import MirrorPlanner

/// The safety rules of a candidate set, reckoned from the truth and not from what the planner makes of it.
struct SetRules {
    /// Times at which seeds left, by our act.
    private var departures: [Int] = []
    /// Until when a storm holds; reckoned anew.
    private var stormUntil: Int?

    /// When the watch of nodes was out of date last: what happened until then was not seen.
    private var blindUntil = -100_000
    private var wasBlind = false

    private(set) var violations: [String] = []

    private mutating func found(_ text: String) { violations.append(text) }

    static func floor(_ fleet: SeedFleet) -> Int {
        let total = fleet.seeds.count { !$0.isExcluded && $0.label != .foreign }
        let share =
            switch fleet.settings.candidates.minPublished {
            case .number(let number): number
            case .percent(let percent): (total * percent + 99) / 100
            }
        return max(fleet.settings.leastPublished, share)
    }

    /// Looks at a whole decision, before any of it is carried out.
    mutating func look(at decision: CandidateDecision, _ fleet: SeedFleet) {
        if wasBlind { blindUntil = fleet.now }
        wasBlind = fleet.stale[.nodes] != nil
        let joins = decision.changes.compactMap { if case .publish(let name, _) = $0 { name } else { nil } }
        let leaves = decision.changes.compactMap { if case .withdraw(let name, _) = $0 { name } else { nil } }
        if fleet.stale[.nodes] != nil, !decision.changes.isEmpty { found("rule 7: acts on nodes that are out of date") }
        if fleet.hold != .none, !(joins + leaves).isEmpty { found("rule 9: acts under \(fleet.hold)") }
        let isNew = joins.contains { name in
            fleet.index(name).map { fleet.seeds[$0].record?.state != .healthy } ?? true
        }
        if isNew, !leaves.isEmpty { found("grow first: \(joins) come and \(leaves) leave at once") }
        if let first = leaves.first {
            let firstLeave = decision.changes.firstIndex { if case .withdraw = $0 { true } else { false } } ?? 0
            let recorded = decision.changes.prefix(firstLeave).contains(.recordSet)
            if !recorded { found("record first: \(first) leaves before the set is written down") }
        }
        storm(fleet, leaves)
    }

    /// What was seen could not be written down: it may be over before the next attempt.
    mutating func missed() { wasBlind = true }

    /// Takes note of a storm that the operator has seen, and has been able to write down.
    mutating func weather(_ fleet: SeedFleet) {
        let counted = fleet.seeds.filter { !$0.isCordoned && !$0.isExcluded && !$0.isBeingChanged && $0.isOurs }
        let limit =
            switch fleet.settings.candidates.maxUnhealthy {
            case .number(let number): number
            case .percent(let percent): counted.count * percent / 100
            }
        // What the API server says of nodes is known at once; the rest takes its time, and is left out here.
        let isStorm = fleet.stale[.nodes] == nil && counted.count { !$0.isReady || $0.hasDiskPressure } > limit
        if isStorm { stormUntil = fleet.now + fleet.settings.candidates.stormCooldownSeconds }
    }

    private mutating func storm(_ fleet: SeedFleet, _ leaves: [String]) {
        var rules = self
        rules.weather(fleet)
        guard let until = rules.stormUntil, fleet.now < until, fleet.releasedUntil == nil, fleet.stale[.nodes] == nil
        else { return }
        for name in leaves {
            guard let index = fleet.index(name), !fleet.seeds[index].isExcluded else { continue }
            found("storm: \(name) leaves at \(fleet.now), before \(until)")
        }
    }

    /// Looks at one seed that leaves, after it has.
    mutating func left(_ name: String, _ verdict: Verdict, before: SeedFleet, _ fleet: SeedFleet) {
        guard let index = fleet.index(name) else { return }
        let seed = before.seeds[index]
        let published = fleet.published.count
        if published < Self.floor(fleet) || published == 0 {
            found("rule 1: \(published) published of at least \(Self.floor(fleet)) after \(name) left")
        }
        if !seed.isOurs || seed.label != .on { found("rule 9: \(name) is taken out though it is \(seed.label)") }
        let ready = fleet.seeds.count { $0.label == .on && $0.isReady }
        if ready < 2, seed.isReady, seed.isServer { found("rule 6: \(ready) Ready seeds left after \(name)") }
        departures.append(fleet.now)
        let minute = departures.count { $0 > fleet.now - 60 }
        if minute > fleet.settings.candidates.evictionsPerMinute { found("rate: \(minute) leave within a minute") }
        guard seed.record?.state != .evicted, seed.record?.state != .probation else { return }
        cause(seed, verdict, fleet)
    }

    /// A seed leaves only for what is wrong with it, and not before its time.
    private mutating func cause(_ seed: TrueSeed, _ verdict: Verdict, _ fleet: SeedFleet) {
        if !seed.isBad, fleet.now - seed.turnedAt > 60 {
            found("rule 7: \(seed.name) leaves for \(verdict.reason.rawValue), and nothing is wrong with it")
        }
        let patience: [Reason: Int] = [
            .nodeNotReady: fleet.settings.candidates.unhealthyForSeconds,
            .probeFailing: fleet.settings.candidates.unhealthyForSeconds,
            .podNotReady: fleet.settings.candidates.unhealthyForSeconds,
            .memoryLow: fleet.settings.candidates.unhealthyForSeconds,
            .ioPressure: fleet.settings.health.io.forSeconds,
        ]
        if let seconds = patience[verdict.reason], let ill = seed.illFrom, fleet.now - ill < seconds {
            found("too soon: \(seed.name) leaves for \(verdict.reason.rawValue) \(fleet.now - ill) s after it fell ill")
        }
        let least = fleet.settings.candidates.healthyForSeconds
        if let last = seed.leftAt, !seed.wasPressed, fleet.now - last < least {
            found("flapping: \(seed.name) leaves again after \(fleet.now - last) s")
        }
    }

    /// Looks at one seed that comes, before it does.
    mutating func came(_ name: String, _ verdict: Verdict, _ fleet: SeedFleet) {
        guard let index = fleet.index(name) else { return }
        let seed = fleet.seeds[index]
        if seed.label != .off { found("rule 9: \(name) is published though it is \(seed.label)") }
        if seed.isExcluded { found("rule 9: \(name) is published though it is excluded") }
        guard verdict.reason == .wellAgain, seed.record?.state != .healthy else { return }
        let least = fleet.settings.candidates.healthyForSeconds
        if seed.isPlainlyBad || (fleet.now - seed.plainlyTurnedAt < least && seed.plainlyTurnedAt > blindUntil) {
            found("too soon: \(name) is back \(fleet.now - seed.plainlyTurnedAt) s after its last trouble")
        }
        // What probes and announcements tell is known after a while.
        if seed.isBad, fleet.now - seed.turnedAt > 90, fleet.stale.isEmpty, !fleet.isCutOff {
            found("too soon: \(name) is back though it has been ill for \(fleet.now - seed.turnedAt) s")
        }
    }
}
