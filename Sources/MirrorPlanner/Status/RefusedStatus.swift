import KubeCore
import MirrorAPI

/// The status of a mirror that is not accepted: nothing of its fleet is looked at. What is remembered of its set stays,
/// for when it is accepted again.
enum RefusedStatus {
    static func status(of mirror: P2PMirror, _ verdict: Verdict, now: Timestamp) -> P2PMirrorStatus {
        P2PMirrorStatus(
            observedGeneration: mirror.metadata.generation,
            conditions: conditions(of: mirror, verdict)
                .carryingTransitionTimes(from: mirror.status?.conditions ?? [], now: now),
            candidates: mirror.status?.candidates,
            evictions: mirror.status?.evictions,
            storm: mirror.status?.storm,
            seeds: mirror.status?.seeds
        )
    }

    private static func conditions(of mirror: P2PMirror, _ verdict: Verdict) -> [Condition] {
        MirrorConditionType.types(of: mirror.spec.provider).map { type in
            switch type {
            case .ready, .accepted: Condition(type, of: mirror, .false, verdict)
            case .stalled: Condition(type, of: mirror, .true, verdict)
            case .reconciling:
                Condition(type, of: mirror, .false, Verdict(.notReconciling, "Nothing is under way"))
            case .paused:
                Condition(
                    type,
                    of: mirror,
                    mirror.spec.pauseRequests.isEmpty ? .false : .true,
                    mirror.spec.pauseRequests.isEmpty
                        ? Verdict(.notPaused, "No hold is set")
                        : Verdict(.paused, "Paused by \(Sentences.list(mirror.spec.pauseRequests))")
                )
            case .topologyAcyclic, .candidatesAvailable, .evictionEffective, .peersConnected, .stormActive,
                .nodesCurrent, .versionsSupported, .highlyAvailable:
                Condition(type, of: mirror, .unknown, Verdict(.unknown, "Not looked at: the mirror is not accepted"))
            }
        }
    }
}

extension Condition {
    /// A condition of a mirror, its message as long as it may be.
    init(_ type: MirrorConditionType, of mirror: P2PMirror, _ status: Condition.Status, _ verdict: Verdict) {
        self.init(
            type: type.rawValue,
            status: status,
            observedGeneration: mirror.metadata.generation,
            reason: verdict.reason.rawValue,
            message: String(verdict.message.prefix(1_024))
        )
    }
}
