import KubeCore
import MirrorAPI
import Synchronization

@testable import MirrorPlanner

/// A cluster with pods of the fifth provider, as a history of faults has its seeds; what is decided there is decided by
/// the planner over that cluster, and each write is carried out on the pods.
final class FifthWorld: Sendable {
    private let violations = Mutex<[String]>([])
    private let moves = Mutex<Int>(0)
    private let first = Mutex<[(plan: Plan, snapshot: Snapshot, pods: [Pod])]>([])

    /// What went wrong between a decision and its writes.
    var found: [String] { violations.withLock { $0 } }
    /// How many seeds were carried in or out.
    var moved: Int { moves.withLock { $0 } }

    /// The first plans that moved a seed, with what they were made from.
    var plans: [(plan: Plan, snapshot: Snapshot, pods: [Pod])] { first.withLock { $0 } }

    /// The decision of the planner, which knows the provider by nothing but its rules.
    func decide(_ input: CandidateInput) -> CandidateDecision {
        let (plan, snapshot, rules) = Self.plan(input)
        guard let decision = plan.candidates else {
            violations.withLock { $0.append("no decision") }
            return CandidatePlanner.decide(input)
        }
        check(plan, decision, snapshot, rules.pods)
        if decision.changes.contains(where: { $0.purpose?.isMove == true }) {
            first.withLock { if $0.count < 100 { $0.append((plan, snapshot, rules.pods)) } }
        }
        return decision
    }

    /// The plan over a cluster that has these seeds, with what it was made from.
    static func plan(_ input: CandidateInput) -> (Plan, Snapshot, FifthRules) {
        let rules = FifthRules(pods: input.seeds.compactMap(pod), input: input)
        var mirror = P2PMirror(
            metadata: ObjectMeta(name: FifthRules.mirror, uid: "uid", resourceVersion: "1", generation: 1),
            spec: P2PMirrorSpec(provider: .spegel, mode: .enforce)
        )
        mirror.status = P2PMirrorStatus(observedGeneration: 1, conditions: [])
        mirror.status?.candidates = input.memory.candidates
        mirror.status?.evictions = input.memory.evictions
        mirror.status?.storm = input.memory.storm
        let snapshot = Snapshot(
            now: input.now.timestamp,
            mirrors: [mirror],
            nodes: [],
            mirrorNodes: input.seeds.map(record)
        )
        let plan = Planner.plan(
            mirror: FifthRules.mirror,
            snapshot,
            validator: { _ in [] },
            rules: { _ in rules }
        )
        return (plan ?? Plan(mirror: FifthRules.mirror, status: P2PMirrorStatus()), snapshot, rules)
    }

    private static func pod(of seed: Seed) -> Pod? {
        var annotations: [String: String] = [:]
        switch seed.lever {
        case .published: annotations[FifthRules.serves] = "yes"
        case .withdrawn(let isOurs):
            annotations[FifthRules.serves] = "no"
            if isOurs { annotations[AnnotationKey.evictedBy] = FifthRules.mirror }
        case .gone: return nil
        }
        return Pod(
            metadata: ObjectMeta(
                name: "fifth-\(seed.name)",
                namespace: FifthRules.namespace,
                uid: "uid-\(seed.name)",
                resourceVersion: "1",
                labels: ["app": "fifth"],
                annotations: annotations
            ),
            spec: Pod.Spec(nodeName: seed.name),
            status: Pod.Status(phase: "Running")
        )
    }

    private static func record(of seed: Seed) -> MirrorNode {
        MirrorNode(
            metadata: ObjectMeta(
                name: Names.mirrorNode(mirror: FifthRules.mirror, node: seed.name),
                resourceVersion: "1"
            ),
            spec: MirrorNodeSpec(
                mirrorName: FifthRules.mirror,
                nodeName: seed.name,
                nodeUID: "uid",
                provider: .spegel,
                role: .agent
            ),
            status: MirrorNodeStatus(candidate: seed.record)
        )
    }

    // MARK: Carrying it out

    /// Each change of the decision is one write, in its order; on the pods they come to what was decided.
    private func check(_ plan: Plan, _ decision: CandidateDecision, _ snapshot: Snapshot, _ pods: [Pod]) {
        var found: [String] = []
        let wanted = decision.changes.compactMap(\.purpose)
        if plan.writes.map(\.purpose) != wanted { found.append("writes: \(plan.writes.map(\.sentence)) for \(wanted)") }
        let lines = PlanText(plan).lines.count { $0.hasPrefix("  would: ") }
        if lines != plan.writes.count { found.append("\(lines) lines are printed of \(plan.writes.count) writes") }
        var pods = Dictionary(pods.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for write in plan.writes {
            guard case .json(let operations) = write.body else { continue }
            guard var pod = pods[write.target.key], write.version == pod.metadata.resourceVersion,
                operations.allSatisfy({ pod.metadata.patch($0) })
            else {
                found.append("refused: \(write.sentence)")
                continue
            }
            pods[write.target.key] = pod
            moves.withLock { $0 += 1 }
            if case .withdrawSeed = write.purpose, !Self.isLooked(at: write, decision) {
                found.append("leaves without a look: \(write.sentence)")
            }
        }
        let published = pods.values.filter { FifthRules.lever(of: $0) == .published }.compactMap(\.spec.nodeName)
        if published.sorted() != decision.published {
            found.append("published are \(published.sorted()) instead of \(decision.published)")
        }
        violations.withLock { $0 += found }
    }

    private static func isLooked(at write: Write, _ decision: CandidateDecision) -> Bool {
        guard case .set(let look) = write.evidence else { return false }
        return decision.changes.contains(.confirm(look.check))
    }
}

extension SetChange {
    /// The purpose of its write; nil where it is none of its own.
    fileprivate var purpose: Write.Purpose? {
        switch self {
        case .recordSet: .recordSet
        case .recordSeed(let seed, let record): .recordSeed(seed, record)
        case .publish(let seed, _): .publishSeed(seed)
        case .withdraw(let seed, _): .withdrawSeed(seed)
        case .confirm: nil
        }
    }
}

extension Write.Purpose {
    fileprivate var isMove: Bool {
        switch self {
        case .publishSeed, .withdrawSeed: true
        default: false
        }
    }
}
