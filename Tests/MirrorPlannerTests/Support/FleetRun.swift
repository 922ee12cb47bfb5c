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
        world.old = fleet.old
    }

    /// Passes after the last fault: eleven for each server's change (wish, Lease, approval, claim, restart, report,
    /// proof, release, and the same again for a step that was cut off), and a few for the first and the last pass.
    /// Each of a node's settings may be such a change, and each time that the window closes in the middle of one, it is
    /// begun anew.
    var bound: Int {
        let kinds = 1 + [RandomFleet.Trait.registries, .debug, .debug, .address].count { fleet.traits.contains($0) }
        return (24 + 11 * (fleet.nodes.count + 1)) * kinds * (fleet.traits.contains(.window) ? 2 : 1)
    }

    mutating func run() {
        // Where there is nothing to do, faults have little to disturb.
        let faults = fleet.traits.contains(.cycle) ? 2 + dice.below(9) : 1 + dice.below(3)
        for number in 0..<faults {
            pass(isCalm: false)
            if number == faults / 2 { loseRoot() }
        }
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
        checkWishes(plan)
        let rules = SafetyRules(mirror: world.snapshot.mirrors[0], restarts: world.restarts)
        var status = plan
        (status.writes, status.records) = ([], [])
        for action in plan.actions {
            let before = world.snapshot
            guard world.apply(action) else {
                violations.append("refused: \(action.sentence)")
                break
            }
            if action.purpose == .applyMirrorNode, isCalm { continue }
            violations += rules.violations(before, action, world.snapshot).map(\.description)
        }
        let root = world.snapshot.mirrors[0].status?.topology
        world.carryOut(status)
        // A root that goes on record is an event of the mirror, by which it is reconciled again.
        if plan.status.topology?.root != root?.root || plan.status.topology?.rootUID != root?.rootUID {
            happened = true
        }
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

    /// No wish is for more than the specification asks for.
    private mutating func checkWishes(_ plan: Plan) {
        let spec = world.snapshot.mirrors[0].spec
        for intent in plan.records.compactMap(\.mirrorNode) {
            let present = world.snapshot.mirrorNodes.first { $0.metadata.name == intent.name }
            if intent.spec.desired?.debug == true, present?.spec.desired?.debug != true,
                spec.rancher.debugUntil.map({ world.snapshot.now < $0 }) != true
            {
                violations.append("rule 9: \(intent.name) is to log at the level debug")
            }
            if let wish = intent.spec.desired?.registries, Set(wish) != Set(spec.registries),
                present?.spec.desired?.registries != wish
            {
                violations.append("rule 9: \(intent.name) is to mirror \(wish)")
            }
            let isOld = fleet.old.contains(intent.spec.nodeName)
            if isOld, intent.spec.desired?.registries != nil || intent.spec.desired?.debug != nil {
                violations.append("rule 7: \(intent.name) is asked for what its agent may not know")
            }
        }
    }

    // MARK: Faults

    /// The root is deleted, or deleted and made anew, or goes away for good.
    private mutating func loseRoot() {
        guard dice.roll(12), let root = world.snapshot.mirrors[0].status?.topology?.root,
            let index = fleet.nodes.firstIndex(where: { $0.name == root }), fleet.nodes.count > 1
        else { return }
        switch dice.below(3) {
        case 0:
            fleet.traits.insert(.lostRoot)
            world.remove(root)
        case 1:
            fleet.traits.insert(.newRoot)
            var node = fleet.nodes[index]
            node.uid = "uid-\(root)-again"
            node.url = fleet.nodes.first { $0.name != root && $0.role == .server }.map { other in
                "https://\(other.address.contains(":") ? "[\(other.address)]" : other.address):9345"
            }
            node.extraArguments = []
            node.rawArguments = nil
            world.replace(root, by: node)
        default:
            guard world.restarting[root] == nil else { return }
            fleet.traits.insert(.reroot)
            fleet.dead.insert(root)
            world.set(root, isReady: false)
        }
    }

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
            let wasCordoned = fleet.nodes.contains { $0.name == name && $0.isCordoned }
            if node.isCordoned, !wasCordoned { world.set(name, isCordoned: false) }
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
        let left = again.actions.map(\.sentence)
        if !left.isEmpty { violations.append("rule 5: a fleet at its end gets \(left)") }
        if again.status != world.snapshot.mirrors[0].status { violations.append("rule 5: the status is written again") }
        guard fleet.mirror.spec.mode == .enforce else {
            if !world.restarts.isEmpty { violations.append("rule 9: restarted under Observe") }
            return
        }
        if ready?.status == .true {
            checkShape()
            checkSettings()
        } else {
            checkExcuse()
        }
    }

    /// Whoever is at peace has no cycle that matters, and what was rewritten points to one root.
    private mutating func checkShape() {
        let nodes = world.snapshot.nodes
        let edges = SafetyRules.edges(nodes)
        let selected = Set(nodes.filter { $0.metadata.labels["fleet"] == nil }.map(\.metadata.name))
        let cyclic = SafetyRules.onCycles(edges).intersection(selected)
        if !cyclic.isEmpty, !fleet.traits.contains(.registryOff) {
            violations.append("rule 4: at the end \(cyclic.sorted()) are still in a cycle")
        }
        guard let root = world.snapshot.mirrors[0].status?.topology?.root, !fleet.traits.contains(.registryOff) else {
            return
        }
        let topology = fleet.mirror.spec.topology
        for object in world.snapshot.mirrorNodes where object.spec.desired?.server != nil {
            let name = object.spec.nodeName
            let url = nodes.first { $0.metadata.name == name }.flatMap {
                SafetyRules.lastServer(SafetyRules.argumentsText($0))
            }
            if name == root ? url == nil : url != nil && url == topology.registrationAddress { continue }
            let depth = Self.depth(of: name, root, edges)
            if topology.shape == .star ? depth != 1 : depth == nil {
                violations.append("rule 4: at the end \(name) does not lead to the root \(root)")
            }
        }
        checkFanout(edges)
        guard topology.rewrite == .always else { return }
        for node in nodes where isOrdinary(node) {
            let url = SafetyRules.lastServer(SafetyRules.argumentsText(node))
            if url != nil, url == topology.registrationAddress { continue }
            let depth = Self.depth(of: node.metadata.name, root, edges)
            if depth == nil || (topology.shape == .star && (depth ?? 0) > 1) {
                violations.append("rule 4: with Always \(node.metadata.name) is at its end not in the shape")
            }
        }
    }

    /// Whether a server is one that nobody keeps us from changing.
    private func isOrdinary(_ node: Node) -> Bool {
        let text = SafetyRules.argumentsText(node)
        return SafetyRules.isServer(node) && node.metadata.labels["fleet"] == nil && text.hasSuffix("]")
            && !text.contains("--datastore-endpoint")
            && (node.metadata.annotations["rke.cattle.io/x"] == nil
                || fleet.mirror.spec.rancher.managedNodes == .enforce)
    }

    private mutating func checkFanout(_ edges: [String: Set<String>]) {
        guard fleet.mirror.spec.topology.shape == .tree else { return }
        var children: [String: [String]] = [:]
        for (name, targets) in edges where targets.count == 1 {
            children[targets.first ?? "", default: []].append(name)
        }
        let wished = Set(world.snapshot.mirrorNodes.filter { $0.spec.desired?.server != nil }.map(\.spec.nodeName))
        let mayBeParents = world.snapshot.nodes.count { node in
            isOrdinary(node) && node.condition("EtcdIsVoter")?.status == "True"
                && node.metadata.annotations[AnnotationKey.exclude] == nil
                && !SafetyRules.argumentsText(node).contains("--disable-")
        }
        // Where hardly anybody may be a parent, or others take up room, there may not be enough of it.
        guard mayBeParents * 2 >= edges.count else { return }
        for (parent, names) in children where names.count > fleet.mirror.spec.topology.maxFanout {
            guard names.allSatisfy({ wished.contains($0) }) else { continue }
            violations.append("rule 4: at the end \(parent) has \(names.count) children")
        }
    }

    private static func depth(of name: String, _ root: String, _ edges: [String: Set<String>]) -> Int? {
        var (depth, current) = (0, name)
        while current != root {
            guard let next = edges[current], next.count == 1, depth <= edges.count else { return nil }
            current = next.first ?? root
            depth += 1
        }
        return depth
    }

    /// Whoever is at peace has the registries that are asked for, and no debug log of ours beyond its time.
    private mutating func checkSettings() {
        let spec = fleet.mirror.spec
        // Without a server that can be read it is not known whether the embedded registry is on.
        let isKnown = world.snapshot.nodes.contains {
            SafetyRules.argumentsText($0).contains("\"--embedded-registry\"")
        }
        for object in world.snapshot.mirrorNodes {
            if object.spec.desired?.debug == true {
                violations.append("\(object.metadata.name) logs at the level debug")
            }
            let node = world.snapshot.nodes.first { $0.metadata.name == object.spec.nodeName }
            guard isKnown, !fleet.traits.contains(.registryOff), let host = object.status?.agent?.host?.registries,
                node.map({ SafetyRules.argumentsText($0).hasSuffix("]") }) == true,
                node?.metadata.annotations["rke.cattle.io/x"] == nil
            else { continue }
            if !Set(spec.registries).isSubset(of: host) {
                violations.append("\(object.metadata.name) lacks registries")
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
            "ParentNotReady": !fleet.dead.isEmpty,
            "NodeNotReady": !fleet.dead.isEmpty,
            // It went away for good before its step was proven.
            "ProgressDeadlineExceeded": fleet.traits.contains(.reroot),
            "ServerCordoned": fleet.nodes.contains { $0.role == .agent && $0.isCordoned }
                && fleet.traits.contains(.registries),
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
