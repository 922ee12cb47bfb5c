import KubeCore
import MirrorAPI

/// The set as a whole: who comes, who goes, and who must stay though it asks to go.
struct CandidateSet {
    struct Place {
        let health: SeedHealth
        /// As it is to be remembered.
        var record: MirrorNodeStatus.Candidate?
        var isPublished: Bool
        /// Whether only the set's memory tells of its eviction: that is written down before anything else is decided.
        let isRecalled: Bool

        var seed: Seed { health.seed }
        var causes: [Cause] { health.diagnosis.causes }
    }

    /// Why a seed comes into the set or leaves it.
    struct Move {
        var place: Int
        var verdict: Verdict
    }

    /// Seeds in the set, by what a guard asks.
    private struct Tally {
        var published = 0
        var ready = 0
        var readyServers = 0

        mutating func count(_ seed: Seed, by number: Int) {
            published += number
            guard seed.isReady else { return }
            ready += number
            if seed.isServer { readyServers += number }
        }
    }

    private(set) var places: [Place]
    let storm: StormWatch
    private(set) var budget: WithdrawalBudget
    /// Seeds that count, lost ones included.
    let total: Int
    let floor: Int
    private(set) var joining: [Move] = []
    private(set) var leaving: [Move] = []
    private(set) var held: [CandidateDecision.Held] = []
    /// Seeds that nothing but mode or a pause keeps where they are.
    private(set) var wouldLeave: [String] = []
    private(set) var wouldJoin: [String] = []
    private(set) var deadline: Timestamp?

    /// As the levers show it, less what leaves now: what is only hoped for guards nobody.
    private var seen = Tally()
    /// With what joins now.
    private var hoped = Tally()
    /// Until when nothing leaves, so that what joins is there first.
    private var growsUntil: Timestamp?
    private let hasServers: Bool
    private let input: CandidateInput
    private let context: CandidateContext

    init(_ input: CandidateInput, _ context: CandidateContext) {
        self.input = input
        self.context = context
        let (seeds, recalled) = Self.recalling(input)
        var places: [Place] = []
        places.reserveCapacity(seeds.count)
        for seed in seeds {
            let health = SeedHealth(seed, Diagnosis(seed, context), context)
            let isOurs = seed.evidence.node != nil && seed.lever != .withdrawn(isOurs: false)
            places.append(
                Place(
                    health: health,
                    record: isOurs && !recalled.contains(seed.name) ? health.record : seed.record,
                    isPublished: seed.isPublished,
                    isRecalled: recalled.contains(seed.name)
                )
            )
        }
        self.places = places
        total = seeds.count(where: \.isMember)
        floor = context.settings.floor(of: total)
        hasServers = seeds.contains(where: \.isServer)
        storm = StormWatch(
            seeds,
            unwell: places.map { !$0.causes.isEmpty },
            remembered: input.memory.storm,
            releasedUntil: input.stormsReleasedUntil,
            context
        )
        budget = WithdrawalBudget(
            input.memory.candidates?.withdrawals,
            perMinute: context.settings.candidates.evictionsPerMinute,
            context.now
        )
        for place in places {
            if let time = place.health.deadline { wake(time) }
            if place.isPublished { seen.count(place.seed, by: 1) }
        }
        hoped = seen
        if let time = storm.deadline { wake(time) }
        if !recalled.isEmpty { wake(context.now.passed + 1) }
    }

    /// The seeds with what only the set's memory tells of them, and the names of those.
    private static func recalling(_ input: CandidateInput) -> ([Seed], Set<String>) {
        guard let evictions = input.memory.evictions, !evictions.isEmpty else { return (input.seeds, []) }
        let known = Dictionary(evictions.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first })
        var seeds = input.seeds
        var names: Set<String> = []
        for index in seeds.indices {
            guard let eviction = known[seeds[index].name], let record = seeds[index].recalled(from: eviction) else {
                continue
            }
            seeds[index].record = record
            names.insert(seeds[index].name)
        }
        return (seeds, names)
    }

    private mutating func wake(_ time: Timestamp) {
        guard time > context.now.passed else { return }
        deadline = deadline.map { min($0, time) } ?? time
    }

    // MARK: Growing

    /// Who has been well for its probation comes back, and whoever is missing for the floor is taken from the least
    /// bad of those that are out.
    mutating func grow() {
        for index in places.indices
        where places[index].seed.isOut && !places[index].seed.isExcluded && !places[index].isRecalled {
            let health = places[index].health
            if health.wish == .back {
                let verdict = Verdict(
                    .wellAgain,
                    "\(places[index].seed.name) has been well for its probation and is back in the set"
                )
                join(index, verdict, as: health.returned(), since: context.now.begins)
            } else if health.isWanted {
                let verdict = Verdict(.wellAgain, "\(places[index].seed.name) belongs in the set and is not in it yet")
                let record = places[index].record
                join(index, verdict, as: record, since: record?.since ?? context.now.begins)
            }
        }
        press()
        acknowledge()
    }

    /// A seed whose probation is over and that somebody else has published meanwhile is back too.
    private mutating func acknowledge() {
        for index in places.indices
        where places[index].isPublished && places[index].seed.isPublished && !places[index].isRecalled {
            if places[index].health.wish == .back { places[index].record = places[index].health.returned() }
        }
    }

    /// - Parameter since: when it was put back first.
    private mutating func join(
        _ index: Int,
        _ verdict: Verdict,
        as record: MirrorNodeStatus.Candidate?,
        since: Timestamp
    ) {
        guard input.hold.letsIn else {
            wouldJoin.append(places[index].seed.name)
            return
        }
        joining.append(Move(place: index, verdict: verdict))
        places[index].record = record
        places[index].isPublished = true
        hoped.count(places[index].seed, by: 1)
        let end = since + CandidateSettings.growthSeconds
        growsUntil = growsUntil.map { max($0, end) } ?? end
        wake(end)
    }

    /// Takes back the least bad while there are too few, or while a server has nobody else to ask.
    private mutating func press() {
        guard hoped.published < floor || !serversHavePeers(hoped) else { return }
        let candidates = places.indices.filter {
            let seed = places[$0].seed
            return seed.isOut && !places[$0].isPublished && !seed.isExcluded && !places[$0].isRecalled
                && seed.evidence.node?.isDeleting == false
                && seed.evidence.pod?.isPresent != false
        }
        for index in candidates.sorted(by: isBetter) {
            let isMissing = hoped.published < floor
            let helps = places[index].seed.isReady && !serversHavePeers(hoped)
            guard isMissing || helps else { continue }
            let name = places[index].seed.name
            let published = Sentences.seeds(hoped.published, of: total)
            let are = Sentences.form(hoped.published, "is", "are")
            let why =
                isMissing
                ? "\(name) is published again: \(published) \(are), and \(floor) must be "
                    + "(candidates.minPublished), so the least bad come back"
                : "\(name) is published again: a server would else have no other seed to ask that is Ready"
            let record = places[index].health.pressed()
            join(index, Verdict(.minPublishedRestored, why), as: record, since: context.now.begins)
        }
    }

    /// The least bad first: those that are well, then those with a soft cause, then the others; among equals the one
    /// that was healthy last.
    private func isBetter(_ left: Int, _ right: Int) -> Bool {
        func rank(_ index: Int) -> (Int, Int64, String) {
            let place = places[index]
            let badness = place.causes.first.map { $0.isHard ? 2 : 1 } ?? 0
            return (badness, -(place.record?.illSince?.seconds ?? .max / 2), place.seed.name)
        }
        return rank(left) < rank(right)
    }

    /// Whether each server has another seed to ask that is Ready.
    private func serversHavePeers(_ tally: Tally) -> Bool {
        !hasServers || tally.ready >= 2 || (tally.ready == 1 && tally.readyServers == 0)
    }

    // MARK: Shrinking

    /// Lets go who asks to, the worst first, as far as every guard agrees.
    mutating func shrink() {
        let asking = places.indices.filter { index in
            let seed = places[index].seed
            guard seed.isPublished, seed.isRecordable, places[index].record != nil, !places[index].isRecalled else {
                return false
            }
            if case .leave = places[index].health.wish { return true }
            return false
        }
        for index in asking.sorted(by: isWorse) {
            guard case .leave(let cause) = places[index].health.wish else { continue }
            let seed = places[index].seed
            let why = Verdict(cause.kind.reason, "\(seed.name): \(cause.detail)")
            if let guardian = guardian(of: seed, cause) {
                held.append(CandidateDecision.Held(seed: seed.name, cause: why, guardian: guardian))
                continue
            }
            budget.spend()
            seen.count(seed, by: -1)
            if let hold = holdVerdict {
                held.append(CandidateDecision.Held(seed: seed.name, cause: why, guardian: hold))
                wouldLeave.append(seed.name)
                continue
            }
            let record = places[index].health.leaving(cause)
            places[index].record = record
            places[index].isPublished = false
            // Of one that only leaves again the record tells what it left for first.
            let isNew = record != places[index].health.record
            leaving.append(Move(place: index, verdict: isNew ? Verdict(why.reason, record?.message ?? "") : why))
        }
    }

    /// The first guard that keeps the seed in the set, in the order of the design; evidence in doubt is none, and has
    /// been left out before.
    private mutating func guardian(of seed: Seed, _ cause: Cause) -> Verdict? {
        if let manager = seed.manager {
            return Verdict(.managedElsewhere, "\(seed.name) is managed by \(manager), and is left alone")
        }
        // An explicit exclusion is never held back.
        if cause.kind != .excluded, storm.holds(seed) {
            return Verdict(.stormActive, "\(seed.name) stays: too many seeds are unhealthy at once")
        }
        if budget.left <= 0 {
            if let time = budget.deadline { wake(time) }
            let limit = context.settings.candidates.evictionsPerMinute
            let left = Sentences.form(limit, "seed has left", "seeds have left")
            return Verdict(.evictionsPerMinute, "\(seed.name) waits: \(limit) \(left) within a minute")
        }
        if seen.published <= floor {
            return Verdict(.minPublished, "\(seed.name) stays: no fewer than \(floor) may be published")
        }
        if let growsUntil, !context.now.isPast(growsUntil) {
            return Verdict(.growsFirst, "\(seed.name) waits until those that come back are seen in the set")
        }
        guard seed.isReady else { return nil }
        var after = seen
        after.count(seed, by: -1)
        guard !serversHavePeers(after) else { return nil }
        return Verdict(.lastPeer, "\(seed.name) stays: a server would have no other seed to ask that is Ready")
    }

    /// Why nothing is carried out though every guard agrees.
    private var holdVerdict: Verdict? {
        switch input.hold {
        case .none: nil
        case .observing: Verdict(.observing, "It would leave the set under mode Enforce")
        case .paused(let why): Verdict(.paused, "It would leave the set: \(why)")
        case .keeping(let why): Verdict(.leverFails, "It would leave the set: \(why)")
        case .retiring: Verdict(.paused, "The mirror is being deleted")
        }
    }

    /// Those that an administrator excludes, then hard causes, then soft ones; among equals whoever has been ill for
    /// the longest time.
    private func isWorse(_ left: Int, _ right: Int) -> Bool {
        func rank(_ index: Int) -> (Int, Int64, String) {
            let place = places[index]
            guard case .leave(let cause) = place.health.wish else { return (9, 0, place.seed.name) }
            let badness = cause.kind == .excluded ? 0 : cause.isHard ? 1 : 2
            return (badness, place.record?.illSince?.seconds ?? .max, place.seed.name)
        }
        return rank(left) < rank(right)
    }
}
