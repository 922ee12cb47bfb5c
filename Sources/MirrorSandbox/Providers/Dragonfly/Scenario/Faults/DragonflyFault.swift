import MirrorAPI
import MirrorPlanner

/// Something for which clients find no peers, or seem to, made on a running release and taken away again.
struct DragonflyFault: Sendable {
    /// How it shows in what clients get.
    enum Symptom: Hashable, Sendable {
        /// At least that share of the bytes comes from the source.
        case source(Double)
        /// Clients do not run at all.
        case down
        /// Clients get from each other: it is no fault, or none yet.
        case none
    }

    /// What the operator is to say of it.
    struct Words: Sendable {
        var reason: Reason
        /// What was tried.
        var address: @Sendable (SimulatedDragonfly) async -> String
        /// The exact error.
        var error: String
        /// What to do.
        var advice: String
        /// Reasons that are true for a while too, until it is known what it is.
        var passing: [Reason] = []
    }

    /// Of the cause, in the order of docs.
    var number: Int
    /// The cause, and what is done, for people.
    var name: String
    var injected: String
    var words: Words
    var symptom = Symptom.source(0.85)
    /// Seconds until it tells on clients.
    var settle = 1.0
    /// Bytes of the tasks that clients get meanwhile.
    var taskSize = DragonflyLoad.taskSize
    var apply: @Sendable (SimulatedDragonfly) async throws -> Void
    var undo: @Sendable (SimulatedDragonfly) async throws -> Void
    /// Whether the next one begins where this one ends.
    var leadsOn = false

    /// Why the symptom is not in a window; nil where it is.
    func missingSymptom(_ window: DragonflyWindow) -> String? {
        let share = Int((window.share * 100).rounded())
        switch symptom {
        case .source(let least) where window.share < least || window.bytes == 0:
            return "\(name): \(share) % of the bytes came from the source, fewer than \(Int(least * 100)) %"
        case .down where window.failed < window.tasks:
            return "\(name): \(window.tasks - window.failed) of \(window.tasks) tasks were got, and none could be"
        case .none where window.share > 0.15 || window.failed > 0:
            return "\(name): \(share) % of the bytes came from the source, and \(window.failed) tasks failed"
        case .source, .down, .none: return nil
        }
    }

    /// Ports of Pods that fail.
    ///
    /// - Parameter pods: whose; the first one's address must be told.
    static func ports(
        _ number: Int,
        _ name: String,
        _ injected: String,
        _ kind: PodFaults.Kind,
        _ port: UInt16,
        of pods: @escaping @Sendable (SimulatedDragonfly) -> [String],
        _ reason: Reason,
        error: String,
        advice: String
    ) -> DragonflyFault {
        DragonflyFault(
            number: number,
            name: name,
            injected: injected,
            words: Words(
                reason: reason,
                address: { "\(await $0.address(ofPod: pods($0).first ?? "") ?? ""):\(port)" },
                error: error,
                advice: advice
            ),
            apply: { fleet in
                for pod in pods(fleet) { fleet.cluster.setFaults(PodFaults(kind, on: [port]), ofPod: pod) }
            },
            undo: { fleet in for pod in pods(fleet) { fleet.cluster.setFaults(ofPod: pod) } }
        )
    }
}
