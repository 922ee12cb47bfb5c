import KubeCore
import MirrorAPI

/// How a mirror is getting on; it decides `Ready`, `Reconciling` and `Stalled`.
package enum Progress: Hashable, Sendable {
    /// Nothing is left to do.
    case steady(Verdict)
    /// Something is under way, or is waited for that comes by itself.
    case advancing(Verdict)
    /// Nothing goes on before a person does something.
    case stalled(Verdict)
}

/// What a pass does about the one step that may be under way.
struct StepOutcome: Hashable, Sendable {
    var writes: [Write] = []
    var progress: Progress?
    var rollout: P2PMirrorStatus.Rollout?
    var notes: [Note] = []
    var deadline: Timestamp?

    static func waiting(_ reason: Reason, _ message: String, until deadline: Timestamp? = nil) -> StepOutcome {
        StepOutcome(progress: .advancing(Verdict(reason, message)), deadline: deadline)
    }
}

/// Times that are no setting.
enum StepTimes {
    /// How long an approval is good for. A claimed one goes on; one that nobody claims by then is taken back.
    static let approvalSeconds = 120
    /// What a restart takes at least, from the taking of the Lease to the service's being up: for estimates.
    static let leastRestartSeconds = 15
    /// The longest `progressDeadlineSeconds` that the schema allows.
    static let longestDeadlineSeconds = 7_200
}
