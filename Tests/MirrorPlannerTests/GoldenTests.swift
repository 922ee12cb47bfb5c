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

    var testDescription: String { name }

    static let all = [
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
    ]
}

@Suite("The rollout of a fleet reads as it was written down")
struct GoldenTests {
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1"

    @Test("A transcript is unchanged; RECORD_GOLDEN=1 writes it anew", arguments: GoldenCase.all)
    func transcript(_ golden: GoldenCase) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/\(golden.name).txt")
        let transcript = Transcript(golden.nodes).text
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

    init(_ nodes: [TestNode]) {
        world = World(Fixture.snapshot(Fixture.mirror(), nodes))
        topology()
        for _ in 0..<80 {
            guard let plan = Planner.plan(mirror: "embedded", world.snapshot) else { break }
            write(plan)
            world.carryOut(plan)
            let restarts = world.restarts.count
            let acted = world.runAgents(&dice)
            if world.restarts.count > restarts, let restart = world.restarts.last {
                line("  agent: restarts \(restart.node) for \(restart.revision)")
            }
            guard acted || !plan.actions.isEmpty || plan.nextDeadline != nil else { break }
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
        for action in plan.actions { line("  do: \(describe(action))") }
    }

    private func describe(_ action: Action) -> String {
        switch action {
        case .applyMirrorNode(let intent):
            let setting = intent.spec.desired?.server.map {
                $0.action == .clear ? "clear" : "point to \($0.url ?? "?")"
            }
            return "apply \(intent.name) \(intent.spec.revision ?? "without revision"): \(setting ?? "no wish")"
        case .deleteMirrorNode(let name, _, let reason): return "delete \(name): \(reason.rawValue)"
        case .acquireDisruption(let holder, _): return "take the Lease for \(holder.identity)"
        case .approve(let name, _, let approval):
            return
                "approve \(name) \(approval.revision), epoch \(approval.epoch), until +\(approval.expires - start) s: "
                + approval.reason
        case .withdrawApproval(let name, _, let reason, let message):
            return "withdraw \(name) \(reason.rawValue): \(message)"
        case .releaseDisruption(_, let reason, let message):
            return "give the Lease back, \(reason.rawValue): \(message)"
        }
    }
}
