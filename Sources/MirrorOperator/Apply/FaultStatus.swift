package import KubeCore
package import MirrorAPI

/// The statuses that no planner makes, because there was nothing to plan or the plan could not be carried out; pure.
package enum FaultStatus {
    /// The status of a mirror whose specification can't be read.
    package static func invalid(_ mirror: ObservedMirror, fault: String) -> P2PMirrorStatus {
        let message = "The specification is not valid: \(fault) Nothing is done until it is."
        let unknown = "Not known, because the specification is not valid."
        let conditions = types(of: mirror).map { type in
            switch type {
            case .accepted, .ready: condition(type, .false, Reason.invalidSpec.rawValue, message, mirror)
            case .stalled: condition(type, .true, Reason.invalidSpec.rawValue, message, mirror)
            case .reconciling: condition(type, .false, Reason.invalidSpec.rawValue, message, mirror)
            case .paused, .topologyAcyclic, .candidatesAvailable, .evictionEffective, .peersConnected, .stormActive,
                .nodesCurrent, .versionsSupported, .highlyAvailable:
                condition(type, .unknown, Reason.invalidSpec.rawValue, unknown, mirror)
            }
        }
        // The root, a rollout under way and the candidate set stay on record: the mirror may become valid again in the
        // middle of it.
        var status = mirror.status ?? P2PMirrorStatus()
        status.observedGeneration = mirror.metadata.generation
        status.conditions = conditions
        status.nextChange = nil
        return status
    }

    /// What was refused, in the words of the server, and what follows.
    package static func refusal(_ error: KubeError) -> String {
        "The API server refused a request, which is made again every "
            + "\(MirrorOperator.refusalSeconds) s at the latest: \(error.message)"
    }

    /// `status`, or one in which nothing is known yet, with the fact that a request was refused: a status that says
    /// nothing of it would be a lie.
    package static func refused(
        _ status: P2PMirrorStatus?,
        _ error: KubeError,
        of mirror: ObservedMirror
    ) -> P2PMirrorStatus {
        var status = status ?? unknown(mirror)
        let message = refusal(error)
        status.conditions = status.conditions.map { condition in
            var condition = condition
            switch MirrorConditionType(rawValue: condition.type) {
            case .ready: condition.status = .false
            case .stalled: condition.status = .true
            default: return condition
            }
            condition.reason = Reason.requestRefused.rawValue
            condition.message = message
            return condition
        }
        return status
    }

    private static func unknown(_ mirror: ObservedMirror) -> P2PMirrorStatus {
        let conditions = types(of: mirror).map { type in
            condition(type, .unknown, Reason.unknown.rawValue, "Not known yet.", mirror)
        }
        return P2PMirrorStatus(observedGeneration: mirror.metadata.generation, conditions: conditions)
    }

    /// Of a mirror that can't be read the provider is not known.
    private static func types(of mirror: ObservedMirror) -> [MirrorConditionType] {
        mirror.mirror.map { MirrorConditionType.types(of: $0.spec.provider) }
            ?? MirrorConditionType.allCases.filter { $0 != .peersConnected }
    }

    private static func condition(
        _ type: MirrorConditionType,
        _ status: Condition.Status,
        _ reason: String,
        _ message: String,
        _ mirror: ObservedMirror
    ) -> Condition {
        Condition(
            type: type.rawValue,
            status: status,
            observedGeneration: mirror.metadata.generation,
            reason: reason,
            message: message
        )
    }
}
