import KubeCore
import MirrorAPI
import MirrorPlanner

/// Faults one after the other on one release, each with what clients get meanwhile, and what the operator says.
struct DragonflyFaultRun: Sendable {
    struct Settings: Sendable {
        /// Seconds between two tasks, and of a window.
        var pace = 0.4
        var window = 4.0
        /// Seconds that the operator has to name a cause, and the fleet to come back.
        var limit = 60.0

        init() {}
    }

    /// What came of one fault.
    struct Outcome: Sendable {
        var fault: DragonflyFault
        var window: DragonflyWindow
        /// What the operator said, and after how many seconds; empty without it.
        var address = ""
        var namedAfter = 0.0
        /// What else it said meanwhile.
        var others: [String] = []
    }

    struct Run: Sendable {
        var before = DragonflyWindow()
        var outcomes: [Outcome] = []
    }

    let settings: Settings
    let faults: [DragonflyFault]
    let stage: DragonflyStage

    func run() async throws -> Run {
        var run = Run()
        run.before = try await stage.load.window(seconds: settings.window, pace: settings.pace)
        stage.say("before: \(Int((run.before.share * 100).rounded())) % of the bytes from the source")
        for fault in faults {
            run.outcomes.append(try await self.run(fault))
            guard run.outcomes.count < faults.count else { break }
            try await fault.undo(stage.fleet)
            if !fault.leadsOn { try await untilWell(fault) }
        }
        return run
    }

    private func run(_ fault: DragonflyFault) async throws -> Outcome {
        let clock = ContinuousClock()
        let begin = clock.now
        stage.follower?.beginIncident()
        let address = await fault.words.address(stage.fleet)
        try await fault.apply(stage.fleet)
        try await Task.sleep(for: .seconds(fault.settle))
        var load = stage.load
        load.size = fault.taskSize
        async let window = load.window(seconds: settings.window, pace: settings.pace)
        var outcome = Outcome(fault: fault, window: DragonflyWindow())
        if let follower = stage.follower {
            try await follower.wait(
                for: .peersConnected,
                [fault.words.reason],
                saying: [address, fault.words.error, fault.words.advice],
                within: settings.limit
            )
            outcome.namedAfter = DfdaemonService.seconds(clock.now - begin)
            outcome.address = address
            outcome.others = Self.others(follower.complaints, fault)
        }
        outcome.window = try await window
        let share = Int((outcome.window.share * 100).rounded())
        stage.say("\(fault.number) \(fault.injected): \(share) % of the bytes from the source")
        return outcome
    }

    /// What was said beside the cause, by condition; of `PeersConnected` what is no part of the fault is marked.
    private static func others(
        _ complaints: [MirrorConditionType: Set<String>],
        _ fault: DragonflyFault
    ) -> [String] {
        let known = Set(([.connected, .starting, fault.words.reason] + fault.words.passing).map(\.rawValue))
        let blamed = complaints[.peersConnected, default: []].subtracting(known).sorted().map { "blames \($0)" }
        let rest = complaints.filter { $0.key != .peersConnected }.flatMap { $0.value }
        return blamed + Set(rest).sorted()
    }

    /// Waits until clients get from each other again, and the operator has seen it, so that what is named next is not
    /// what was named here.
    private func untilWell(_ fault: DragonflyFault) async throws {
        try await stage.wait(for: "the end of: \(fault.injected)", within: settings.limit) {
            let window = try await stage.load.window(seconds: Double(stage.fleet.nodes) * 0.1, pace: 0.1)
            return window.share == 0 && window.failed == 0
        }
        try await stage.follower?.wait(for: .peersConnected, [.connected], within: settings.limit)
    }
}

extension DragonflyFaultRun.Run {
    /// Why a symptom is not in this run, or something is blamed that is none of the fault; nil where all is as it
    /// should be.
    var missingSymptom: String? {
        if before.share > 0.15 { return "\(Int(before.share * 100)) % of the bytes came from the source before" }
        for outcome in outcomes {
            if let missing = outcome.fault.missingSymptom(outcome.window) { return missing }
            if let blamed = outcome.others.first(where: { $0.hasPrefix("blames ") }) {
                return "\(outcome.fault.name): PeersConnected \(blamed)"
            }
        }
        return nil
    }
}

extension DragonflyTable {
    /// What was injected, and what was said: two tables, since one would be too wide.
    static func lines(_ outcomes: [DragonflyFaultRun.Outcome]) -> [String] {
        let sorted = outcomes.sorted { ($0.fault.number, $0.fault.name) < ($1.fault.number, $1.fault.name) }
        let seen = sorted.map { outcome in
            let window = outcome.window
            let share = window.bytes == 0 ? "no task got" : "\(Int((window.share * 100).rounded())) %"
            return [
                "\(outcome.fault.number)", outcome.fault.name, outcome.fault.injected, share,
                outcome.fault.words.reason.rawValue, "\(WindowTable.rounded(outcome.namedAfter)) s",
            ]
        }
        let said = sorted.map { outcome in
            let words = outcome.fault.words
            return [
                "\(outcome.fault.number)", outcome.fault.name, outcome.address, words.error, words.advice,
                outcome.others.joined(separator: ", "),
            ]
        }
        let head = ["", "cause", "injected", "bytes from the source", "PeersConnected", "after"]
        let second = ["", "cause", "address", "error", "what to do", "said beside it"]
        return TextTable.lines([head] + seen) + [""] + TextTable.lines([second] + said)
    }
}
