import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// A planner or an executor with a fault in it, and the rule that must find it.
struct Defect: CustomTestStringConvertible {
    var name: String
    var rule: Int
    /// Part of what the check must say.
    var finding: String
    var nodes: [TestNode] = Fixture.servers([3, 1, 2, 3, 4])
    var change: @Sendable (inout P2PMirrorSpec) -> Void = { _ in }
    var agentsIgnoreLease = false
    var oldAgents: Set<String> = []
    var failPercent = 4
    /// How the faulty planner sees the world.
    var sight: @Sendable (inout Snapshot) -> Void = { _ in }
    /// What the faulty planner makes of the right plan.
    var act: @Sendable (inout Plan, Snapshot) -> Void = { _, _ in }

    var testDescription: String { name }

    func run(seed: UInt64) -> FleetRun {
        var fleet = RandomFleet(Fixture.mirror("embedded", mode: .enforce, change), nodes)
        fleet.traits = [.cycle]
        fleet.old = oldAgents
        var run = FleetRun(fleet, Dice(seed: seed))
        run.failPercent = failPercent
        run.world.ignoresLease = agentsIgnoreLease
        run.plan = { name, snapshot in
            var seen = snapshot
            sight(&seen)
            guard var plan = Planner.plan(mirror: name, seen, validator: { _ in [] }) else { return nil }
            act(&plan, snapshot)
            return plan
        }
        run.run()
        return run
    }
}

@Suite("Each safety check finds the defect that is planted for it")
struct PlantedDefectTests {
    @Test("A planted defect is found", arguments: Defect.all)
    func defect(_ defect: Defect) {
        let found = (0..<200).contains { seed in
            defect.run(seed: UInt64(seed)).violations.contains {
                $0.hasPrefix("rule \(defect.rule):") && $0.contains(defect.finding)
            }
        }
        #expect(found, "no run of 200 showed rule \(defect.rule) broken")
    }

    @Test("The same fleets break no rule without the defect", arguments: Defect.all)
    func control(_ defect: Defect) {
        var sound = defect
        sound.sight = { _ in }
        sound.act = { _, _ in }
        for seed in 0..<3 { #expect(sound.run(seed: UInt64(seed)).violations.isEmpty, "seed \(seed)") }
    }
}

extension Defect {
    static var all: [Defect] { disruption + topology + doubt + trees }

    /// Two rings in two zones, so that the second one's servers hang below one that must be moved itself first.
    private static let twoRings: [TestNode] = Fixture.servers([2, 1, 4, 5, 6, 7, 8, 3]) { node in
        node.zone = ["server-1", "server-2"].contains(node.name) ? "a" : "b"
    }

    private static var trees: [Defect] {
        [
            Defect(
                name: "takes a server in a ring for one that leads to the root",
                rule: 4,
                finding: "no way leads to the root",
                nodes: twoRings,
                change: {
                    $0.topology.shape = .tree
                    $0.topology.maxFanout = 2
                },
                sight: { snapshot in
                    guard let index = snapshot.nodes.firstIndex(where: { $0.metadata.name == "server-3" }) else {
                        return
                    }
                    snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] =
                        TestNode.server("x", Fixture.url(1)).arguments
                }
            ),
            Defect(
                name: "does not count children",
                rule: 4,
                finding: "children",
                nodes: Fixture.servers([2, 3, 4, 5, 6, 7, 1]),
                change: {
                    $0.topology.shape = .tree
                    $0.topology.maxFanout = 2
                },
                sight: { $0.mirrors[0].spec.topology.maxFanout = 64 }
            ),
            Defect(
                name: "does not look at the window",
                rule: 9,
                finding: "outside the window",
                change: { $0.rollout.window = .init(start: "22:00", end: "22:30") },
                sight: { $0.mirrors[0].spec.rollout.window = nil }
            ),
            Defect(
                name: "takes every server that is away for one that is lost",
                rule: 2,
                finding: "is down",
                sight: { snapshot in
                    for index in snapshot.nodes.indices where !snapshot.nodes[index].isReady {
                        snapshot.nodes[index].status?.conditions?[0].lastTransitionTime = Timestamp(seconds: 0)
                    }
                }
            ),
            Defect(
                name: "wishes for the level debug for ever",
                rule: 9,
                finding: "level debug",
                change: { $0.rke2 = .init(debugUntil: Fixture.now + -5) },
                sight: { $0.mirrors[0].spec.rke2?.debugUntil = $0.now + 600 }
            ),
            Defect(
                name: "asks agents of an older release",
                rule: 7,
                finding: "may not know",
                change: { $0.registries = ["quay.io"] },
                oldAgents: ["server-2"],
                sight: { snapshot in
                    for index in snapshot.mirrorNodes.indices {
                        snapshot.mirrorNodes[index].status?.agent?.host = .init(registries: [])
                    }
                }
            ),
        ]
    }

    private static var disruption: [Defect] {
        [
            Defect(
                name: "takes every server for Ready",
                rule: 2,
                finding: "is down",
                sight: { snapshot in
                    for index in snapshot.nodes.indices {
                        snapshot.nodes[index].spec = nil
                        snapshot.nodes[index].status?.conditions = [
                            Node.Condition(type: "Ready", status: "True"),
                            Node.Condition(type: "EtcdIsVoter", status: "True"),
                        ]
                    }
                }
            ),
            Defect(
                name: "approves a second server with the first",
                rule: 2,
                finding: "may restart at once",
                act: { plan, snapshot in
                    guard let last = plan.writes.last, case .approve(let approval) = last.purpose,
                        let other = snapshot.mirrorNodes.first(where: {
                            $0.metadata.name != last.target.key.name && $0.spec.desired != nil
                        }), let revision = other.spec.revision
                    else { return }
                    var second = approval
                    second.revision = revision
                    let version = other.metadata.resourceVersion
                    plan.writes.append(
                        .approve(
                            name: other.metadata.name,
                            node: other.spec.nodeName,
                            resourceVersion: version,
                            second
                        )
                    )
                }
            ),
            Defect(
                name: "approves two servers whose agents do not look at the Lease",
                rule: 2,
                finding: "restart at once",
                agentsIgnoreLease: true,
                act: { plan, snapshot in
                    guard let last = plan.writes.last, case .approve(let approval) = last.purpose else { return }
                    for other in snapshot.mirrorNodes where other.metadata.name != last.target.key.name {
                        guard let revision = other.spec.revision else { continue }
                        var second = approval
                        second.revision = revision
                        let version = other.metadata.resourceVersion
                        plan.writes.append(
                            .approve(
                                name: other.metadata.name,
                                node: other.spec.nodeName,
                                resourceVersion: version,
                                second
                            )
                        )
                    }
                }
            ),
            Defect(
                name: "forgets that a revision failed",
                rule: 2,
                finding: "approved again",
                failPercent: 60,
                sight: { snapshot in
                    for index in snapshot.mirrorNodes.indices
                    where snapshot.mirrorNodes[index].status?.agent?.phase == .failed {
                        snapshot.mirrorNodes[index].status?.agent?.phase = .idle
                        snapshot.mirrorNodes[index].status?.agent?.revision = nil
                    }
                }
            ),
        ]
    }

    private static var topology: [Defect] {
        [
            Defect(
                name: "does not see disable-etcd",
                rule: 3,
                finding: "server-1",
                nodes: Fixture.servers([3, 1, 2, 1, 1]) { node in
                    if node.name == "server-1" { node.extraArguments = ["--disable-etcd"] }
                },
                sight: { snapshot in
                    for index in snapshot.nodes.indices {
                        let text = snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] ?? ""
                        snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] =
                            text.split(separator: "\"--disable-etcd\",").joined()
                    }
                }
            ),
            Defect(
                name: "does not see where the root points to",
                rule: 4,
                finding: "come into a cycle",
                nodes: Fixture.servers([2, 1, 1, 1]),
                change: { $0.topology.preferredRoots = ["server-3"] },
                sight: { snapshot in
                    guard let index = snapshot.nodes.firstIndex(where: { $0.metadata.name == "server-3" }) else {
                        return
                    }
                    snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] =
                        "[\"server\",\"--embedded-registry\"]"
                }
            ),
            Defect(
                name: "writes a MirrorNode on every pass",
                rule: 5,
                finding: "at its end gets",
                act: { plan, snapshot in
                    guard let object = snapshot.mirrorNodes.first else { return }
                    let owner = object.metadata.ownerReferences[0]
                    var spec = object.spec
                    spec.approval = nil
                    plan.records.append(
                        .applyMirrorNode(
                            MirrorNodeIntent(
                                name: object.metadata.name,
                                labels: object.metadata.labels,
                                owner: owner,
                                spec: spec
                            )
                        )
                    )
                }
            ),
        ]
    }

    private static var doubt: [Defect] {
        [
            Defect(
                name: "does not hear that information is stale",
                rule: 7,
                finding: "out of date",
                sight: { $0.staleness = nil }
            ),
            Defect(
                name: "guesses arguments that it cannot read",
                rule: 7,
                finding: "server-5 approved without its arguments",
                nodes: Fixture.servers([2, 3, 4, 1, nil]) { node in
                    if node.name == "server-5" {
                        node.rawArguments = "[\"server\",\"--server\",\"https://10.0.0.5:9345\""
                    }
                },
                sight: { snapshot in
                    for index in snapshot.nodes.indices {
                        let text = snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] ?? ""
                        if !text.hasSuffix("]") {
                            snapshot.nodes[index].metadata.annotations["rke2.io/node-args"] = text + "]"
                        }
                    }
                }
            ),
            Defect(
                name: "does not look at the selector",
                rule: 9,
                finding: "which is not selected",
                nodes: Fixture.servers([2, 3, 1, 4]) { node in
                    if node.name == "server-2" { node.labels["fleet"] = "other" }
                },
                change: {
                    $0.selector = LabelSelector(
                        matchExpressions: [.init(key: "fleet", operator: .notIn, values: ["other"])]
                    )
                },
                sight: { $0.mirrors[0].spec.selector = LabelSelector() }
            ),
            Defect(
                name: "does not see that it is paused",
                rule: 9,
                finding: "while paused",
                sight: { $0.mirrors[0].spec.pauseRequests = [] }
            ),
            Defect(
                name: "takes Observe for Enforce",
                rule: 9,
                finding: "under Observe",
                change: { $0.mode = .observe },
                sight: { $0.mirrors[0].spec.mode = .enforce }
            ),
        ]
    }
}
