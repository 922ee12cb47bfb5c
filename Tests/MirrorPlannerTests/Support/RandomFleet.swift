import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// A fleet made from a seed, with what is odd about it.
struct RandomFleet {
    enum Trait: String, CaseIterable {
        case cycle, guardListNode, loadBalancer, notReadyServer, unknownArguments, unselected, managed, observe, manual,
            big
        case mixedVersions, registryOff, ipv6, k3s, silentAgent, foreignRoot
        case tree, always, zones, address, window, registries, debug, restore, reroot, oldAgents, lostRoot, newRoot
    }

    var mirror: P2PMirror
    var nodes: [TestNode] = []
    var traits: Set<Trait> = []
    /// Servers that stay NotReady for good.
    var dead: Set<String> = []
    var silent: Set<String> = []
    /// Nodes whose agents say nothing of their hosts.
    var old: Set<String> = []

    /// A fleet that is made by hand.
    init(_ mirror: P2PMirror, _ nodes: [TestNode]) {
        self.mirror = mirror
        self.nodes = nodes
    }

    init(_ dice: inout Dice) {
        mirror = Fixture.mirror()
        let isK3s = dice.roll(30)
        if isK3s { traits.insert(.k3s) }
        mirror.spec.provider = isK3s ? .k3s : .rke2
        let isBig = dice.roll(1)
        let count = isBig ? 10 + dice.below(30) : 1 + dice.below(9)
        if isBig { traits.insert(.big) }
        let isIPv6 = dice.roll(10)
        if isIPv6 { traits.insert(.ipv6) }
        let version = Self.version(&dice)
        let isMixed = dice.roll(10)
        if isMixed { traits.insert(.mixedVersions) }
        let isRegistryOn = dice.roll(92)
        if !isRegistryOn { traits.insert(.registryOff) }
        for number in 1...count {
            var node = TestNode("server-\(number)", nil, address: isIPv6 ? "fd00::\(number)" : "10.0.0.\(number)")
            node.program = isK3s ? "k3s" : "rke2"
            node.version = (isMixed ? Self.version(&dice) : version) + (isK3s ? "+k3s1" : "+rke2r1")
            node.registry = isRegistryOn
            node.created = 1_000 + dice.below(5)
            nodes.append(node)
        }
        layEdges(&dice)
        makeOdd(&dice)
        configure(&dice)
        widen(&dice)
        for number in 0..<dice.below(traits.contains(.registries) ? 6 : 3) {
            var agent = TestNode.agent("agent-\(number)", nodes[0].url ?? Fixture.url(1))
            agent.program = nodes[0].program
            agent.version = nodes[0].version
            if dice.roll(10) { agent.isCordoned = true }
            nodes.append(agent)
        }
        if traits.contains(.oldAgents) { old = Set(nodes.filter { _ in dice.roll(50) }.map(\.name)) }
        if !SafetyRules.onCycles(SafetyRules.edges(nodes.map(\.node))).isEmpty { traits.insert(.cycle) }
    }

    private static func version(_ dice: inout Dice) -> String {
        dice.pick([
            "v1.32.3", "v1.31.7", "v1.30.10", "v1.29.15", "v1.32.4", "v1.33.1", "v1.31.5", "v1.33.7", "v1.29.15-dev",
        ])
    }

    // MARK: Edges

    private mutating func layEdges(_ dice: inout Dice) {
        let count = nodes.count
        let pattern = dice.below(9)
        // A cycle of the first few, with the others hanging from anything before them.
        let ring = 1 + dice.below(count)
        for index in 0..<count {
            switch pattern {
            case 0: break
            case 1: point(index, to: index == 0 ? nil : 0, &dice)
            case 2: point(index, to: index == 0 ? nil : index - 1, &dice)
            case 3, 4: point(index, to: index < ring ? (index + 1) % ring : dice.below(index), &dice)
            case 5:
                point(index, to: index < ring ? (index + 1) % ring : ring + (index - ring + 1) % (count - ring), &dice)
            case 6: point(index, to: dice.roll(20) ? nil : dice.below(count), &dice)
            case 7: point(index, to: index == 0 ? nil : dice.below(index), &dice)
            default: balance(index, &dice)
            }
        }
    }

    private mutating func point(_ index: Int, to target: Int?, _ dice: inout Dice) {
        guard let target else { return }
        let address = nodes[target].address
        let host = address.contains(":") ? "[\(address)]" : dice.roll(15) ? nodes[target].name.uppercased() : address
        let port = dice.roll(5) ? 8_443 : nodes[target].program == "k3s" ? 6_443 : 9_345
        nodes[index].url = "https://\(host):\(port)"
    }

    private mutating func balance(_ index: Int, _ dice: inout Dice) {
        traits.insert(.loadBalancer)
        if index > 0 || dice.roll(50) { nodes[index].url = "https://lb.example.com:9345" }
    }

    // MARK: Oddities

    private mutating func makeOdd(_ dice: inout Dice) {
        for index in nodes.indices {
            if dice.roll(5) {
                mark(index, .guardListNode) {
                    $0.extraArguments = ["--disable-etcd"]; $0.isVoter = nil
                }
            }
            if dice.roll(3) { mark(index, .guardListNode) { $0.extraArguments = ["--disable-apiserver=true"] } }
            if dice.roll(4) { mark(index, .guardListNode) { $0.isVoter = false } }
            if dice.roll(2) { mark(index, .unknownArguments) { $0.rawArguments = .some(nil) } }
            if dice.roll(2) { mark(index, .unknownArguments) { $0.rawArguments = "[\"server\",\"--server\"" } }
            if dice.roll(5) { mark(index, .unselected) { $0.labels["fleet"] = "other" } }
            if dice.roll(3) { mark(index, .managed) { $0.annotations["rke.cattle.io/x"] = "y" } }
            if dice.roll(5) { mark(index, .notReadyServer) { $0.isReady = false } }
            if dice.roll(3) { nodes[index].annotations[AnnotationKey.exclude] = "spinning disk" }
            if !nodes[index].isReady, dice.roll(40) { dead.insert(nodes[index].name) }
            if dice.roll(1) {
                traits.insert(.silentAgent)
                silent.insert(nodes[index].name)
            }
        }
        guard dice.roll(3) else { return }
        for index in nodes.indices {
            mark(index, .guardListNode) {
                $0.extraArguments = ["--datastore-endpoint", "********"]; $0.isVoter = nil
            }
            nodes[index].labels["no-etcd"] = "true"
        }
    }

    // MARK: What else a mirror can ask for

    private mutating func widen(_ dice: inout Dice) {
        if dice.roll(40) {
            traits.insert(.tree)
            mirror.spec.topology.shape = .tree
            mirror.spec.topology.maxFanout = 2 + dice.below(3)
        }
        if dice.roll(25) {
            traits.insert(.always)
            mirror.spec.topology.rewrite = .always
        }
        if dice.roll(40) {
            traits.insert(.zones)
            for index in nodes.indices where dice.roll(90) { nodes[index].zone = dice.pick(["a", "b", "c"]) }
        }
        if dice.roll(10) {
            traits.insert(.address)
            mirror.spec.topology.registrationAddress = "https://lb.example.com:9345"
            for index in nodes.indices where dice.roll(97) {
                nodes[index].extraArguments += ["--tls-san", "lb.example.com"]
            }
        }
        if dice.roll(12) {
            traits.insert(.window)
            mirror.spec.rollout.window = .init(
                days: Weekday.allCases.filter { _ in dice.roll(40) },
                start: dice.pick(["22:00", "08:00", "07:30"]),
                end: dice.pick(["02:30", "23:00", "09:15"]),
                utcOffsetMinutes: dice.pick([0, 330, -480])
            )
        }
        mirror.spec.topology.rerootAfterSeconds = dice.pick([60, 600, 3_600])
        if dice.roll(15) {
            traits.insert(.registries)
            mirror.spec.registries = dice.pick([["docker.io"], ["docker.io", "quay.io"], ["registry.k8s.io"]])
        }
        if dice.roll(10) { extend(&dice) }
    }

    private mutating func extend(_ dice: inout Dice) {
        traits.insert(.debug)
        let end = Fixture.now + dice.pick([-5, 60, 900])
        if mirror.spec.provider == .k3s { mirror.spec.k3s = mirror.spec.k3s ?? .init() }
        if mirror.spec.provider == .rke2 { mirror.spec.rke2 = mirror.spec.rke2 ?? .init() }
        mirror.spec.k3s?.debugUntil = end
        mirror.spec.rke2?.debugUntil = end
        for index in nodes.indices where dice.roll(10) { nodes[index].extraArguments += ["--debug", "true"] }
        if dice.roll(50) {
            traits.insert(.restore)
            mirror.spec.deletionPolicy = .restore
        }
        if dice.roll(30) { traits.insert(.oldAgents) }
    }

    private mutating func mark(_ index: Int, _ trait: Trait, _ change: (inout TestNode) -> Void) {
        traits.insert(trait)
        change(&nodes[index])
    }

    private mutating func configure(_ dice: inout Dice) {
        mirror.spec.selector = LabelSelector(
            matchExpressions: [.init(key: "fleet", operator: .notIn, values: ["other"])]
        )
        if dice.roll(10) {
            mirror.spec.mode = .observe
            traits.insert(.observe)
        }
        if dice.roll(5) {
            mirror.spec.rollout.approval = .manual
            traits.insert(.manual)
        }
        mirror.spec.rollout.allowControlPlaneOutage = dice.roll(60)
        mirror.spec.rollout.minReadySeconds = dice.pick([0, 30])
        if dice.roll(20) {
            mirror.spec.topology.preferredRoots = [dice.pick(nodes).name, "server-99"]
            traits.insert(.foreignRoot)
        }
        if dice.roll(10) { mirror.spec.rke2 = .init(managedNodes: .enforce) }
        if mirror.spec.provider == .k3s, mirror.spec.rke2 != nil {
            mirror.spec.rke2 = nil
            mirror.spec.k3s = .init(managedNodes: .enforce)
        }
    }
}
