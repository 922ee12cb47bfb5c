import KubeCore
import MirrorAPI

extension SandboxScenario {
    static var dragonflyDiskFull: SandboxScenario {
        SandboxScenario(
            name: "dragonfly-disk-full",
            summary:
                "a seed of Dragonfly whose disk is full and whose health says SERVING (embedded API server only; it "
                + "has a number of nodes of its own; needs user namespaces: unshare -Urm)"
        ) { session, wishes in
            try await session.runDragonflyDiskFull(wishes)
        }
    }

    /// The incidents of Dragonfly.
    static var dragonfly: [SandboxScenario] {
        [dragonflyNoPeers, dragonflyDiskFull, dragonflyCrashedSeed, dragonflyCauses]
    }
}

extension SandboxSession {
    func runDragonflyDiskFull(_ wishes: SandboxScenario.Wishes) async throws {
        try await ContentVolume.requireAllowed()
        let settings = DragonflyDiskFull.Settings()
        say(Self.dragonflyWords(factor: settings.factor))
        async let first = diskFull("control", index: 5, settings, keep: false)
        async let second = diskFull("operator", index: 6, settings, keep: wishes.keep)
        async let third = lastSeeds(.deletedHost, .ingressOnly)
        async let fourth = lastSeeds(.operated)
        let (control, cure, byHand, operated) = try await (first, second, third, fourth)
        say("")
        let columns = [
            ("control: before", control.before), ("disk full", control.during), ("later", control.after),
            ("operator: before", cure.before), ("seed out", cure.during), ("seed back", cure.after),
        ]
        for line in DragonflyTable.lines(columns, seed: "seed-client-0") { say(line) }
        func text(_ seconds: Double?) -> String { seconds.map { "\(WindowTable.rounded($0)) s" } ?? "-" }
        say(
            """
            from \(Int(settings.filled)) % on: control full at \(Int(control.percent)) % and still SERVING; \
            operator out of every ring after \(text(cure.outAfter)) at \(Int(cure.percent)) %, back after \
            \(text(cure.backAfter)) at \(Int(cure.lastPercent)) %
            """
        )
        if let missing = control.missingSymptom { throw ScenarioFailure("the symptom did not show: \(missing)") }
        if let missing = cure.missingCure { throw ScenarioFailure("with the operator: \(missing)") }
        tell(byHand, operated)
    }

    private func tell(_ byHand: [LastSeed], _ operated: [LastSeed]) {
        say("\none seed only, release \(DragonflyLastSeed.server), its disk full, with the operator")
        for (_, run) in operated {
            say("at \(run.percent) % it is in the ring and in the list. CandidatesAvailable says \(run.available)")
            say("StormActive says \(run.storm)")
        }
        say("what would have become of it by hand, and with the operator")
        let columns = (byHand + operated).flatMap { [("before", $0.run.before), ($0.way.rawValue, $0.run.during)] }
        for line in DragonflyTable.lines(columns) { say(line) }
    }

    private func diskFull(
        _ name: String,
        index: Int,
        _ settings: DragonflyDiskFull.Settings,
        keep: Bool
    ) async throws -> DragonflyDiskFull.Run {
        let isOperated = name == "operator"
        let plan = DragonflyDiskFull.plan(settings, isOperated: isOperated)
        return try await onStage(name, index: index, plan, listen: isOperated ? listen : nil) { stage in
            let run = try await DragonflyDiskFull(settings: settings, stage: stage).run()
            if keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(stage.fleet.cluster.settings.kubeconfig)")
                await Self.untilCancelled()
            }
            return run
        }
    }

    private typealias LastSeed = (way: DragonflyLastSeed.Way, run: DragonflyLastSeed.Run)

    /// The variant with one seed only, on a release with the stale ring, one way after the other.
    private func lastSeeds(_ ways: DragonflyLastSeed.Way...) async throws -> [LastSeed] {
        var runs: [LastSeed] = []
        for way in ways {
            let index = 7 + (DragonflyLastSeed.Way.allCases.firstIndex(of: way) ?? 0)
            let run = try await onStage("last-\(index)", index: index, DragonflyLastSeed.plan(way)) {
                try await DragonflyLastSeed(way: way, stage: $0).run()
            }
            say("last seed, \(way.rawValue): \(run.rings) rings have it, \(run.listed) schedulers list it")
            if let wrong = run.wrong(way) { throw ScenarioFailure("last seed, \(way.rawValue): \(wrong)") }
            runs.append((way, run))
        }
        return runs
    }
}
