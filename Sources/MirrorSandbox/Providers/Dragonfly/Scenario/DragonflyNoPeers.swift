import KubeCore
import MirrorAPI
import MirrorPlanner

/// The incident `dragonfly-no-peers`: clients get everything from the source, for one reason after another, and nothing
/// tells which. The operator names each.
struct DragonflyNoPeers: Sendable {
    struct Settings: Sendable {
        var factor = 10
        var nodes = 12
        /// Seconds between two tasks, and of a window.
        var pace = 0.4
        var window = 5.0
        /// Seconds that the operator has to name a cause.
        var limit = 40.0

        init() {}
    }

    enum Side: Sendable {
        case nobody
        case operated(ConditionFollower)
    }

    struct Run: Sendable {
        var before = DragonflyWindow()
        /// By the number of the fault.
        var during: [DragonflyWindow] = []
        var named: [String] = []
        /// Seconds until it was named.
        var namedAfter: [Double] = []
    }

    let settings: Settings
    let faults: [DragonflyFault]
    let say: @Sendable (String) -> Void

    var claims: [String: Int] {
        var claims: [String: Int] = [:]
        for number in 0..<3 { claims["storage-\(DragonflyRelease.name)-seed-client-\(number)"] = 1_024 }
        return claims
    }

    func run(_ side: Side, _ cluster: PodCluster, _ source: SourceServer) async throws -> Run {
        var release = DragonflyRelease()
        release.factor = settings.factor
        release.source = source.authority
        let fleet = try await SimulatedDragonfly.started(on: cluster, release, nodes: settings.nodes)
        say("3 schedulers, 3 seeds, \(settings.nodes) clients are up")
        if case .operated(let follower) = side {
            try await DragonflyMirror.start(DragonflyMirror.object(), on: cluster, follower)
        }
        let load = DragonflyLoad(fleet: fleet, source: source)
        var run = Run()
        run.before = try await load.window(seconds: settings.window, pace: settings.pace)
        say("before: \(Int((run.before.share * 100).rounded())) % of the bytes from the source")
        for fault in faults {
            let clock = ContinuousClock()
            let begin = clock.now
            if case .operated(let follower) = side { follower.beginIncident() }
            try await fault.apply(fleet)
            try await Task.sleep(for: .seconds(fault.settle))
            let window = try await load.window(seconds: settings.window, pace: settings.pace)
            run.during.append(window)
            say("\(fault.name): \(Int((window.share * 100).rounded())) % of the bytes from the source")
            if case .operated(let follower) = side {
                try await follower.wait(for: .peersConnected, fault.reasons, within: settings.limit)
                let condition = follower.condition(.peersConnected)
                run.named.append(condition?.reason ?? "")
                run.namedAfter.append(DfdaemonService.seconds(clock.now - begin))
            }
            try await fault.undo(fleet)
            if fault.leadsOn { continue }
            try await untilWell(fleet, load, fault)
            if case .operated(let follower) = side {
                // So that what is named next is not what was named here.
                try await follower.wait(for: .peersConnected, [.connected], within: settings.limit)
            }
        }
        return run
    }

    /// Waits until clients get from each other again.
    private func untilWell(_ fleet: SimulatedDragonfly, _ load: DragonflyLoad, _ fault: DragonflyFault) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(settings.limit * 2)
        while clock.now < end {
            let window = try await load.window(seconds: Double(settings.nodes) * 0.1, pace: 0.1)
            if window.share == 0, window.failed == 0 { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw ScenarioFailure("clients did not find each other again after: \(fault.name)")
    }
}

extension DragonflyNoPeers.Run {
    /// Why the symptom is not in this run; nil where it is.
    func missingSymptom(_ faults: [DragonflyFault]) -> String? {
        if before.share > 0.15 { return "\(Int(before.share * 100)) % of the bytes came from the source before" }
        for (fault, window) in zip(faults, during) where window.share < 0.85 {
            return "\(fault.name): \(Int(window.share * 100)) % of the bytes came from the source, fewer than 85 %"
        }
        return nil
    }
}

extension SandboxScenario {
    static var dragonflyNoPeers: SandboxScenario {
        SandboxScenario(
            name: "dragonfly-no-peers",
            summary:
                "clients of Dragonfly that find no peers, for one cause after another (embedded API server only; it "
                + "has a number of nodes of its own; needs user namespaces: unshare -Urm)"
        ) { session, _ in
            try await session.runDragonflyNoPeers()
        }
    }
}

extension SandboxScenario {
    static var dragonflyCauses: SandboxScenario {
        SandboxScenario(
            name: "dragonfly-causes",
            summary: "more causes for which clients of Dragonfly find no peers, each named by the operator (the same)"
        ) { session, _ in
            try await session.runDragonflyCauses()
        }
    }
}

extension SandboxSession {
    func runDragonflyNoPeers() async throws {
        try await ContentVolume.requireAllowed()
        let settings = DragonflyNoPeers.Settings()
        say(Self.dragonflyWords(factor: settings.factor))
        let faults = DragonflyFault.few
        async let first = noPeers("control", index: 5, settings, faults, isOperated: false)
        async let second = noPeers("operator", index: 6, settings, faults, isOperated: true)
        let (control, cure) = try await (first, second)
        say("")
        let columns = [("before", control.before)] + zip(faults.map(\.name), control.during)
        for line in DragonflyTable.lines(columns) { say("control: \(line)") }
        tell(cure, faults)
        for run in [control, cure] {
            if let missing = run.missingSymptom(faults) {
                throw ScenarioFailure("the symptom did not show: \(missing)")
            }
        }
    }

    func runDragonflyCauses() async throws {
        try await ContentVolume.requireAllowed()
        let settings = DragonflyNoPeers.Settings()
        say(Self.dragonflyWords(factor: settings.factor))
        let faults = DragonflyFault.all
        let run = try await noPeers("operator", index: 6, settings, faults, isOperated: true)
        tell(run, faults)
        if let missing = run.missingSymptom(faults) { throw ScenarioFailure("the symptom did not show: \(missing)") }
    }

    private func tell(_ run: DragonflyNoPeers.Run, _ faults: [DragonflyFault]) {
        say("")
        let rows = faults.indices.map { index in
            [
                faults[index].name, "\(Int((run.during[index].share * 100).rounded())) %", run.named[index],
                "\(WindowTable.rounded(run.namedAfter[index])) s",
            ]
        }
        let head = ["operator", "bytes from the source", "PeersConnected says", "after"]
        for line in TextTable.lines([head] + rows) { say(line) }
    }

    private func noPeers(
        _ name: String,
        index: Int,
        _ settings: DragonflyNoPeers.Settings,
        _ faults: [DragonflyFault],
        isOperated: Bool
    ) async throws -> DragonflyNoPeers.Run {
        let tell: @Sendable (String) -> Void = { say("\(name): \($0)") }
        let scenario = DragonflyNoPeers(settings: settings, faults: faults, say: tell)
        return try await withDragonfly(name, index: index, listen: (listen.host, 0), claims: scenario.claims) {
            (pods, source) in
            guard isOperated else { return try await scenario.run(.nobody, pods, source) }
            let follower = ConditionFollower(pods.objects.api, name: DragonflyMirror.name, say: tell)
            return try await follower.following { try await scenario.run(.operated(follower), pods, source) }
        }
    }
}
