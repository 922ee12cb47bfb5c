import KubeCore
import MirrorAPI
import MirrorPlanner

/// One fleet through one history of faults, every effect checked, until nothing is left to do.
struct FleetHistory {
    typealias Decide = (CandidateInput) -> CandidateDecision

    var fleet: SeedFleet
    private(set) var rules = SetRules()
    private(set) var decisions = 0
    private(set) var departures = 0
    private(set) var returns = 0
    /// Seconds from the end of the faults to the last seed that came or left.
    private(set) var settledAfter = 0
    var decide: Decide = CandidatePlanner.decide
    /// Effects that fail, of a hundred.
    var failPercent = 3
    private var dice: Dice
    private var deadline = 0
    private var extra: [String] = []
    /// Seeds that stay ill when the faults stop.
    private var dead: Set<String> = []
    private var calmSince: Int?
    /// What happened, where it is asked for.
    private(set) var trace: [String] = []
    var isTraced = false

    var violations: [String] { rules.violations + extra }

    /// Whether time goes on after all is settled: nothing must happen then.
    private var watchesLong = true

    /// - Parameter rules: of a provider that is not shipped; nil for those of `provider`.
    init(seed: UInt64, provider: Provider = .rke2, rules: (any ProviderRules)? = nil) {
        watchesLong = seed % 10 == 0
        var dice = Dice(seed: seed)
        let settings = RandomSettings.settings(provider, rules ?? provider.rules, &dice)
        fleet = SeedFleet(RandomSettings.seeds(provider, &dice), settings)
        if dice.roll(4) { fleet.hold = .observing }
        self.dice = dice
        deadline = 0
    }

    init(_ fleet: SeedFleet, _ dice: Dice) {
        self.fleet = fleet
        self.dice = dice
    }

    mutating func run() {
        let faults = 1 + dice.below(8)
        for _ in 0..<faults {
            fleet.look()
            let kind = Faults.strike(&fleet, &dice)
            if isTraced { trace.append("+\(fleet.now) s fault: \(kind)") }
            fleet.changed()
            pass(until: fleet.now + Faults.pause(&dice))
        }
        calm()
        pass(until: fleet.now + bound)
        checkEnd()
    }

    /// After the last fault every seed has been back within two of the longest probations, and whoever is ill for good
    /// has left within the cool-down of a storm, its patience, and a minute for every `evictionsPerMinute`.
    var bound: Int {
        let settings = fleet.settings
        let probation = max(settings.candidates.healthyForSeconds, CandidateSettings.longestProbationSeconds)
        let minutes = fleet.seeds.count / settings.candidates.evictionsPerMinute + 1
        return 2 * probation + settings.candidates.stormCooldownSeconds + settings.candidates.unhealthyForSeconds
            + 60 * minutes + 120
    }

    // MARK: Passing time

    private mutating func pass(until end: Int) {
        while true {
            decideOnce()
            if calmSince != nil, !watchesLong, isSettled { break }
            let next = min(max(deadline, fleet.now + 1), fleet.nextWake() ?? .max)
            guard next < end else { break }
            fleet.now = next
        }
        fleet.now = end
    }

    private mutating func decideOnce() {
        for _ in 0..<6 {
            let decision = decideAndCheck()
            deadline = SeedFleet.seconds(decision.nextDeadline)
            let before = fleet
            if carryOut(decision) { rules.weather(before) } else { rules.missed() }
            guard decision.changes.contains(where: Self.moves) else { return }
        }
        // A failed effect is tried again a little later.
        deadline = min(deadline, fleet.now + 5)
    }

    private static func moves(_ effect: SetChange) -> Bool {
        switch effect {
        case .publish, .withdraw: true
        case .recordSet, .recordSeed, .confirm: false
        }
    }

    private mutating func decideAndCheck() -> CandidateDecision {
        decisions += 1
        let decision = decide(fleet.input())
        fleet.remember(decision.trust)
        rules.look(at: decision, fleet)
        if SeedFleet.seconds(decision.nextDeadline) <= fleet.now { extra.append("a deadline in the past") }
        return decision
    }

    /// Answers whether all of it came through.
    private mutating func carryOut(_ decision: CandidateDecision) -> Bool {
        let before = fleet
        for effect in decision.changes {
            if calmSince == nil, dice.roll(failPercent) {
                deadline = fleet.now + 1
                return false
            }
            if let calmSince, Self.moves(effect) { settledAfter = fleet.now - calmSince }
            if isTraced { trace.append("+\(fleet.now) s \(effect)") }
            switch effect {
            case .recordSet: fleet.memory = decision.memory
            case .recordSeed(let name, let record): write(record, name)
            case .publish(let name, let verdict): publish(name, verdict, before)
            case .confirm(let check): if !check.passes(published: fleet.published) { return false }
            case .withdraw(let name, let verdict): withdraw(name, verdict, before)
            }
        }
        return true
    }

    private mutating func write(_ record: MirrorNodeStatus.Candidate?, _ name: String) {
        guard let index = fleet.index(name) else { return }
        fleet.seeds[index].record = record
        fleet.seeds[index].note(fleet.now, healthyFor: fleet.settings.candidates.healthyForSeconds)
    }

    private mutating func publish(_ name: String, _ verdict: Verdict, _ before: SeedFleet) {
        rules.came(name, verdict, before)
        guard let index = fleet.index(name) else { return }
        returns += 1
        fleet.seeds[index].label = .on
        fleet.seeds[index].isMarked = false
        fleet.seeds[index].wasPressed = verdict.reason == .minPublishedRestored
    }

    private mutating func withdraw(_ name: String, _ verdict: Verdict, _ before: SeedFleet) {
        guard let index = fleet.index(name) else { return }
        departures += 1
        fleet.seeds[index].label = .off
        fleet.seeds[index].isMarked = true
        rules.left(name, verdict, before: before, fleet)
        // One that was out and published again by somebody else is only back where it was.
        let state = before.seeds[index].record?.state
        guard state != .evicted, state != .probation else { return }
        fleet.seeds[index].leftAt = fleet.now
        fleet.seeds[index].wasPressed = false
    }

    // MARK: The end

    /// Whether every seed is where it belongs, and nothing is remembered but evictions that are not forgiven yet.
    private var isSettled: Bool {
        fleet.memory.storm == nil
            && fleet.seeds.allSatisfy { seed in
                guard seed.isOurs else { return true }
                let isIll = seed.isExcluded || dead.contains(seed.name)
                return isIll ? seed.label == .off : seed.label == .on && (seed.record?.state ?? .healthy) == .healthy
            }
    }

    private mutating func calm() {
        fleet.look()
        for index in fleet.seeds.indices {
            let isDead = dice.roll(6)
            if isDead { dead.insert(fleet.seeds[index].name) }
            Faults.heal(&fleet.seeds[index])
            if isDead, fleet.seeds[index].label != .gone { fleet.seeds[index].hasDiskPressure = true }
        }
        fleet.hold = fleet.hold == .observing ? .observing : .none
        fleet.stale = [:]
        fleet.isCutOff = false
        fleet.changed()
        calmSince = fleet.now
        settledAfter = 0
    }

    private mutating func checkEnd() {
        decideOnce()
        let last = decideAndCheck()
        if !last.changes.isEmpty { extra.append("not at its end after \(bound) s: \(last.changes)") }
        guard fleet.hold == .none else { return }
        let held = Set(last.held.map(\.seed))
        for seed in fleet.seeds where seed.isOurs {
            let isIn = seed.label == .on
            if seed.isExcluded || dead.contains(seed.name) {
                if isIn, !held.contains(seed.name) { extra.append("\(seed.name) is ill, and in the set for no reason") }
            } else if !isIn {
                extra.append("\(seed.name) is well, and not in the set \(bound) s after the last fault")
            }
        }
    }
}
