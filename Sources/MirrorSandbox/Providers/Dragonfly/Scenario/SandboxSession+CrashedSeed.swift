import KubeCore
import MirrorAPI

extension SandboxScenario {
    static var dragonflyCrashedSeed: SandboxScenario {
        SandboxScenario(
            name: "dragonfly-crashed-seed",
            summary:
                "a seed of Dragonfly that dies without saying goodbye and stays among the hosts (embedded API server "
                + "only; it has a number of nodes of its own; needs user namespaces: unshare -Urm)"
        ) { session, _ in
            try await session.runDragonflyCrashedSeed()
        }
    }
}

extension SandboxSession {
    func runDragonflyCrashedSeed() async throws {
        try await ContentVolume.requireAllowed()
        let settings = DragonflyCrashedSeed.Settings()
        say(
            "Dragonfly v2.5.1 with clients v1.5.1. Its times are a \(settings.factor)th of the chart's, and so are those of "
                + "its code that no setting has: seeds announce every \(60 / settings.factor) s, hosts are collected every "
                + "\(300 / settings.factor) s"
        )
        async let first = crashedSeed("control", index: 5, .nobody, settings)
        async let second = crashedSeed("by-hand", index: 6, .byHand, settings)
        let (control, byHand) = try await (first, second)
        say("")
        let columns = [
            ("control: before", control.before), ("dead", control.during), ("by hand: before", byHand.before),
            ("dead", byHand.during),
        ]
        for line in DragonflyTable.lines(columns) { say(line) }
        if let missing = control.missingSymptom(settings) {
            throw ScenarioFailure("the symptom did not show: \(missing)")
        }
        if let missing = byHand.missingCure(beside: control, settings) { throw ScenarioFailure("by hand: \(missing)") }
    }

    private func crashedSeed(
        _ name: String,
        index: Int,
        _ side: DragonflyCrashedSeed.Side,
        _ settings: DragonflyCrashedSeed.Settings
    ) async throws -> DragonflyCrashedSeed.Run {
        let scenario = DragonflyCrashedSeed(settings: settings) { say("\(name): \($0)") }
        return try await withDragonfly(name, index: index, listen: (listen.host, 0), claims: scenario.claims) {
            try await scenario.run(side, $0, $1)
        }
    }
}
