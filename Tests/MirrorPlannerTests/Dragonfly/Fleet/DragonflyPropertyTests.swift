import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// One random history of a release, with faults of its daemons and an operator that is killed after any of its writes.
private struct DragonflyHistory {
    private(set) var violations: [String] = []
    private(set) var calls = 0
    private(set) var quarantines = 0
    private var world: DragonflyWorld
    private var dice: Dice

    init(seed: UInt64) {
        var dice = Dice(seed: seed)
        let seeds = dice.pick([1, 2, 3, 5])
        world = DragonflyWorld(schedulers: dice.pick([1, 2, 3]), seeds: seeds) { spec in
            spec.dragonfly = .init(recovery: seed % 2 == 0 ? .restart : .none)
            spec.candidates.healthyForSeconds = 20
            spec.candidates.unhealthyForSeconds = 10
        }
        self.dice = dice
    }

    mutating func run() {
        for _ in 0..<40 {
            disturb(dice.pick([0, 1, 2, 3, 4, 5]))
            for _ in 0..<dice.pick([1, 3, 8]) { look() }
        }
    }

    /// One fault, or the end of one.
    private mutating func disturb(_ kind: Int) {
        let seeds = world.evidence.pods.filter { $0.component == .seed }.map(\.metadata.name)
        let schedulers = world.evidence.pods.filter { $0.component == .scheduler }.map(\.metadata.name)
        guard let seed = seeds.isEmpty ? nil : dice.pick(seeds), !schedulers.isEmpty else { return }
        switch kind {
        case 0: world.disks[seed] = Double(dice.pick([40, 70, 88, 97]))
        case 1: if world.dead.remove(seed) == nil { world.dead.insert(seed) }
        case 2: world.silent = world.silent.isEmpty ? [dice.pick(schedulers)] : []
        case 3: world.replace(seed)
        case 4: world.busy = world.busy.isEmpty ? [seed] : []
        default:
            world.dead = []
            world.disks = world.disks.mapValues { _ in 50 }
        }
    }

    /// A look of the operator, which may be killed after any of its writes.
    private mutating func look() {
        world.tick(dice.pick([1, 5, 20, 70]))
        world.observe()
        guard let plan = world.plan else { return }
        let limit = dice.pick([0, 1, 2, 100, 100, 100])
        for write in plan.writes.prefix(limit) {
            check(write)
            world.perform(write)
        }
        if limit >= plan.writes.count { world.mirror.status = plan.status }
    }

    private mutating func check(_ write: Write) {
        if "\(write.body)".lowercased().contains("egress") { violations.append("egress: \(write.sentence)") }
        switch write.purpose {
        case .forgetHost(let id):
            calls += 1
            let reading = world.evidence.schedulers.first { $0.pod == write.target.key.name }
            let seeds = reading?.seeds ?? []
            if seeds.contains(where: { $0.id == id }), seeds.count < 2 {
                violations.append("the last seed of \(write.target.key.name) is removed")
            }
            if !(reading?.hosts ?? []).contains(where: { $0.id == id }) {
                violations.append("\(write.target.key.name) does not know \(id)")
            }
        case .withdrawSeed(let seed):
            quarantines += 1
            let open = world.evidence.pods.filter { $0.component == .seed }.map(\.metadata.name)
                .filter { !world.quarantined.contains($0) && $0 != seed }
            if open.isEmpty { violations.append("\(seed) leaves an empty set") }
        default: break
        }
    }
}

@Suite("The seeds of Dragonfly through any history of faults, and any crash of the operator")
struct DragonflyPropertyTests {
    @Test("No last seed is removed, no set is left empty, and nothing is ever said of egress", arguments: 0..<4)
    func histories(_ block: Int) {
        var calls = 0
        var quarantines = 0
        for seed in UInt64(block * 15)..<UInt64(block * 15 + 15) {
            var history = DragonflyHistory(seed: seed)
            history.run()
            calls += history.calls
            quarantines += history.quarantines
            #expect(history.violations.isEmpty, "seed \(seed): \(history.violations.prefix(3))")
        }
        print("dragonfly histories \(block * 15) to \(block * 15 + 14): \(quarantines) quarantines, \(calls) calls")
        #expect(calls > 0 && quarantines > 0)
    }
}
