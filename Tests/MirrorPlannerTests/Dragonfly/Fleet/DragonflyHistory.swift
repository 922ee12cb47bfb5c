import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// One random history of a release, with faults of its daemons and an operator that is killed after any of its writes.
struct DragonflyHistory {
    private(set) var violations: [String] = []
    private(set) var calls = 0
    private(set) var quarantines = 0
    /// A fault of the operator's own; nil for the operator as it is.
    private let defect: LeverDefect?
    private var world: DragonflyWorld
    private var dice: Dice
    /// Schedulers that were told of a seed behind one quarantine, where the operator lived to write that down.
    private var told: Set<String> = []
    /// Seeds by their hosts, as they were when the operator looked: a write may replace one.
    private var hosts: [String: String] = [:]

    init(seed: UInt64, _ defect: LeverDefect? = nil) {
        var dice = Dice(seed: seed)
        let seeds = dice.pick([1, 2, 3, 5])
        world = DragonflyWorld(schedulers: dice.pick([1, 2, 3]), seeds: seeds) { spec in
            spec.dragonfly = .init(recovery: seed % 2 == 0 ? .restart : .none)
            spec.candidates.healthyForSeconds = 20
            spec.candidates.unhealthyForSeconds = 10
        }
        self.dice = dice
        self.defect = defect
    }

    mutating func run() {
        for _ in 0..<40 {
            disturb(dice.below(8))
            for _ in 0..<dice.pick([1, 3, 8]) { look(for: dice.pick([1, 5, 20, 70])) }
        }
        comeBack()
        tellAll()
    }

    private func pods(_ component: DragonflyNames.Component) -> [Pod] {
        world.evidence.pods.filter { $0.component == component }
    }

    /// One fault, or the end of one.
    private mutating func disturb(_ kind: Int) {
        let seeds = pods(.seed).map(\.metadata.name)
        let schedulers = pods(.scheduler).map(\.metadata.name)
        guard let seed = seeds.isEmpty ? nil : dice.pick(seeds), !schedulers.isEmpty else { return }
        switch kind {
        case 0: world.disks[seed] = Double(dice.pick([40, 70, 88, 97]))
        case 1: if world.dead.remove(seed) == nil { world.dead.insert(seed) }
        case 2: world.silent = world.silent.isEmpty ? [dice.pick(schedulers)] : []
        case 3: world.replace(seed)
        case 4: world.busy = world.busy.isEmpty ? [seed] : []
        case 5: world.change(seed) { $0.spec.hostNetwork.toggle() }
        case 6: world.mutes = world.mutes.isEmpty ? [dice.pick(schedulers): seeds.filter { $0 != seed }] : [:]
        default: end()
        }
    }

    /// All is well again.
    private mutating func end() {
        (world.dead, world.silent, world.busy, world.mutes) = ([], [], [], [:])
        world.disks = world.disks.mapValues { _ in 50 }
        for pod in pods(.seed) { world.change(pod.metadata.name) { $0.spec.hostNetwork = false } }
    }

    /// A look of the operator, which may be killed after any of its writes.
    private mutating func look(for seconds: Int, mayDie: Bool = true) {
        world.tick(seconds)
        world.observe()
        guard let plan = plan() else { return }
        hosts = Dictionary(
            pods(.seed).map { (world.host($0).id, $0.metadata.name) },
            uniquingKeysWith: { first, _ in first }
        )
        let limit = mayDie ? dice.pick([0, 1, 2, 100, 100, 100]) : 100
        var tellings: [String] = []
        for write in plan.writes.prefix(limit) {
            if let telling = check(write, of: plan) { tellings.append(telling) }
            world.perform(write)
            // Written down, or the look went on without a death.
            if case .recordCall = write.purpose { told.formUnion(tellings) }
        }
        guard limit >= plan.writes.count else { return }
        told.formUnion(tellings)
        world.mirror.status = plan.status
    }

    private func plan() -> Plan? {
        guard let defect else { return world.plan }
        var seen = world.snapshot
        defect.sight(&seen)
        guard var plan = Planner.plan(mirror: DragonflyWorld.name, seen) else { return nil }
        defect.act(&plan.writes)
        return plan
    }

    // MARK: Rules of every write

    /// - Returns: what a scheduler is told of a seed behind which quarantine; nil where the write tells nobody.
    private mutating func check(_ write: Write, of plan: Plan) -> String? {
        if "\(write.body)".lowercased().contains("egress") { violations.append("egress: \(write.sentence)") }
        switch write.purpose {
        case .forgetHost(let id):
            calls += 1
            return check(call: id, to: write.target.key.name, plan)
        case .withdrawSeed(let seed):
            quarantines += 1
            let present = pods(.seed)
            if present.contains(where: \.spec.hostNetwork) {
                violations.append("host network: \(seed) is to leave, and no policy holds there")
            }
            let open = present.map(\.metadata.name).filter { !world.quarantined.contains($0) && $0 != seed }
            if open.isEmpty { violations.append("empty set: \(seed) leaves none behind") }
        default: break
        }
        return nil
    }

    private mutating func check(call id: String, to scheduler: String, _ plan: Plan) -> String? {
        let reading = world.evidence.schedulers.first { $0.pod == scheduler }
        let seeds = reading?.seeds ?? []
        if seeds.contains(where: { $0.id == id }), seeds.count < 2 {
            violations.append("last seed: \(scheduler) is to forget \(id), and knows no other")
        }
        if !(reading?.hosts ?? []).contains(where: { $0.id == id }) {
            violations.append("unknown: \(scheduler) does not know \(id)")
        }
        guard let seed = hosts[id], let quarantine = quarantine(of: seed),
            let begin = quarantine.metadata.creationTimestamp
        else { return nil }
        let reason = plan.status.seeds?.first { $0.name == seed }?.candidate.reason ?? ""
        let due = begin + 35 + 2 * pods(.seed).count
        if !Self.ofDead.contains(reason), world.snapshot.now < due {
            violations.append("too soon: \(scheduler) is to forget \(seed) at \(world.snapshot.now), not from \(due)")
        }
        let telling = "\(quarantine.metadata.uid ?? "") \(scheduler)"
        if told.contains(telling) { violations.append("twice: \(scheduler) is told of \(seed) once more") }
        return telling
    }

    /// Why a seed is out of which nothing is to be waited for.
    private static let ofDead: Set<String> = [
        "AnnouncementExpired", "PodGone", "PodDeleting", "NodeDeleting", "NodeGone",
    ]

    private func quarantine(of seed: String) -> ManagedObject? {
        let name = DragonflyNames.quarantine(mirror: DragonflyWorld.name, pod: seed)
        return world.evidence.quarantines.first { $0.key.name == name }
    }

    // MARK: Rules of the end

    /// Where all are well for longer than any probation and any storm, nobody is out.
    private mutating func comeBack() {
        end()
        for _ in 0..<25 { look(for: 60, mayDie: false) }
        for seed in world.quarantined { violations.append("stays out: \(seed) has been well for 1500 s") }
    }

    /// Where one is full for long, each scheduler is told of it: one that knows no other seed when it has heard of
    /// another one again.
    private mutating func tellAll() {
        let seeds = pods(.seed)
        guard seeds.count > 2, let seed = seeds.first?.metadata.name, world.quarantined.isEmpty else { return }
        world.cleanedTo = 97
        world.disks[seed] = 97
        let alone = pods(.scheduler).first?.metadata.name ?? ""
        world.mutes = [alone: seeds.dropFirst().map(\.metadata.name)]
        for _ in 0..<15 { look(for: 5, mayDie: false) }
        world.mutes = [:]
        for _ in 0..<10 { look(for: 10, mayDie: false) }
        guard let quarantine = quarantine(of: seed) else { return }
        for scheduler in pods(.scheduler).map(\.metadata.name)
        where !told.contains("\(quarantine.metadata.uid ?? "") \(scheduler)") {
            violations.append("untold: \(scheduler) was never told of \(seed)")
        }
    }
}
