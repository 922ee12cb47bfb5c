package import KubeCore
package import MirrorAPI
package import MirrorPlanner

/// The incident `rke2-ring`: servers whose `server:` URLs form a ring ask each other for peers without end.
///
/// It runs twice with equal windows and equal triggers: once without the operator, for control, and once with it. A
/// symptom that does not show first is a failure, and so is a ring that is still there at the end.
package struct RingScenario: Sendable {
    package struct Settings: Sendable {
        package var distribution: RancherDistribution
        package var servers: Int
        /// Length of each window, in seconds.
        package var window: Double
        /// Seconds from the start to the first window: the daemons' questions to each other end after ten seconds at
        /// the earliest, and only then are there answers in the logs.
        package var settle: Double
        /// Seconds that the rollout may take.
        package var deadline: Double
        package var minReadySeconds: Int

        package init(
            _ distribution: RancherDistribution = .rke2,
            servers: Int = 3,
            window: Double = 6,
            settle: Double = 10,
            deadline: Double = 60,
            minReadySeconds: Int = 2
        ) {
            self.distribution = distribution
            self.servers = servers
            self.window = window
            self.settle = settle
            self.deadline = deadline
            self.minReadySeconds = minReadySeconds
        }
    }

    /// The windows of both runs.
    package struct Outcome: Hashable, Sendable {
        package var before: FleetWindow
        package var after: FleetWindow
        package var controlBefore: FleetWindow
        package var controlAfter: FleetWindow

        /// By how much the requests fell, in percent.
        package var reduction: Double {
            guard before.requestsPerSecond > 0 else { return 0 }
            return (1 - after.requestsPerSecond / before.requestsPerSecond) * 100
        }
    }

    package let settings: Settings
    private let say: @Sendable (String) -> Void

    package init(_ settings: Settings, say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.say = say
    }

    /// The run without the operator.
    package func control(_ fleet: SimulatedFleet) async throws -> (FleetWindow, FleetWindow) {
        say("control run, without the operator: two windows of \(Int(settings.window)) s")
        try await fleet.start()
        try await Task.sleep(for: .seconds(settings.settle))
        let first = try await fleet.measure(seconds: settings.window)
        let second = try await fleet.measure(seconds: settings.window)
        return (first, second)
    }

    /// The run with the operator: symptom, cure, figures.
    package func cure(_ fleet: SimulatedFleet, api: KubeAPI) async throws -> (FleetWindow, FleetWindow) {
        try await fleet.start()
        try await Task.sleep(for: .seconds(settings.settle))
        let before = try await fleet.measure(seconds: settings.window)
        let perTrigger = before.requestsPerSecond * settings.window / Double(settings.servers)
        say(try await FleetDrawing.text(fleet.settings.blueprint, api))
        say("the symptom: \(WindowTable.rounded(before.requestsPerSecond)) requests for peers a second")
        guard perTrigger > 20 else {
            throw ScenarioFailure("the symptom did not show: \(perTrigger) requests for each search for peers")
        }
        say("now a P2PMirror is applied, and the operator and an agent on each node start:")
        try await api.create(mirror(of: fleet), manager: "kubectl")
        try await fleet.startAgents()
        fleet.startOperator()
        try await MirrorFollower(api, name: Self.mirrorName, say: say).untilCured(within: settings.deadline)
        say(try await FleetDrawing.text(fleet.settings.blueprint, api))
        let after = try await fleet.measure(seconds: settings.window)
        say("restarts: \(Self.text(fleet.starts().mapValues { $0 - 1 }))")
        return (before, after)
    }

    package static let mirrorName = SandboxCluster.mirrorName

    private static func text(_ restarts: [String: Int]) -> String {
        restarts.keys.sorted().map { "\($0) \(restarts[$0] ?? 0)" }.joined(separator: ", ")
    }

    /// What the administrator applies. It selects the simulated Nodes only: a cluster may have others.
    package func mirror(of fleet: SimulatedFleet) -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: Self.mirrorName),
            spec: P2PMirrorSpec(
                provider: fleet.settings.blueprint.distribution.provider,
                mode: .enforce,
                selector: LabelSelector(matchLabels: [NodeAdvertisement.label: "true"]),
                // The simulated hosts keep their content on this machine's own disk, which may be full.
                health: P2PMirrorSpec.Health(
                    disk: P2PMirrorSpec.Health.Disk(evictAtPercent: 100, readmitBelowPercent: 100)
                ),
                rollout: P2PMirrorSpec.Rollout(minReadySeconds: settings.minReadySeconds, progressDeadlineSeconds: 60)
            )
        )
    }

    /// Whether the figures prove the cure; the sentence says why not.
    package func verdict(on outcome: Outcome) -> String? {
        if outcome.reduction < 99 {
            return "requests fell by \(WindowTable.rounded(outcome.reduction)) %, which is less than 99 %"
        }
        if outcome.controlAfter.requestsPerSecond < outcome.controlBefore.requestsPerSecond * 0.5 {
            return "the control run got better without the operator: the figures prove nothing"
        }
        return nil
    }
}

/// A scenario that did not show what it must.
package struct ScenarioFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
