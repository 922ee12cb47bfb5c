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
        say(Self.dragonflyWords(factor: settings.factor))
        say(
            "seeds announce themselves every \(60 / settings.factor) s, and schedulers look for silent hosts every "
                + "\(300 / settings.factor) s"
        )
        async let first = crashedSeed("control", index: 5, settings, isOperated: false)
        async let second = crashedSeed("operator", index: 6, settings, isOperated: true)
        let (control, cure) = try await (first, second)
        say("")
        let columns = [
            ("control: before", control.before), ("dead", control.during), ("operator: before", cure.before),
            ("dead", cure.during),
        ]
        for line in DragonflyTable.lines(columns) { say(line) }
        func text(_ seconds: Double?) -> String { seconds.map { "after \(WindowTable.rounded($0)) s" } ?? "not at all" }
        say(
            """
            out of every scheduler's list within \(Int(settings.window)) s: control \(text(control.outOfLists)), \
            operator \(text(cure.outOfLists))
            """
        )
        if let missing = control.missingSymptom(settings) {
            throw ScenarioFailure("the symptom did not show: \(missing)")
        }
        if let missing = cure.missingCure(beside: control, settings) {
            throw ScenarioFailure("with the operator: \(missing)")
        }
    }

    private func crashedSeed(
        _ name: String,
        index: Int,
        _ settings: DragonflyCrashedSeed.Settings,
        isOperated: Bool
    ) async throws -> DragonflyCrashedSeed.Run {
        let plan = DragonflyCrashedSeed.plan(settings, isOperated: isOperated)
        return try await onStage(name, index: index, plan) {
            try await DragonflyCrashedSeed(settings: settings, stage: $0).run()
        }
    }
}
