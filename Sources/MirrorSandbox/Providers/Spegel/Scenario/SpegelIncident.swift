import KubeCore
import MirrorAPI

/// The last phase: the three lowest addresses die in place, and a newcomer starts.
struct SpegelIncident {
    /// What is seen of it.
    struct Outcome {
        var dead: [JSONValue]
        var notReadyAfter: Double?
        var evictedAfter: Double?
        var evicted: [String] = []
        var newcomer = SpegelFigures()
        var newcomerIsReady = false
    }

    private let scenario: SpegelScenario
    private let cluster: PodCluster
    private let side: SpegelScenario.Side
    private let say: @Sendable (String) -> Void
    private let clock = ContinuousClock()

    init(
        _ scenario: SpegelScenario,
        _ cluster: PodCluster,
        _ side: SpegelScenario.Side,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.scenario = scenario
        self.cluster = cluster
        self.side = side
        self.say = say
    }

    func run() async throws -> Outcome {
        var outcome = Outcome(dead: try await lowest())
        let addresses = outcome.dead.compactMap { $0.at(["status", "podIP"])?.stringValue }
        try cluster.freeze(outcome.dead)
        let begin = clock.now
        let number = scenario.settings.nodes + 1
        try await cluster.addNode(scenario.node(number))
        say("\(addresses.joined(separator: ", ")) die in place, and \(scenario.node(number)) joins")
        let newcomer = try await scenario.pod(on: number, of: cluster)
        let end = begin + .seconds(scenario.settings.window)
        while clock.now < end {
            try await look(newcomer, since: begin, &outcome)
            if outcome.newcomerIsReady { break }
            try await Task.sleep(for: .milliseconds(250))
        }
        try await look(newcomer, since: begin, &outcome)
        return outcome
    }

    private func lowest() async throws -> [JSONValue] {
        let pods = try await cluster.podsByNode().values.compactMap { pod in
            pod.at(["status", "podIP"])?.stringValue.flatMap(SpegelBootstrap.number).map { ($0, pod) }
        }
        return pods.sorted { $0.0 < $1.0 }.prefix(3).map(\.1)
    }

    private func look(_ newcomer: JSONValue, since begin: ContinuousClock.Instant, _ outcome: inout Outcome)
        async throws
    {
        let after = SpegelScenario.seconds(clock.now - begin)
        let pods = try await cluster.podsByNode()
        let dead = outcome.dead.compactMap(PodView.node).compactMap { pods[$0] }
        if outcome.notReadyAfter == nil, !dead.contains(where: PodView.isReady) {
            outcome.notReadyAfter = after
            say("the kubelet has marked the three not ready after \(SpegelRun.text(after)) s")
        }
        outcome.evicted = pods.filter {
            $0.value.stringMap(["metadata", "labels"])[LabelKey.candidate] == "false"
        }.keys.sorted()
        if outcome.evictedAfter == nil, outcome.evicted.count >= dead.count {
            outcome.evictedAfter = after
            say("\(SpegelRun.list(outcome.evicted)) have left the candidate set after \(SpegelRun.text(after)) s")
        }
        if let figures = await cluster.figures(of: newcomer) {
            if figures.connectedAfter != nil, outcome.newcomer.connectedAfter == nil {
                say("the newcomer has found a peer after \(SpegelRun.text(after)) s")
            }
            outcome.newcomer = figures
        }
        outcome.newcomerIsReady = PodView.node(of: newcomer).flatMap { pods[$0] }.map(PodView.isReady) ?? false
    }
}
