import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A fifth provider, of which shared code knows nothing")
struct FifthProviderTests {
    @Test("Its set keeps all rules through histories of faults, and its writes are what was decided", arguments: 0..<4)
    func histories(_ block: UInt64) async throws {
        let world = FifthWorld()
        for seed in block * 300..<block * 300 + 300 {
            var history = FleetHistory(seed: seed, provider: .spegel, rules: FifthRules())
            history.decide = world.decide
            history.run()
            let found = (history.violations + world.found).prefix(3).joined(separator: "; ")
            #expect(found.isEmpty, "seed \(seed): \(found)")
        }
        #expect(world.moved > 300, "\(world.moved) seeds came or left")
        var sent = SentWrites()
        for (plan, snapshot, pods) in world.plans {
            try await sent.check(plan, snapshot, published: pods.map(\.metadata))
        }
        for purpose in ["recordSet", "recordSeed", "withdrawSeed", "publishSeed"] {
            #expect(sent.counts[purpose] ?? 0 > 0, "\(purpose) in \(sent.counts)")
        }
    }

    @Test("Each defect that is planted into its planner is found", arguments: SetDefect.all)
    func planted(_ defect: SetDefect) {
        let world = FifthWorld()
        let found = (0..<6_000).first { seed in
            defect.violations(seed: seed, rules: FifthRules(), decide: world.decide)
                .contains { $0.hasPrefix(defect.finding) }
        }
        #expect(found != nil, "no history of 6,000 shows \"\(defect.finding)\"")
    }

    @Test("Its eviction is printed, and sent as it is printed")
    func eviction() async throws {
        var seeds = CandidateFixture.seeds(4)
        seeds[3].evidence.node = CandidateFixture.ill("DiskPressure")
        let input = CandidateInput(
            now: MicroTimestamp(CandidateFixture.start + 3_600),
            settings: CandidateSettings(P2PMirrorSpec(provider: .spegel), FifthRules()),
            seeds: seeds,
            trust: SignalTrust(since: CandidateFixture.start)
        )
        let (plan, snapshot, rules) = FifthWorld.plan(input)
        let lines = PlanText(plan).lines.filter { $0.hasPrefix("  would: take") }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("seed-4 out of the candidate set (Pod fifth-system/fifth-seed-4)") == true)
        var sent = SentWrites()
        try await sent.check(plan, snapshot, published: rules.pods.map(\.metadata))
        #expect(sent.counts["withdrawSeed"] == 1)
        #expect(sent.counts["recordSet"] == 1)
    }

    @Test("The live look counts the pods that serve, and no others")
    func look() {
        var seeds = CandidateFixture.seeds(3)
        seeds[1].lever = .withdrawn(isOurs: true)
        let (_, snapshot, rules) = FifthWorld.plan(
            CandidateInput(
                now: MicroTimestamp(CandidateFixture.start),
                settings: CandidateFixture.settings(),
                seeds: seeds,
                trust: SignalTrust(since: CandidateFixture.start)
            )
        )
        let query = rules.publishedSeeds(of: snapshot.mirrors[0], snapshot)
        #expect(query.names(rules.pods.map(\.metadata)) == ["seed-1", "seed-3"])
    }
}
