import KubeCore
import MirrorAPI

/// The incident `dragonfly-no-peers`: clients get everything from the source, for one reason after another, and nothing
/// tells which. The operator names each.
enum DragonflyNoPeers {
    /// The last one leaves schedulers with other addresses.
    static let faults: [DragonflyFault] = [.closedSchedulers, .closedSeeds, .wrongAddress, .staleAddresses]

    static func plan(isOperated: Bool) -> DragonflyStage.Plan {
        var plan = DragonflyStage.Plan()
        plan.nodes = 12
        plan.mirror = isOperated ? DragonflyMirror.object() : nil
        return plan
    }
}

/// The scenario `dragonfly-causes`: many more causes, on small releases beside each other, with the operator alone.
enum DragonflyCauses {
    /// One release, and what is done to it.
    struct Lane: Sendable {
        var name: String
        var faults: [DragonflyFault]
        var discovery = DragonflyRelease.Discovery.addresses
        var clientAnnounceSeconds: Int?

        var plan: DragonflyStage.Plan {
            var plan = DragonflyStage.Plan()
            plan.release.schedulers = 2
            plan.release.seeds = 2
            plan.release.discovery = discovery
            plan.release.clientAnnounceSeconds = clientAnnounceSeconds
            plan.nodes = 2
            plan.mirror = DragonflyMirror.object()
            return plan
        }
    }

    static let lanes = [
        Lane(name: "network", faults: DragonflyFault.network), Lane(name: "release", faults: DragonflyFault.release),
        Lane(name: "manager", faults: DragonflyFault.manager, discovery: .manager),
        Lane(name: "name", faults: DragonflyFault.name, discovery: .name, clientAnnounceSeconds: 8),
    ]
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

    static var dragonflyCauses: SandboxScenario {
        SandboxScenario(
            name: "dragonfly-causes",
            summary: "many causes for which clients of Dragonfly find no peers, each named by the operator (the same)"
        ) { session, _ in
            try await session.runDragonflyCauses()
        }
    }
}

extension SandboxSession {
    func runDragonflyNoPeers() async throws {
        try await ContentVolume.requireAllowed()
        say(Self.dragonflyWords(factor: DragonflyNoPeers.plan(isOperated: true).release.factor))
        async let first = noPeers("control", index: 5, isOperated: false)
        async let second = noPeers("operator", index: 6, isOperated: true)
        let (control, cure) = try await (first, second)
        say("")
        let columns = [("before", control.before)] + control.outcomes.map { ($0.fault.injected, $0.window) }
        for line in DragonflyTable.lines(columns) { say("control: \(line)") }
        say("")
        for line in DragonflyTable.lines(cure.outcomes) { say(line) }
        for run in [control, cure] {
            if let missing = run.missingSymptom { throw ScenarioFailure("the symptom did not show: \(missing)") }
        }
    }

    private func noPeers(_ name: String, index: Int, isOperated: Bool) async throws -> DragonflyFaultRun.Run {
        try await onStage(name, index: index, DragonflyNoPeers.plan(isOperated: isOperated)) {
            try await DragonflyFaultRun(settings: .init(), faults: DragonflyNoPeers.faults, stage: $0).run()
        }
    }

    func runDragonflyCauses() async throws {
        try await ContentVolume.requireAllowed()
        let lanes = DragonflyCauses.lanes
        say(Self.dragonflyWords(factor: lanes[0].plan.release.factor))
        let runs = try await withThrowingTaskGroup(of: DragonflyFaultRun.Run.self) { group in
            for (number, lane) in lanes.enumerated() {
                group.addTask {
                    try await onStage(lane.name, index: 5 + number, lane.plan) { stage in
                        try await DragonflyFaultRun(settings: .init(), faults: lane.faults, stage: stage).run()
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let outcomes = runs.flatMap(\.outcomes)
        say("")
        for line in DragonflyTable.lines(outcomes) { say(line) }
        say("\(Set(outcomes.map(\.fault.number)).count) of 19 causes, \(outcomes.count) ways to make them")
        for run in runs {
            if let missing = run.missingSymptom { throw ScenarioFailure("the symptom did not show: \(missing)") }
        }
    }
}
