import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

/// A planner of candidate sets with a fault in it, and the rule that must find it.
struct SetDefect: CustomTestStringConvertible, Sendable {
    var name: String
    /// What a violation must begin with.
    var finding: String
    var failPercent = 3
    /// How the faulty planner sees the world.
    var sight: @Sendable (inout CandidateInput) -> Void = { _ in }
    /// What the faulty planner makes of the right decision.
    var act: @Sendable (inout CandidateDecision, CandidateInput) -> Void = { _, _ in }

    var testDescription: String { name }

    func violations(
        seed: UInt64,
        rules: (any ProviderRules)? = nil,
        decide: @escaping FleetHistory.Decide = CandidatePlanner.decide
    ) -> [String] {
        var history = FleetHistory(seed: seed, rules: rules)
        history.failPercent = failPercent
        history.decide = { input in
            var seen = input
            sight(&seen)
            var decision = decide(seen)
            act(&decision, input)
            return decision
        }
        history.run()
        return history.violations
    }

    static let all = set + doubt + time + hands

    private static let set = [
        SetDefect(
            name: "knows no floor",
            finding: "rule 1:",
            sight: {
                $0.settings.candidates.minPublished = .number(0)
                $0.settings.leastPublished = 0
                $0.settings.candidates.maxUnhealthy = .percent(100)
            }
        ),
        SetDefect(
            name: "rounds the floor down",
            finding: "rule 1:",
            sight: { input in
                guard case .percent(let share) = input.settings.candidates.minPublished else { return }
                let total = input.seeds.count { $0.isMember }
                input.settings.candidates.minPublished = .number(total * share / 100)
                input.settings.candidates.maxUnhealthy = .percent(100)
            }
        ),
        SetDefect(
            name: "counts as published what it has only asked for",
            finding: "rule 1:",
            failPercent: 30,
            sight: { $0.settings.candidates.maxUnhealthy = .percent(100) },
            act: { decision, input in
                let waiting = decision.held.filter {
                    $0.guardian.reason == .minPublished || $0.guardian.reason == .growsFirst
                }
                guard let first = waiting.first, decision.changes.contains(where: SetDefect.isPublish) else { return }
                decision.changes += [.recordSet, .withdraw(first.seed, first.cause)]
            }
        ),
        SetDefect(
            name: "sees no storm",
            finding: "storm:",
            sight: { $0.settings.candidates.maxUnhealthy = .percent(100) }
        ),
        SetDefect(
            name: "forgets a storm as soon as it is over",
            finding: "storm:",
            sight: { $0.memory.storm = nil }
        ),
        SetDefect(
            name: "forgets who left within the minute",
            finding: "rate:",
            sight: { $0.memory.candidates?.withdrawals = nil }
        ),
        SetDefect(
            name: "does not look whom servers can ask",
            finding: "rule 6:",
            sight: { input in
                for index in input.seeds.indices { input.seeds[index].isServer = false }
                input.settings.candidates.maxUnhealthy = .percent(100)
            }
        ),
        SetDefect(
            name: "lets go while it takes in",
            finding: "grow first:",
            act: { decision, _ in
                guard let first = decision.held.first(where: { $0.guardian.reason == .growsFirst }) else { return }
                decision.changes += [.recordSet, .withdraw(first.seed, first.cause)]
            }
        ),
        SetDefect(
            name: "acts before it writes down",
            finding: "record first:",
            act: { decision, _ in decision.changes.sort { SetDefect.isWithdraw($0) && !SetDefect.isWithdraw($1) } }
        ),
    ]

    private static let doubt = [
        SetDefect(
            name: "does not hear that the nodes are out of date",
            finding: "rule 7: acts on nodes",
            sight: { $0.stale[.nodes] = nil }
        ),
        SetDefect(
            name: "takes its own blindness for failing probes",
            finding: "rule 7:",
            // Seeds that do not exist answer all probes.
            sight: { input in
                let passing = input.seeds.flatMap(\.evidence.probes).first.map { reading in
                    var reading = reading
                    reading.lastError = nil
                    reading.isFailing = false
                    return reading
                }
                guard let passing else { return }
                input.settings.candidates.maxUnhealthy = .percent(100)
                for number in 0..<input.seeds.count * 2 {
                    let evidence = Evidence(node: NodeEvidence(), probes: [passing])
                    input.seeds.append(
                        Seed(
                            name: "none-\(number)",
                            isServer: false,
                            lever: .withdrawn(isOurs: false),
                            evidence: evidence
                        )
                    )
                }
            }
        ),
        SetDefect(
            name: "takes a watch that has stopped for silent seeds",
            finding: "rule 7:",
            sight: { input in
                input.stale[.announcements] = nil
                input.settings.candidates.maxUnhealthy = .percent(100)
                // As if all but one were heard.
                let now = Moment(input.now).begins
                for index in input.seeds.indices.dropFirst() {
                    input.seeds[index].evidence.announcement?.heardAt = now
                }
            }
        ),
    ]

    private static let time = [
        SetDefect(
            name: "does not wait for a soft cause",
            finding: "too soon:",
            sight: { $0.settings.candidates.unhealthyForSeconds = 0 }
        ),
        SetDefect(
            name: "readmits at once",
            finding: "too soon:",
            sight: { $0.settings.candidates.healthyForSeconds = 0 }
        ),
        SetDefect(
            name: "forgets its records",
            finding: "too soon:",
            sight: { input in
                for index in input.seeds.indices where input.seeds[index].isOut {
                    input.seeds[index].record?.state = .probation
                    input.seeds[index].record?.until = nil
                }
            }
        ),
        SetDefect(
            name: "takes nobody back",
            finding: "seed-",
            act: { decision, _ in decision.changes.removeAll(where: SetDefect.isPublish) }
        ),
        SetDefect(
            name: "writes on every pass",
            finding: "not at its end",
            act: { decision, _ in decision.changes.append(.recordSet) }
        ),
    ]

    private static let hands = [
        SetDefect(
            name: "does not see that it is paused",
            finding: "rule 9: acts under",
            sight: { $0.hold = .none }
        ),
        SetDefect(
            name: "takes every label for its own",
            finding: "rule 9:",
            sight: { input in
                for index in input.seeds.indices where input.seeds[index].lever == .withdrawn(isOurs: false) {
                    input.seeds[index].lever = .withdrawn(isOurs: true)
                }
            }
        ),
        SetDefect(
            name: "does not see an exclusion",
            finding: "rule 9:",
            sight: { input in
                for index in input.seeds.indices { input.seeds[index].evidence.node?.exclusion = nil }
            }
        ),
    ]

    private static func isPublish(_ effect: SetChange) -> Bool {
        if case .publish = effect { true } else { false }
    }

    private static func isWithdraw(_ effect: SetChange) -> Bool {
        if case .withdraw = effect { true } else { false }
    }
}

@Suite("Each rule of a candidate set finds the defect that is planted for it")
struct CandidateDefectTests {
    @Test("A planted defect is found", arguments: SetDefect.all)
    func planted(_ defect: SetDefect) {
        let found = (0..<6_000).first { seed in
            defect.violations(seed: UInt64(seed)).contains { $0.hasPrefix(defect.finding) }
        }
        #expect(found != nil, "no history of 6,000 shows \"\(defect.finding)\"")
    }
}
