package import KubeCore
package import MirrorAPI
import Synchronization

/// Follows the conditions, evictions and Events of one mirror, and tells each thing that the operator says of it once.
package final class ConditionFollower: Sendable {
    private struct State {
        var told: Set<String> = []
        var begin = WallClock.now()
        var mirror: P2PMirror?
        /// Reasons of conditions that were not as they should be, since the incident began.
        var complaints: [MirrorConditionType: Set<String>] = [:]
    }

    private let api: KubeAPI
    private let name: String
    private let say: @Sendable (String) -> Void
    private let state = Mutex(State())

    package init(_ api: KubeAPI, name: String, say: @escaping @Sendable (String) -> Void) {
        self.api = api
        self.name = name
        self.say = say
    }

    /// From now on times are told as seconds since now.
    package func beginIncident() {
        state.withLock { state in
            state.begin = WallClock.now()
            state.complaints = [:]
        }
    }

    /// Reasons of conditions that were not as they should be, since the incident began.
    package var complaints: [MirrorConditionType: Set<String>] { state.withLock(\.complaints) }

    /// Follows while `body` runs.
    package func following<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        let task = Task {
            while !Task.isCancelled {
                await look()
                try? await Task.sleep(for: .milliseconds(250))
            }
        }
        defer { task.cancel() }
        return try await body()
    }

    /// A condition as it was seen last.
    package func condition(_ type: MirrorConditionType) -> Condition? {
        state.withLock(\.mirror)?.status?.conditions.first(ofType: type.rawValue)
    }

    /// Waits until a condition has one of these reasons.
    ///
    /// - Parameter words: what its message must hold.
    /// - Throws: `ScenarioFailure` with what it says, where it has none of them by then.
    package func wait(
        for type: MirrorConditionType,
        _ reasons: [Reason],
        saying words: [String] = [],
        within seconds: Double
    ) async throws {
        let deadline = ContinuousClock().now + .seconds(seconds)
        while ContinuousClock().now < deadline {
            if let condition = condition(type), reasons.contains(where: { $0.rawValue == condition.reason }),
                words.allSatisfy({ $0.isEmpty || condition.message.contains($0) })
            {
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let last = condition(type).map { "\($0.status.rawValue) \($0.reason): \($0.message)" } ?? "nothing"
        let texts = words.filter { !$0.isEmpty }.map { "\"\($0)\"" }
        let wanted =
            reasons.map(\.rawValue).joined(separator: " or ")
            + (texts.isEmpty ? "" : " with \(texts.joined(separator: ", "))")
        throw ScenarioFailure("\(type.rawValue) was not \(wanted) within \(Int(seconds)) s; it says \(last)")
    }

    private static let conditions: [MirrorConditionType] = [
        .accepted, .peersConnected, .candidatesAvailable, .evictionEffective, .stormActive,
    ]

    private func look() async {
        guard let mirror = try? await api.find(P2PMirror.self, ObjectKey(name: name)) else { return }
        state.withLock { $0.mirror = mirror }
        for type in Self.conditions {
            guard let condition = mirror.status?.conditions.first(ofType: type.rawValue) else { continue }
            if condition.status != (type == .stormActive ? .false : .true) {
                state.withLock { _ = $0.complaints[type, default: []].insert(condition.reason) }
            }
            tellOnce(
                "condition \(type.rawValue)=\(condition.status.rawValue) \(condition.reason): \(condition.message)"
            )
        }
        for eviction in mirror.status?.evictions ?? [] {
            tellOnce("\(eviction.node) is out of the set, \(eviction.reason): \(eviction.message)")
        }
        for event in (try? await api.list(Event.self)) ?? [] where event.regarding?.name == name {
            tellOnce("event \(event.reason ?? ""): \(event.note ?? "")")
        }
    }

    private func tellOnce(_ words: String) {
        // Numbers of seconds in a sentence are no news.
        let gist = words.filter { !$0.isNumber }
        let begin = state.withLock { $0.told.insert(gist).inserted ? $0.begin : nil }
        guard let begin else { return }
        let seconds = ExpectedTime.text(from: begin, to: WallClock.now())
        say("  \(String(repeating: " ", count: max(0, 6 - seconds.count)))\(seconds) s  \(words)")
    }
}
