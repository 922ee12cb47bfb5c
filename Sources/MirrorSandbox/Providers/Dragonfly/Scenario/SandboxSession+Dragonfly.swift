import KubeCore
import Logging
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
        async let third = lastSeed()
        let (control, cure, lastSeeds) = try await (first, second, third)
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
        say("\none seed only, release v2.5.0, by hand")
        for line in DragonflyTable.lines(lastSeeds) { say(line) }
    }

    private func diskFull(
        _ name: String,
        index: Int,
        _ settings: DragonflyDiskFull.Settings,
        keep: Bool
    ) async throws -> DragonflyDiskFull.Run {
        let tell: @Sendable (String) -> Void = { say("\(name): \($0)") }
        let scenario = DragonflyDiskFull(settings: settings, say: tell)
        let place = name == "operator" ? listen : (listen.host, 0)
        return try await withDragonfly(name, index: index, listen: place, claims: scenario.claims) { pods, source in
            guard name == "operator" else { return try await scenario.run(.nobody, pods, source) }
            let follower = ConditionFollower(pods.objects.api, name: DragonflyMirror.name, say: tell)
            let run = try await follower.following { try await scenario.run(.operated(follower), pods, source) }
            if keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(pods.settings.kubeconfig)")
                await Self.untilCancelled()
            }
            return run
        }
    }

    /// The variant with one seed only, on a release with the stale ring.
    ///
    /// - Returns: windows with their titles.
    private func lastSeed() async throws -> [(title: String, window: DragonflyWindow)] {
        var columns: [(String, DragonflyWindow)] = []
        for (index, way) in DragonflyLastSeed.Way.allCases.enumerated() {
            let scenario = DragonflyLastSeed(way: way, server: "v2.5.0", factor: 10) { say("last seed: \($0)") }
            let run = try await withDragonfly(
                "last-\(index)",
                index: 7 + index,
                listen: (listen.host, 0),
                claims: scenario.claims
            ) { try await scenario.run($0, $1) }
            say("last seed: \(run.rings) rings have it, \(run.listed) schedulers list it")
            columns += [("before", run.before), (way.rawValue, run.during)]
            if let wrong = run.wrong(way) { throw ScenarioFailure("last seed, \(way.rawValue): \(wrong)") }
        }
        return columns
    }

    static func dragonflyWords(factor: Int) -> String {
        """
        Dragonfly v2.5.1 with clients v1.5.1. Its times are those of the chart divided by \(factor), and so are \
        those of its code that no setting has
        """
    }

    /// A cluster of Pods of its own, with a source beside it.
    func withDragonfly<Result: Sendable>(
        _ name: String,
        index: Int,
        listen: (host: String, port: UInt16),
        claims: [String: Int] = [:],
        enforcement: PolicyEnforcement = PolicyEnforcement(),
        _ body: @Sendable (PodCluster, SourceServer) async throws -> Result
    ) async throws -> Result {
        let folder = "\(directory)/\(name)"
        let cluster = try await SandboxCluster.embedded(in: folder, host: listen.host, port: listen.port)
        var settings = PodCluster.Settings(
            directory: folder,
            programs: programs,
            kubeconfig: cluster.kubeconfig,
            network: "127.\(80 + index).\(Int.random(in: 1...250))"
        )
        settings.claims = claims
        settings.enforcement = enforcement
        let source = try await SourceServer(address: "\(settings.network).1")
        source.start()
        let pods = try PodCluster(settings, api: cluster.api, logger: Logger(label: "pods"))
        let result: Swift.Result<Result, any Error>
        do {
            try await cluster.prepare(crds: crds, namespace: settings.leaseNamespace)
            pods.start()
            result = .success(try await body(pods, source))
        } catch {
            result = .failure(error)
        }
        // In a task of its own: after Ctrl-C this one is cancelled, and each request of it would fail.
        await Task {
            await pods.stop()
            await source.stop()
            await cluster.end(ofNodes: [])
        }.value
        return try result.get()
    }
}
