package import KubeCore
import KubeRuntime
import Logging
package import MirrorAPI
package import MirrorPlanner
import Synchronization

/// Follows one seed and its mirror by watches, keeps what was seen of it, and tells each thing that happens to it or
/// that the operator says once.
package final class SeedFollower: Sendable {
    private struct State {
        var begin: MicroTimestamp
        var timeline = SeedTimeline()
        var mirror: P2PMirror?
        var events: [Event] = []
        var told: Set<String> = []
    }

    private let api: KubeAPI
    private let seed: String
    private let mirrorName: String
    private let peerLabel: String
    private let say: @Sendable (String) -> Void
    private let state: Mutex<State>
    private let start = WallClock.now()

    package init(
        _ api: KubeAPI,
        mirror: String,
        seed: String,
        _ distribution: RancherDistribution,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.api = api
        self.seed = seed
        self.mirrorName = mirror
        self.peerLabel = distribution.peerLabel
        self.say = say
        state = Mutex(State(begin: start))
    }

    package var timeline: SeedTimeline { state.withLock(\.timeline) }

    /// From now on times are told as seconds since now; what was told before is told again where it changes.
    @discardableResult
    package func beginIncident() -> MicroTimestamp {
        state.withLock { state in
            state.begin = WallClock.now()
            return state.begin
        }
    }

    /// Follows while `body` runs.
    package func following<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        let watches = [
            watch(Node.self) { [self] in see($0) }, watch(MirrorNode.self) { [self] in see($0) },
            watch(Lease.self, ListOptions(namespace: Announcements.namespace)) { [self] in see($0) },
            watch(P2PMirror.self) { [self] in see($0) }, watch(Event.self) { [self] in see($0) },
        ]
        defer { for watch in watches { watch.cancel() } }
        return try await body()
    }

    /// A store is of no use here: what counts is each version of an object, and when it came.
    private func watch<Object: KubeObject>(
        _ type: Object.Type,
        _ options: ListOptions = ListOptions(),
        _ take: @escaping @Sendable (Object) -> Void
    ) -> Task<Void, Never> {
        let reflector = Reflector<Object>(
            api,
            options,
            logger: Logger(label: "follower") { _ in SwiftLogNoOpLogHandler() },
            transform: { object in
                take(object)
                return object
            }
        )
        return Task { await reflector.run() }
    }

    /// Waits until something is seen.
    ///
    /// - Parameters:
    ///   - number: what came before does not count.
    ///   - seconds: so long from now.
    /// - Throws: `ScenarioFailure` where it is not seen.
    package func wait(
        for what: String,
        within seconds: Double,
        from number: Int = 0,
        where isIt: (SeedTimeline.Fact) -> Bool
    ) async throws -> (number: Int, entry: SeedTimeline.Entry) {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while clock.now < deadline {
            if let found = timeline.first(from: number, where: isIt) { return found }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ScenarioFailure("\(what) was not seen within \(Int(seconds)) s")
    }

    /// Waits until the mirror's status is as it should be.
    package func wait(
        for what: String,
        within seconds: Double,
        status isIt: (P2PMirrorStatus) -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        while clock.now < deadline {
            if let status = state.withLock(\.mirror)?.status, isIt(status) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw ScenarioFailure("\(what) was not seen within \(Int(seconds)) s")
    }

    /// Waits until the mirror's record of the eviction, an Event and the conditions say why the seed has left.
    package func wait(untilSaid reason: Reason, within seconds: Double) async throws {
        try await wait(for: "status.evictions with \(seed), \(reason.rawValue)", within: seconds) { status in
            status.evictions?.contains { $0.node == seed && $0.reason == reason.rawValue } == true
        }
        try await wait(for: "EvictionEffective=True", within: seconds) { status in
            status.conditions.first(ofType: MirrorConditionType.evictionEffective.rawValue)
                .map { $0.status == .true && $0.reason == Reason.newBootstrapsOnly.rawValue } == true
        }
        try await wait(for: "an Event \(reason.rawValue) about \(seed)", within: seconds) { _ in
            state.withLock(\.events).contains {
                $0.reason == reason.rawValue && $0.note?.contains(seed) == true
            }
        }
    }
}

/// What the watches show.
extension SeedFollower {
    private func see(_ node: Node) {
        guard node.metadata.name == seed else { return }
        let label = node.metadata.labels[peerLabel]
        see(.label(label)) { "\(self.peerLabel)=\(label ?? "-") on \(self.seed)" }
    }

    private func see(_ mirrorNode: MirrorNode) {
        guard mirrorNode.spec.nodeName == seed, mirrorNode.spec.mirrorName == mirrorName else { return }
        let disk = mirrorNode.status?.agent?.figures?.diskUsedPercent
        see(.disk(disk)) { disk.map { "the agent of \(self.seed) reports its volume \($0) % full" } }
        let record = mirrorNode.status?.candidate
        see(.record(record)) { record.map { "\(self.seed) is \($0.state.rawValue): \($0.message)" } }
    }

    private func see(_ lease: Lease) {
        guard lease.metadata.name == Names.mirrorNode(mirror: mirrorName, node: seed) else { return }
        let goodbye = Announcements.goodbye(lease)
        see(.renewal(goodbye == nil ? lease.spec?.renewTime : nil)) {
            goodbye.map { "\(self.seed) says goodbye: \($0)" }
        }
    }

    private func see(_ mirror: P2PMirror) {
        guard mirror.metadata.name == mirrorName else { return }
        state.withLock { $0.mirror = mirror }
        for type in [MirrorConditionType.candidatesAvailable, .evictionEffective, .stormActive] {
            guard let condition = mirror.status?.conditions.first(ofType: type.rawValue) else { continue }
            let words = "\(condition.type)=\(condition.status.rawValue) \(condition.reason): \(condition.message)"
            tellOnce("condition \(words)")
        }
    }

    private func see(_ event: Event) {
        guard event.regarding?.name == mirrorName, (event.eventTime ?? start) >= start else { return }
        state.withLock { $0.events.append(event) }
        tellOnce("event \(event.reason ?? ""): \(event.note ?? "")")
    }

    private func see(_ fact: SeedTimeline.Fact, _ words: () -> String?) {
        let now = WallClock.now()
        let isNews = state.withLock { $0.timeline.see(fact, at: now) }
        if isNews, let words = words() { tell(words, now) }
    }

    private func tellOnce(_ words: String) {
        guard state.withLock({ $0.told.insert(words).inserted }) else { return }
        tell(words, WallClock.now())
    }

    private func tell(_ words: String, _ now: MicroTimestamp) {
        let begin = state.withLock(\.begin)
        let seconds = ExpectedTime.text(from: begin, to: now)
        say("  \(String(repeating: " ", count: max(0, 6 - seconds.count)))\(seconds) s  \(words)")
    }
}
