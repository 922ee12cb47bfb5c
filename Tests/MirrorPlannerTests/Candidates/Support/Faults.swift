import KubeCore
import MirrorAPI
import MirrorPlanner

/// What may befall a fleet of seeds and its operator.
enum Faults {
    /// Lets something happen, and says what kind of thing.
    static func strike(_ fleet: inout SeedFleet, _ dice: inout Dice) -> String {
        switch dice.below(24) {
        case 0...11:
            let index = dice.below(fleet.seeds.count)
            single(&fleet.seeds[index], &dice)
            return "\(fleet.seeds[index])"
        case 12, 13:
            recover(&fleet, &dice)
            return "most recover"
        case 14:
            mass(&fleet, &dice)
            return "many fail at once"
        case 15:
            zone(&fleet, &dice)
            return "a zone is lost"
        case 16:
            drain(&fleet, &dice)
            return "half is drained"
        case 17, 18:
            fleet.restart()
            return "the operator restarts"
        case 19:
            fleet.isCutOff.toggle()
            return "the operator is cut off: \(fleet.isCutOff)"
        case 20:
            toggle(&fleet, dice.pick(fleet.signals))
            return "out of date: \(fleet.stale)"
        case 21:
            fleet.hold = fleet.hold == .none ? .paused("Paused by upgrade") : .none
            return "hold: \(fleet.hold)"
        case 22:
            replace(&fleet, &dice)
            return "a node goes or comes"
        default:
            hand(&fleet, &dice)
            return "an administrator does something"
        }
    }

    /// How long it is quiet after a fault: often a little less or more than one of the thresholds.
    static func pause(_ dice: inout Dice) -> Int {
        let close = [10, 20, 30, 60, 90, 120, 240, 300, 900]
        switch dice.below(4) {
        case 0: return 1 + dice.below(20)
        case 1: return 1 + dice.below(400)
        default: return max(1, dice.pick(close) + dice.below(5) - 2)
        }
    }

    private static func single(_ seed: inout TrueSeed, _ dice: inout Dice) {
        switch dice.below(12) {
        case 0, 1: seed.isDaemonUp.toggle()
        case 2, 3: seed.isReady.toggle()
        case 4, 5: seed.diskPercent = dice.pick([50, 81, 82, 83, 84, 85, 86, 97])
        case 6: seed.hasDiskPressure.toggle()
        case 7: seed.memoryPercent = dice.pick([50, 6, 5, 1])
        case 8: seed.ioPercent = dice.pick([5, 59, 60, 90])
        case 9: seed.isCordoned.toggle()
        case 10:
            seed.isBeingChanged = true
            seed.isDaemonUp = false
            seed.isReady = false
        default: if seed.label == .off { seed.label = .on }  // The service has started and writes its label.
        }
    }

    /// A node is as it was before anything happened to it; what an administrator did stays.
    static func heal(_ seed: inout TrueSeed) {
        seed.isDaemonUp = true
        seed.isReady = true
        seed.diskPercent = 50
        seed.hasDiskPressure = false
        seed.memoryPercent = 50
        seed.ioPercent = 5
        seed.isBeingChanged = false
    }

    private static func recover(_ fleet: inout SeedFleet, _ dice: inout Dice) {
        for index in fleet.seeds.indices where dice.roll(60) { heal(&fleet.seeds[index]) }
    }

    private static func mass(_ fleet: inout SeedFleet, _ dice: inout Dice) {
        let share = 20 + dice.below(80)
        let kind = dice.below(3)
        for index in fleet.seeds.indices where dice.roll(share) {
            switch kind {
            case 0: fleet.seeds[index].isDaemonUp = false
            case 1: fleet.seeds[index].hasDiskPressure = true
            default: fleet.seeds[index].isReady = false
            }
        }
    }

    private static func zone(_ fleet: inout SeedFleet, _ dice: inout Dice) {
        let zone = dice.pick(fleet.seeds).zone
        for index in fleet.seeds.indices where fleet.seeds[index].zone == zone {
            fleet.seeds[index].isDaemonUp = false
            fleet.seeds[index].isReady = false
        }
    }

    private static func drain(_ fleet: inout SeedFleet, _ dice: inout Dice) {
        for index in fleet.seeds.indices where dice.roll(50) {
            fleet.seeds[index].isCordoned = true
            if dice.roll(70) { fleet.seeds[index].isReady = false }
        }
    }

    private static func toggle(_ fleet: inout SeedFleet, _ signal: Signal) {
        fleet.stale[signal] = fleet.stale[signal] == nil ? "the watch is broken" : nil
    }

    private static func replace(_ fleet: inout SeedFleet, _ dice: inout Dice) {
        let index = dice.below(fleet.seeds.count)
        let isGone = fleet.seeds[index].label == .gone
        var next = TrueSeed(fleet.seeds[index].name, zone: fleet.seeds[index].zone, phase: fleet.seeds[index].phase)
        next.label = isGone ? .on : .gone
        if !isGone { next.record = fleet.seeds[index].record }
        next.hasPod = fleet.seeds[index].hasPod
        next.isServer = fleet.seeds[index].isServer
        next.hasAgent = fleet.seeds[index].hasAgent
        next.hasProbe = fleet.seeds[index].hasProbe
        next.turnedAt = fleet.now
        next.recordedAt = fleet.now
        next.wasBad = !isGone
        fleet.seeds[index] = next
        fleet.forget(index)
    }

    private static func hand(_ fleet: inout SeedFleet, _ dice: inout Dice) {
        let index = dice.below(fleet.seeds.count)
        switch dice.below(5) {
        case 0, 1: fleet.seeds[index].isExcluded.toggle()
        case 2:
            guard fleet.seeds[index].label == .on else { return }
            fleet.seeds[index].label = .foreign
            fleet.seeds[index].isMarked = false
        case 3: if fleet.seeds[index].label == .foreign { fleet.seeds[index].label = .on }
        default: fleet.releasedUntil = fleet.memory.storm == nil ? nil : SeedFleet.time(fleet.now)
        }
    }
}

/// Fleets and settings of every kind, most of them small.
enum RandomSettings {
    static func settings(_ provider: Provider, _ rules: any ProviderRules, _ dice: inout Dice) -> CandidateSettings {
        var candidates = P2PMirrorSpec.Candidates()
        if dice.roll(30) { candidates.minPublished = .percent(dice.pick([0, 10, 34, 67, 90, 100])) }
        if dice.roll(20) { candidates.minPublished = .number(dice.below(6)) }
        if dice.roll(30) { candidates.maxUnhealthy = .percent(dice.pick([0, 20, 50, 100])) }
        if dice.roll(20) { candidates.maxUnhealthy = .number(dice.below(6)) }
        if dice.roll(20) { candidates.unhealthyForSeconds = dice.pick([0, 10, 300]) }
        if dice.roll(20) { candidates.healthyForSeconds = dice.pick([10, 30, 600, 1200]) }
        if dice.roll(20) { candidates.stormCooldownSeconds = dice.pick([0, 60]) }
        if dice.roll(50) { candidates.evictionsPerMinute = dice.pick([1, 2, 100]) }
        return CandidateSettings(P2PMirrorSpec(provider: provider, candidates: candidates), rules)
    }

    static func seeds(_ provider: Provider, _ dice: inout Dice) -> [TrueSeed] {
        let count = dice.roll(4) ? 10 + dice.below(30) : 1 + dice.below(9)
        let zones = 1 + dice.below(3)
        let agentPercent = dice.pick([0, 50, 100])
        let probePercent = dice.pick([0, 100])
        return (0..<count).map { number in
            var seed = TrueSeed("seed-\(number + 1)", zone: "zone-\(number % zones)", phase: dice.below(30))
            seed.hasAgent = dice.roll(agentPercent)
            seed.hasProbe = dice.roll(probePercent)
            guard provider == .spegel else { return seed }
            // Pods, whose agents announce nothing, and of which none is asked for peers before another.
            seed.hasPod = true
            seed.hasAgent = false
            seed.isServer = false
            return seed
        }
    }
}
