import KubeCore
import MirrorAPI
import MirrorPlanner

/// Seeds that are all well, and the means to make them ill.
enum CandidateFixture {
    static let start = Timestamp(seconds: 1_800_000_000)

    static func settings(_ change: (inout P2PMirrorSpec) -> Void = { _ in }) -> CandidateSettings {
        var spec = P2PMirrorSpec(provider: .rke2)
        change(&spec)
        return CandidateSettings(spec)
    }

    static func seed(_ number: Int, _ change: (inout Seed) -> Void = { _ in }) -> Seed {
        var seed = Seed(name: "seed-\(number)", evidence: Evidence(node: NodeEvidence()))
        change(&seed)
        return seed
    }

    static func seeds(_ count: Int) -> [Seed] { (1...count).map { seed($0) } }

    static func ill(_ type: String) -> NodeEvidence {
        NodeEvidence(
            isReady: type != "Ready",
            complaints: [.init(type: type, status: type == "Ready" ? "False" : "True")]
        )
    }
}

/// Decisions one after another over seeds that are set by hand, each carried out at once.
struct CandidateTimeline {
    var seeds: [Seed]
    var settings: CandidateSettings
    var memory = CandidateInput.Memory()
    var hold = CandidateInput.Hold.none
    var stale: [Signal: String] = [:]
    var releasedUntil: Timestamp?
    var trust = SignalTrust(since: CandidateFixture.start)
    private(set) var now = 0
    private(set) var decision: CandidateDecision
    /// Times at which the set changed, with the change.
    private(set) var changes: [(at: Int, name: String, isIn: Bool)] = []
    /// Writes of a seed's record.
    private(set) var records = 0

    init(_ seeds: [Seed], _ settings: CandidateSettings = CandidateFixture.settings()) {
        self.seeds = seeds
        self.settings = settings
        decision = CandidatePlanner.decide(
            CandidateInput(
                now: MicroTimestamp(CandidateFixture.start),
                settings: settings,
                seeds: [],
                trust: SignalTrust(since: CandidateFixture.start)
            )
        )
    }

    var time: Timestamp { CandidateFixture.start + now }

    subscript(_ number: Int) -> Seed {
        get { seeds[number - 1] }
        set { seeds[number - 1] = newValue }
    }

    func record(_ number: Int) -> MirrorNodeStatus.Candidate? { seeds[number - 1].record }

    func state(_ number: Int) -> CandidateState { record(number)?.state ?? .healthy }

    mutating func decide() {
        decision = CandidatePlanner.decide(
            CandidateInput(
                now: MicroTimestamp(time),
                settings: settings,
                seeds: seeds,
                memory: memory,
                trust: trust,
                stale: stale,
                hold: hold,
                stormsReleasedUntil: releasedUntil
            )
        )
        trust = decision.trust
        for effect in decision.changes {
            switch effect {
            case .recordSet: memory = decision.memory
            case .recordSeed(let name, let record):
                records += 1
                change(name) { $0.record = record }
            case .publish(let name, _):
                changes.append((now, name, true))
                change(name) { $0.lever = .published }
            case .withdraw(let name, _):
                changes.append((now, name, false))
                change(name) { $0.lever = .withdrawn(isOurs: true) }
            case .confirm: break
            }
        }
    }

    private mutating func change(_ name: String, _ change: (inout Seed) -> Void) {
        guard let index = seeds.firstIndex(where: { $0.name == name }) else { return }
        change(&seeds[index])
    }

    /// Decides now and at every deadline until then, and then.
    mutating func advance(to end: Int) {
        while now < end {
            decide()
            now = min(end, max(now + 1, Int(decision.nextDeadline.seconds - CandidateFixture.start.seconds)))
        }
        decide()
        decide()
    }
}
