import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner
import Synchronization

/// Asks why the controller of DaemonSets makes no pods: it says so in Events alone, the status of a DaemonSet has no
/// condition for it (kubernetes `pkg/controller/daemon/daemon_controller.go`, `FailedCreatePodReason`). Pod Security,
/// a quota and a webhook all show as nothing but pods that are not there.
///
/// Seldom, of one DaemonSet, and only while it has fewer pods than it is to have.
final class RefusedPods: Sendable {
    /// How long an answer is good.
    static let period = Duration.seconds(10)
    private static let limit = 50
    private static let lengthLimit = 500

    private let api: KubeAPI
    private let time: MonotonicTime
    private let answers = Mutex<[String: (at: Duration, uid: String, reason: String?)]>([:])

    init(_ api: KubeAPI, time: MonotonicTime = MonotonicTime(ContinuousClock())) {
        self.api = api
        self.time = time
    }

    /// What was said last of the peers' DaemonSet; nil where it has its pods, or where nothing can be read: the right
    /// to list Events may be missing in the namespace of a release.
    func reason(_ fleet: SpegelFleet) async -> String? {
        let name = fleet.mirror.metadata.name
        guard let object = fleet.peersDaemonSet, let uid = object.metadata.uid, Self.lacksPods(object) else {
            answers.withLock { $0[name] = nil }
            return nil
        }
        let now = time.now
        if let known = answers.withLock({ $0[name] }), known.uid == uid, now - known.at < Self.period {
            return known.reason
        }
        let reason = await read(object.key, uid)
        answers.withLock { $0[name] = (now, uid, reason) }
        return reason
    }

    private static func lacksPods(_ object: ManagedObject) -> Bool {
        let wanted = object.body[path: "status", "desiredNumberScheduled"]?.intValue ?? 0
        return wanted > object.body[path: "status", "currentNumberScheduled"]?.intValue ?? 0
    }

    private func read(_ key: ObjectKey, _ uid: String) async -> String? {
        let options = ListOptions(
            namespace: key.namespace,
            fieldSelector: "regarding.uid=\(uid),reason=FailedCreate",
            limit: Self.limit
        )
        guard let page: JSONValue = try? await api.send(.list(Event.resource, options)) else { return nil }
        return Self.latest(page["items"]?.arrayValue ?? [])
    }

    /// The words of the last of these Events, the same for the same cause: the name of a pod that was not made is a new
    /// one each time.
    static func latest(_ events: [JSONValue]) -> String? {
        let times = { (event: JSONValue) -> String in
            let places = [
                event[path: "series", "lastObservedTime"], event["deprecatedLastTimestamp"], event["eventTime"],
                event[path: "metadata", "creationTimestamp"],
            ]
            return places.compactMap { $0?.stringValue }.first ?? ""
        }
        guard let note = events.max(by: { times($0) < times($1) })?["note"]?.stringValue else { return nil }
        let prefix = "Error creating: pods \""
        guard note.hasPrefix(prefix), let end = note.dropFirst(prefix.count).firstIndex(of: "\"") else {
            return String(note.prefix(lengthLimit))
        }
        let rest = note[note.index(after: end)...].drop { $0 == " " }
        return String("a pod \(rest)".prefix(lengthLimit))
    }
}
