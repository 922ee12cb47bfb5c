import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A fleet whose whole rollout is written down, every decision with its reason.
struct GoldenCase: CustomTestStringConvertible {
    var name: String
    var nodes: [TestNode]
    var change: @Sendable (inout P2PMirrorSpec) -> Void = { _ in }
    /// What happens to the world after so many restarts, once for each.
    var events: [Int: @Sendable (inout World) -> Void] = [:]

    var testDescription: String { name }

    static let all =
        [
            GoldenCase(name: "ring-of-three", nodes: Fixture.servers([3, 1, 2])),
            GoldenCase(name: "ring-with-tails", nodes: Fixture.servers([3, 1, 2, 2, 4, 5])),
            GoldenCase(name: "two-rings", nodes: Fixture.servers([2, 1, 4, 5, 3])),
            GoldenCase(
                name: "load-balancer",
                nodes: ["server-1", "server-2", "server-3"].map { .server($0, "https://lb.example.com:9345") }
            ),
            GoldenCase(
                name: "guard-list-node-in-the-ring",
                nodes: Fixture.servers([3, 1, 2, 2]) { node in
                    guard node.name == "server-1" else { return }
                    node.extraArguments = ["--disable-apiserver"]
                }
            ),
        ] + trees + roots + settings

    private static func zoned(_ edges: [Int?], _ zones: String) -> [TestNode] {
        let letters = Array(zones)
        return Fixture.servers(edges).enumerated().map { index, node in
            var node = node
            node.zone = String(letters[index])
            return node
        }
    }

    @Sendable private static func treeOfTwo(_ spec: inout P2PMirrorSpec) {
        spec.topology.rewrite = .always
        spec.topology.shape = .tree
        spec.topology.maxFanout = 2
    }

    private static let trees = [
        GoldenCase(
            name: "ring-of-seven-to-a-tree-in-two-zones",
            nodes: zoned([2, 3, 4, 5, 6, 7, 1], "aaaabbb"),
            change: {
                $0.topology.shape = .tree
                $0.topology.maxFanout = 2
            }
        ),
        GoldenCase(
            name: "chain-of-five-to-a-star",
            nodes: Fixture.servers([nil, 1, 2, 3, 4]),
            change: { $0.topology.rewrite = .always }
        ),
        GoldenCase(
            name: "star-to-a-tree-and-back",
            nodes: zoned([nil, 1, 1, 1, 1, 1, 1], "aaaabbb"),
            change: treeOfTwo,
            events: [4: { $0.snapshot.mirrors[0].spec.topology.shape = .star }]
        ),
        GoldenCase(
            name: "tree-too-deep-to-a-tree",
            nodes: Fixture.servers([nil, 1, 1, 2, 4, 5, 3]),
            change: treeOfTwo
        ),
    ]

    private static let roots = [
        GoldenCase(
            name: "root-that-dies-in-mid-rollout",
            nodes: Fixture.servers([2, 3, 4, 5, 1]),
            change: { $0.topology.rerootAfterSeconds = 600 },
            events: [2: { $0.set("server-1", isReady: false) }, 5: { $0.set("server-1", isReady: true) }]
        ),
        GoldenCase(
            name: "root-made-anew-under-its-name",
            nodes: Fixture.servers([3, 1, 2, 2]),
            events: [
                2: { world in
                    var node = TestNode.server("server-2", Fixture.url(1))
                    node.uid = "another"
                    node.isVoter = false
                    world.replace("server-2", by: node)
                }
            ]
        ),
    ]

    private static let settings = [
        GoldenCase(
            name: "registries-and-a-debug-log-with-an-end",
            nodes: Fixture.servers([nil, 1, 1]) + [
                .agent("agent-1", Fixture.url(1)), .agent("agent-2", Fixture.url(1)) { $0.isCordoned = true },
            ],
            change: {
                $0.registries = ["docker.io", "quay.io"]
                $0.rke2 = .init(debugUntil: Fixture.now + 900)
            }
        ),
        GoldenCase(
            name: "registration-address-and-a-downgrade",
            nodes: Fixture.servers([3, 1, 2]) {
                $0.version = "v1.33.1+rke2r1"
                $0.extraArguments = ["--tls-san", "lb.example.com"]
            },
            change: { $0.topology.registrationAddress = "https://lb.example.com:9345" },
            events: [
                3: { world in
                    world.snapshot.nodes[1].status?.nodeInfo?.kubeletVersion = "v1.32.3+rke2r1"
                }
            ]
        ),
        GoldenCase(
            name: "ring-with-a-window",
            nodes: Fixture.servers([3, 1, 2]),
            change: { $0.rollout.window = .init(days: [.saturday], start: "23:59", end: "00:02", utcOffsetMinutes: 60) }
        ),
    ]
}

@Suite("The rollout of a fleet reads as it was written down")
struct GoldenTests {
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1"

    @Test("A transcript is unchanged; RECORD_GOLDEN=1 writes it anew", arguments: GoldenCase.all)
    func transcript(_ golden: GoldenCase) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/\(golden.name).txt")
        let transcript = Transcript(golden).text
        if Self.isRecording { try Data(transcript.utf8).write(to: file) }
        let recorded = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        #expect(transcript == recorded)
    }
}

/// Plays a rollout with agents that do at once what they may, and writes down what changes.
private struct Transcript {
    private var world: World
    private var dice = Dice(seed: 1)
    private var lines: [String] = []
    private var last: [String: String] = [:]
    private let start = Fixture.now

    init(_ golden: GoldenCase) {
        world = World(Fixture.snapshot(Fixture.mirror("embedded", golden.change), golden.nodes))
        var events = golden.events
        topology()
        for _ in 0..<300 {
            if world.restarting.isEmpty, let event = events.removeValue(forKey: world.restarts.count) {
                line("+\(world.snapshot.now - start) s")
                line("  event after \(world.restarts.count) \(world.restarts.count == 1 ? "restart" : "restarts")")
                event(&world)
            }
            guard let plan = Planner.plan(mirror: "embedded", world.snapshot) else { break }
            write(plan)
            world.carryOut(plan)
            let restarts = world.restarts.count
            let acted = world.runAgents(&dice)
            if world.restarts.count > restarts, let restart = world.restarts.last {
                line("  agent: restarts \(restart.node) for \(restart.revision)")
            }
            guard acted || !plan.actions.isEmpty || plan.nextDeadline != nil || !events.isEmpty else { break }
            let wait = acted || !plan.actions.isEmpty ? 5 : plan.nextDeadline.map { $0 - world.snapshot.now } ?? 5
            world.snapshot.now = world.snapshot.now + wait
        }
        topology()
        lines.append("restarts: \(world.restarts.count)")
    }

    var text: String { lines.joined(separator: "\n") + "\n" }

    private mutating func line(_ text: String) { lines.append(text) }

    private mutating func topology() {
        for node in world.snapshot.nodes {
            let parsed = RancherNode(node: node, distribution: .rke2)
            line("\(node.metadata.name) -> \(parsed.serverText)")
        }
    }

    private mutating func write(_ plan: Plan) {
        var told: [String] = []
        for type in ["Ready", "Stalled", "TopologyAcyclic"] {
            guard let condition = plan.status.conditions.first(ofType: type) else { continue }
            let text = "  \(type)=\(condition.status.rawValue) \(condition.reason): \(condition.message)"
            guard last[type] != text, type != "Stalled" || condition.status == .true else { continue }
            last[type] = text
            told.append(text)
        }
        guard !told.isEmpty || !plan.actions.isEmpty else { return }
        line("+\(world.snapshot.now - start) s")
        lines += told
        // What is cleared of a MirrorNode is part of what is made of it.
        for action in plan.actions where action.purpose != .clearMirrorNode { line("  do: \(describe(action))") }
    }

    private func describe(_ action: Write) -> String {
        let (name, reason, message) = (
            action.target.key.name, action.verdict.reason.rawValue, action.verdict.message
        )
        switch action.purpose {
        case .applyMirrorNode:
            guard let intent = action.mirrorNode else { return "" }
            let setting = intent.spec.desired?.server.map {
                $0.action == .clear ? "clear" : "point to \($0.url ?? "?")"
            }
            let registries = intent.spec.desired?.registries.map { "registries \($0.joined(separator: ", "))" }
            let debug = intent.spec.desired?.debug.map { "debug \($0)" }
            let wish = [setting, registries, debug].compactMap { $0 }.joined(separator: ", ")
            return
                "apply \(intent.name) \(intent.spec.revision ?? "without revision"): \(wish.isEmpty ? "no wish" : wish)"
        case .deleteMirrorNode: return "delete \(name): \(reason)"
        case .acquireDisruption(let holder): return "take the Lease for \(holder.identity)"
        case .approve(let approval):
            return
                "approve \(name) \(approval.revision), epoch \(approval.epoch), until +\(approval.expires - start) s: "
                + approval.reason
        case .withdrawApproval: return "withdraw \(name) \(reason): \(message)"
        case .releaseDisruption: return "give the Lease back, \(reason): \(message)"
        default: return action.sentence
        }
    }
}
