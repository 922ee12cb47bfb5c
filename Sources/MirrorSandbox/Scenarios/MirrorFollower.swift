package import KubeCore
import MirrorAPI

/// Follows one mirror and tells each thing that the operator says of it once.
package struct MirrorFollower: Sendable {
    private let api: KubeAPI
    private let name: String
    private let say: @Sendable (String) -> Void

    package init(_ api: KubeAPI, name: String, say: @escaping @Sendable (String) -> Void) {
        self.api = api
        self.name = name
        self.say = say
    }

    /// Returns once the mirror is Ready without a cycle and without a pending change.
    ///
    /// - Throws: `ScenarioFailure` after `seconds`, with what the mirror says.
    package func untilCured(within seconds: Double) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        var told: Set<String> = []
        var last = "nothing yet"
        var uid: String?
        while clock.now < deadline {
            for event in await events(of: uid) where told.insert(event).inserted { say("  \(event)") }
            if let mirror = try? await api.get(P2PMirror.self, ObjectKey(name: name)), let status = mirror.status {
                uid = mirror.metadata.uid
                last = Self.summary(status)
                if told.insert(last).inserted { say("  status: \(last)") }
                if Self.isCured(mirror, status) { return }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw ScenarioFailure("no cure within \(Int(seconds)) s; the mirror says: \(last)")
    }

    private func events(of uid: String?) async -> [String] {
        guard let uid, let events = try? await api.list(Event.self) else { return [] }
        return events.filter { $0.regarding?.uid == uid }
            .sorted {
                ($0.eventTime ?? MicroTimestamp(microseconds: 0)) < ($1.eventTime ?? MicroTimestamp(microseconds: 0))
            }
            .map { "\($0.reason ?? ""): \($0.note ?? "")" }
    }

    private static func isCured(_ mirror: P2PMirror, _ status: P2PMirrorStatus) -> Bool {
        status.observedGeneration == mirror.metadata.generation
            && status.conditions.first(ofType: MirrorConditionType.ready.rawValue)?.status == .true
            && status.conditions.first(ofType: MirrorConditionType.topologyAcyclic.rawValue)?.status == .true
            && status.topology?.pendingChanges == 0 && status.rollout == nil
    }

    private static func summary(_ status: P2PMirrorStatus) -> String {
        let topology = status.topology.map {
            "\($0.observed.rawValue), root \($0.root ?? "-"), \($0.pendingChanges) to change"
        }
        let ready = status.conditions.first(ofType: MirrorConditionType.ready.rawValue)
        return "\(topology ?? "-"); Ready=\(ready?.status.rawValue ?? "?") \(ready?.reason ?? "")"
    }
}
