import KubeCore
import MirrorAPI
import MirrorPlanner

/// A fleet and what befalls it, by the second.
struct SetScenario: Sendable {
    struct Incident: Sendable {
        var at: Int
        var text: String
        var change: @Sendable (inout SeedFleet) -> Void
    }

    var name: String
    var seeds: [TrueSeed]
    var incidents: [Incident]
    var end: Int

    static func seeds(_ count: Int, zones: Int = 1) -> [TrueSeed] {
        (0..<count).map { TrueSeed("seed-\($0 + 1)", zone: "zone-\($0 % zones + 1)", phase: $0 % 30) }
    }

    private static func set(
        _ at: Int,
        _ text: String,
        _ isHit: @escaping @Sendable (Int) -> Bool,
        _ change: @escaping @Sendable (inout TrueSeed) -> Void
    ) -> Incident {
        Incident(at: at, text: text) { fleet in
            for index in fleet.seeds.indices where isHit(index) { change(&fleet.seeds[index]) }
        }
    }

    private static func released(_ at: Int) -> Incident {
        Incident(at: at, text: "an administrator releases the storm") { $0.releasedUntil = SeedFleet.time(at) }
    }

    static let all: [SetScenario] = disks + storms + zones + drains

    private static let disks = [
        SetScenario(
            name: "one-full-disk",
            seeds: seeds(3),
            incidents: [
                set(0, "the disk of seed-1 is 86 % full", { $0 == 0 }, { $0.diskPercent = 86 }),
                set(100, "the disk of seed-1 is 83 % full", { $0 == 0 }, { $0.diskPercent = 83 }),
                set(200, "the disk of seed-1 is 81 % full", { $0 == 0 }, { $0.diskPercent = 81 }),
            ],
            end: 400
        ),
        SetScenario(
            name: "all-bad",
            seeds: seeds(5),
            incidents: [
                set(0, "all are under DiskPressure", { _ in true }, { $0.hasDiskPressure = true }), released(600),
                set(1200, "none is under DiskPressure any more", { _ in true }, { $0.hasDiskPressure = false }),
            ],
            end: 1600
        ),
        SetScenario(
            name: "one-seed",
            seeds: seeds(1),
            incidents: [set(0, "seed-1 is under DiskPressure", { $0 == 0 }, { $0.hasDiskPressure = true })],
            end: 600
        ),
        SetScenario(name: "no-seed", seeds: [], incidents: [], end: 10),
        SetScenario(
            name: "two-seeds",
            seeds: seeds(2),
            incidents: [
                set(0, "seed-1 is under DiskPressure", { $0 == 0 }, { $0.hasDiskPressure = true }), released(600),
            ],
            end: 700
        ),
    ]

    private static let storms = [
        SetScenario(
            name: "storm",
            seeds: seeds(500, zones: 3),
            incidents: [
                set(0, "the daemons of 200 stop", { $0 % 5 < 2 }, { $0.isDaemonUp = false }),
                set(600, "they are back", { $0 % 5 < 2 }, { $0.isDaemonUp = true }),
            ],
            end: 1000
        ),
        SetScenario(
            name: "storm-released",
            seeds: seeds(500, zones: 3),
            incidents: [
                set(0, "the daemons of 200 stop", { $0 % 5 < 2 }, { $0.isDaemonUp = false }), released(600),
            ],
            end: 4010
        ),
        SetScenario(
            name: "blind-operator",
            seeds: seeds(500),
            incidents: [
                Incident(at: 0, text: "the operator's network is cut") { $0.isCutOff = true },
                Incident(at: 75, text: "a live read of nodes fails") { $0.stale = [.nodes: "no answer for 75 s"] },
                Incident(at: 600, text: "the network is back") { fleet in
                    fleet.isCutOff = false
                    fleet.stale = [:]
                },
            ],
            end: 700
        ),
    ]

    private static let zones = [
        SetScenario(
            name: "zone-lost",
            seeds: seeds(300, zones: 3),
            incidents: [
                set(0, "zone-1 is lost", { $0 % 3 == 0 }, { $0.isDaemonUp = false }),
                set(40, "its nodes are NotReady", { $0 % 3 == 0 }, { $0.isReady = false }),
                set(100, "the disk of seed-2 is 97 % full", { $0 == 1 }, { $0.diskPercent = 97 }),
                set(
                    1000,
                    "zone-1 is back",
                    { $0 % 3 == 0 },
                    {
                        $0.isDaemonUp = true
                        $0.isReady = true
                    }
                ),
            ],
            end: 1400
        ),
        SetScenario(
            name: "zone-of-one-lost",
            seeds: seeds(3, zones: 3),
            incidents: [
                set(0, "zone-1 is lost", { $0 == 0 }, { $0.isDaemonUp = false }),
                set(40, "its node is NotReady", { $0 == 0 }, { $0.isReady = false }),
                set(
                    600,
                    "zone-1 is back",
                    { $0 == 0 },
                    {
                        $0.isDaemonUp = true
                        $0.isReady = true
                    }
                ),
            ],
            end: 800
        ),
    ]

    private static let drains = [("half-drained", 5), ("six-of-ten-drained", 6)].map { name, count in
        SetScenario(
            name: name,
            seeds: seeds(10),
            incidents: [
                set(0, "\(count) are cordoned", { $0 < count }, { $0.isCordoned = true }),
                set(10, "they go down", { $0 < count }, { $0.isDaemonUp = false }),
                set(50, "their nodes are NotReady", { $0 < count }, { $0.isReady = false }),
                set(
                    300,
                    "they are back",
                    { $0 < count },
                    {
                        $0.isDaemonUp = true
                        $0.isReady = true
                    }
                ),
                set(320, "they are uncordoned", { $0 < count }, { $0.isCordoned = false }),
            ],
            end: 500
        )
    }
}

/// Plays a scenario: what the set is at each moment, and why.
struct SetPlay {
    struct Moment: Hashable {
        var published: Int
        var available: String
        var storm: String
    }

    private(set) var lines: [String] = []
    private(set) var rules = SetRules()
    /// What the set was from each time on.
    private var moments: [(at: Int, Moment)] = []
    private var fleet: SeedFleet
    private var deadline = 0
    private var last: [String: String] = [:]

    init(_ scenario: SetScenario, settings: CandidateSettings) {
        fleet = SeedFleet(scenario.seeds, settings)
        // What is there before anything happens has been heard and written down.
        fleet.now = -40
        fleet.restart()
        pass(until: 0, quietly: true)
        for incident in scenario.incidents {
            pass(until: incident.at, quietly: false)
            fleet.look()
            incident.change(&fleet)
            fleet.changed()
            lines.append("+\(incident.at) s: \(incident.text)")
        }
        pass(until: scenario.end, quietly: false)
        lines.append("+\(scenario.end) s: \(fleet.published.count) of \(fleet.seeds.count) published")
    }

    func moment(at time: Int) -> Moment? { moments.last { $0.at <= time }?.1 }

    private mutating func pass(until end: Int, quietly: Bool) {
        while fleet.now < end {
            for _ in 0..<4 where decideOnce(quietly) {}
            fleet.now = min(end, max(deadline, fleet.now + 1), fleet.nextWake() ?? .max)
        }
    }

    /// Answers whether the set has changed.
    private mutating func decideOnce(_ quietly: Bool) -> Bool {
        let decision = CandidatePlanner.decide(fleet.input())
        fleet.remember(decision.trust)
        rules.look(at: decision, fleet)
        deadline = SeedFleet.seconds(decision.nextDeadline)
        let before = fleet
        var isChanged = false
        for effect in decision.changes {
            switch effect {
            case .recordSet: fleet.memory = decision.memory
            case .recordSeed(let name, let record): fleet.index(name).map { fleet.seeds[$0].record = record }
            case .publish(let name, let verdict):
                rules.came(name, verdict, before)
                fleet.index(name).map { fleet.seeds[$0].label = .on }
                isChanged = true
            case .confirm: break
            case .withdraw(let name, let verdict):
                fleet.index(name).map { fleet.seeds[$0].label = .off }
                rules.left(name, verdict, before: before, fleet)
                isChanged = true
            }
        }
        let moment = Moment(
            published: fleet.published.count,
            available: decision.conditions.available.verdict.reason.rawValue,
            storm: decision.conditions.storm.verdict.reason.rawValue
        )
        moments.append((fleet.now, moment))
        if !quietly { write(decision) }
        return isChanged
    }

    private mutating func write(_ decision: CandidateDecision) {
        var told: [String] = []
        let conditions = [
            ("CandidatesAvailable", decision.conditions.available), ("StormActive", decision.conditions.storm),
            ("EvictionEffective", decision.conditions.effective),
        ]
        for (type, finding) in conditions {
            let word = "  \(type)=\(finding.status.rawValue) \(finding.verdict.reason.rawValue)"
            guard last[type] != word else { continue }
            last[type] = word
            told.append("\(word): \(finding.verdict.message)")
        }
        var moves: [String] = []
        for effect in decision.changes {
            switch effect {
            case .publish(_, let verdict): moves.append("  in: \(verdict.reason.rawValue): \(verdict.message)")
            case .withdraw(_, let verdict): moves.append("  out: \(verdict.reason.rawValue): \(verdict.message)")
            case .recordSet, .recordSeed, .confirm: break
            }
        }
        guard !(told + moves).isEmpty else { return }
        lines.append("+\(fleet.now) s")
        lines += moves + told
    }
}
