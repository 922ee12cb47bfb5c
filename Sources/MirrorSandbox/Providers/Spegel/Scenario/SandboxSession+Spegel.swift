import KubeCore
import Logging
import MirrorAPI
import MirrorPlanner

extension SandboxScenario {
    static var spegelBootstrap: SandboxScenario {
        SandboxScenario(
            name: "spegel-bootstrap",
            summary: "a Spegel that finds nobody because the three lowest addresses are dead (embedded API server "
                + "only; it has a number of nodes of its own)"
        ) { session, wishes in
            try await session.runSpegel(wishes)
        }
    }
}

extension SandboxSession {
    /// The incident `spegel-bootstrap`, at the same time without the operator and with it, each on a cluster of its
    /// own.
    ///
    /// - Throws: `ScenarioFailure` where the symptom does not show without the operator, or does not go with it.
    func runSpegel(_ wishes: SandboxScenario.Wishes) async throws {
        guard kubeconfig == nil else {
            throw ScenarioFailure(
                "\(SandboxScenario.spegelBootstrap.name) runs on the embedded API server only: a real cluster would "
                    + "run its Pods itself"
            )
        }
        let settings = SpegelScenario.Settings()
        if wishes.bare {
            return try await withPods("fleet", index: 3, listen: listen) { pods, cluster in
                for number in 1...settings.nodes {
                    try await pods.addNode(SpegelScenario(settings, say: say).node(number))
                }
                say("export KUBECONFIG=\(cluster.kubeconfig)")
                await Self.untilCancelled()
            }
        }
        say(
            "Spegel \(settings.version) on \(settings.nodes) nodes. A peer that starts looks up the bootstrap Service, "
                + "sorts the addresses,\ntries the three lowest ones, and does so again and again until one answers\n"
                + "two clusters at the same time, alike in all phases: one without the operator (control), one with it"
        )
        let control = Task {
            try await withPods("control", index: 3, listen: (listen.host, 0)) { pods, _ in
                try await SpegelScenario(settings, say: { say("control: \($0)") }).run(pods, .control)
            }
        }
        try await withTaskCancellationHandler {
            do {
                try await cure(settings, keep: wishes.keep, control)
            } catch {
                // Its processes and its server end before this one does.
                control.cancel()
                _ = await control.result
                throw error
            }
        } onCancel: {
            control.cancel()
        }
    }

    private func cure(
        _ settings: SpegelScenario.Settings,
        keep: Bool,
        _ control: Task<SpegelRun, any Error>
    ) async throws {
        try await withPods("cure", index: 4, listen: listen) { pods, cluster in
            let tell: @Sendable (String) -> Void = { say("operator: \($0)") }
            let follower = ConditionFollower(cluster.api, name: SpegelScenario.mirrorName, say: tell)
            let cure = try await follower.following {
                try await SpegelScenario(settings, say: tell).run(pods, .cure(follower))
            }
            try report(try await control.value, cure)
            if keep {
                say("still running; Ctrl-C ends it\nexport KUBECONFIG=\(cluster.kubeconfig)")
                await Self.untilCancelled()
            }
        }
    }

    private func report(_ control: SpegelRun, _ cure: SpegelRun) throws {
        say("")
        for line in SpegelTable.lines(control: control, cure: cure) { say(line) }
        say(
            "the last phase counts from the death of the three; a dial is one of an address that DNS gave"
        )
        say("the newcomer without the operator, last: \(control.newcomer.lastError ?? "-")")
        if let missing = control.missingSymptom { throw ScenarioFailure("the symptom did not show: \(missing)") }
        if let missing = cure.missingCure { throw ScenarioFailure("with the operator: \(missing)") }
    }

    private func withPods<Result: Sendable>(
        _ name: String,
        index: Int,
        listen: (host: String, port: UInt16),
        _ body: @Sendable (PodCluster, SandboxCluster) async throws -> Result
    ) async throws -> Result {
        let folder = "\(directory)/\(name)"
        let cluster = try await SandboxCluster.embedded(in: folder, host: listen.host, port: listen.port)
        let settings = PodCluster.Settings(
            directory: folder,
            programs: programs,
            kubeconfig: cluster.kubeconfig,
            network: "127.\(80 + index).\(Int.random(in: 1...250))"
        )
        let pods = try PodCluster(settings, api: cluster.api, logger: Logger(label: "pods"))
        let result: Swift.Result<Result, any Error>
        do {
            try await cluster.prepare(crds: crds, namespace: settings.leaseNamespace)
            pods.start()
            result = .success(try await body(pods, cluster))
        } catch {
            result = .failure(error)
        }
        // In a task of its own: after Ctrl-C this one is cancelled, and each request of it would fail.
        await Task {
            await pods.stop()
            await cluster.end(ofNodes: [])
        }.value
        return try result.get()
    }
}
