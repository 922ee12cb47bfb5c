import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// One fleet taken from its first pass to its end, with every action checked.
///
/// For a while machines flap, are cordoned, the mirror is paused, information goes stale and agents dawdle, fail and
/// refuse. Then the faults stop, and within `bound` passes there must be nothing left to do.
struct FleetRun {
    typealias PlanFunction = (String, Snapshot) -> Plan?

    var fleet: RandomFleet
    var world: World
    var dice: Dice
    /// Specifications are validated once a run, which takes longer than a pass.
    var plan: PlanFunction = { Planner.plan(mirror: $0, $1, validator: { _ in [] }) }
    var failPercent = 4
    var violations: [String] = []
    /// Passes in all, and after the faults had stopped.
    var passes = 0
    var calmPasses = 0
    private var paused = 0
    private var stale = 0

    init(seed: UInt64) {
        var dice = Dice(seed: seed)
        let fleet = RandomFleet(&dice)
        self.init(fleet, dice)
    }

    init(_ fleet: RandomFleet, _ dice: Dice) {
        self.fleet = fleet
        self.dice = dice
        world = World(Fixture.snapshot(fleet.mirror, fleet.nodes))
        world.silent = fleet.silent
    }

    /// Passes after the last fault: eleven for each server's change (wish, Lease, approval, claim, restart, report,
    /// proof, release, and the same again for a step that was cut off), and a few for the first and the last pass.
    var bound: Int { 24 + 11 * (fleet.nodes.count + 1) }

    mutating func run() {
        // Where there is nothing to do, faults have little to disturb.
        let faults = fleet.traits.contains(.cycle) ? 2 + dice.below(9) : 1 + dice.below(3)
        for _ in 0..<faults { pass(isCalm: false) }
        violations += Acceptance.validate(fleet.mirror).map { "invalid: \($0.path): \($0.message)" }
        calm()
        var quiet = 0
        while quiet < 1, calmPasses <= bound {
            calmPasses += 1
            quiet = pass(isCalm: true) ? 0 : quiet + 1
        }
        if calmPasses > bound { violations.append("not at its end \(bound) passes after the last fault") }
        checkEnd()
    }

    // MARK: One pass

    /// Answers whether anything happened.
    @discardableResult
    private mutating func pass(isCalm: Bool) -> Bool {
        passes += 1
        if !isCalm { disturb() }
        approveByHand()
        guard let plan = plan(fleet.mirror.metadata.name, world.snapshot) else {
            violations.append("no plan")
            return false
        }
        var happened = !plan.actions.isEmpty
        let rules = SafetyRules(mirror: world.snapshot.mirrors[0], restarts: world.restarts)
        var status = plan
        status.actions = []
        for action in plan.actions {
            let before = world.snapshot
            guard world.apply(action) else {
                violations.append("refused: \(action)")
                break
            }
            if case .applyMirrorNode = action, isCalm { continue }
            violations += rules.violations(before, action, world.snapshot).map(\.description)
        }
        world.carryOut(status)
        happened = world.runAgents(&dice) || happened
        checkRestarts()
        let next = plan.nextDeadline.map { max(1, $0 - world.snapshot.now) }
        world.snapshot.now = world.snapshot.now + (happened ? 5 : next ?? 30)
        return happened || next != nil
    }

    private mutating func checkRestarts() {
        if world.restarting.count > 1 { violations.append("rule 2: \(world.restarting.keys.sorted()) restart at once") }
        if Set(world.restarts).count != world.restarts.count {
            violations.append("rule 2: restarted twice for one revision: \(world.restarts)")
        }
    }

    private mutating func approveByHand() {
        guard fleet.traits.contains(.manual) else { return }
        for index in world.snapshot.mirrorNodes.indices where dice.roll(50) || calmPasses > 0 {
            let revision = world.snapshot.mirrorNodes[index].spec.revision
            world.snapshot.mirrorNodes[index].metadata.annotations[AnnotationKey.approve] = revision
        }
    }

    // MARK: Faults

    private mutating func disturb() {
        world.manners.idlePercent = 30
        world.manners.failPercent = failPercent
        world.manners.refusePercent = 3
        let name = dice.pick(world.snapshot.nodes).metadata.name
        if dice.roll(8), world.restarting[name] == nil { world.set(name, isReady: false) }
        if dice.roll(40) { recover() }
        if dice.roll(5) { world.set(name, isCordoned: true) }
        paused = max(0, paused - 1) + (dice.roll(4) ? 3 : 0)
        stale = max(0, stale - 1) + (dice.roll(5) ? 2 : 0)
        world.snapshot.mirrors[0].spec.pauseRequests = paused > 0 ? ["upgrade"] : []
        world.snapshot.staleness = stale > 0 ? "the watch of nodes is broken" : nil
    }

    private mutating func recover() {
        for node in world.snapshot.nodes {
            let name = node.metadata.name
            if node.isCordoned { world.set(name, isCordoned: false) }
            if !node.isReady, world.restarting[name] == nil, !fleet.dead.contains(name) {
                world.set(name, isReady: true)
            }
        }
    }

    private mutating func calm() {
        recover()
        world.manners = World.Manners()
        world.snapshot.mirrors[0].spec.pauseRequests = []
        world.snapshot.staleness = nil
    }

    // MARK: The end

    private var ready: Condition? { world.snapshot.mirrors[0].status?.conditions.first(ofType: "Ready") }

    private mutating func checkEnd() {
        guard let again = plan(fleet.mirror.metadata.name, world.snapshot) else { return }
        if !again.actions.isEmpty { violations.append("rule 5: a fleet at its end gets \(again.actions)") }
        if again.status != world.snapshot.mirrors[0].status { violations.append("rule 5: the status is written again") }
        guard fleet.mirror.spec.mode == .enforce else {
            if !world.restarts.isEmpty { violations.append("rule 9: restarted under Observe") }
            return
        }
        if ready?.status == .true { checkStar() } else { checkExcuse() }
    }

    /// Whoever is at peace has no cycle that matters, and what was rewritten points to one root.
    private mutating func checkStar() {
        let nodes = world.snapshot.nodes
        let edges = SafetyRules.edges(nodes)
        let selected = Set(nodes.filter { $0.metadata.labels["fleet"] == nil }.map(\.metadata.name))
        let cyclic = SafetyRules.onCycles(edges).intersection(selected)
        if !cyclic.isEmpty, !fleet.traits.contains(.registryOff) {
            violations.append("rule 4: at the end \(cyclic.sorted()) are still in a cycle")
        }
        guard let root = world.snapshot.mirrors[0].status?.topology?.root else { return }
        for object in world.snapshot.mirrorNodes where object.spec.desired?.server != nil {
            let name = object.spec.nodeName
            let wanted: Set<String> = name == root ? [] : [root]
            if edges[name] ?? [] != wanted, !fleet.traits.contains(.registryOff) {
                violations.append("rule 4: at the end \(name) does not point to the root \(root)")
            }
        }
    }

    /// Whoever is not at peace has a reason that the fleet bears out.
    private mutating func checkExcuse() {
        let reason = ready?.reason ?? "none"
        let excuses: [String: Bool] = [
            "NoEligibleRoot": true,
            "NoNodesSelected": fleet.traits.contains(.unselected),
            "QuorumWouldBeLost": !fleet.mirror.spec.rollout.allowControlPlaneOutage,
            "OtherServerNotReady": !fleet.dead.isEmpty,
            "RootNotReady": !fleet.dead.isEmpty,
            "NodeNotReady": !fleet.dead.isEmpty,
            "AgentNotReporting": !fleet.silent.isEmpty,
            "GuardedServer": fleet.traits.contains(.guardListNode),
            "ManagedElsewhere": fleet.traits.contains(.managed),
            "UnreadableConfiguration": fleet.traits.contains(.unknownArguments),
            "RolloutFailed": failures > 0,
            "AgentRefused": failures > 0,
        ]
        if excuses[reason] != true {
            violations.append("at the end Ready is \(ready?.status.rawValue ?? "?") \(reason): \(ready?.message ?? "")")
        }
    }

    private var failures: Int {
        world.snapshot.mirrorNodes.count {
            $0.status?.agent?.phase == .failed || $0.status?.agent?.phase == .refused
        }
    }

    var isHealed: Bool { ready?.status == .true && ready?.reason == "Healthy" }
}
