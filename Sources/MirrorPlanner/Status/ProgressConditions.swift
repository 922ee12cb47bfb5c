import KubeCore
import MirrorAPI

/// What kstatus reads: the same for every provider.
extension Progress {
    var ready: (Condition.Status, Verdict) {
        switch self {
        case .steady(let verdict): (.true, verdict)
        case .advancing(let verdict) where verdict.reason == .staleInformation: (.unknown, verdict)
        case .advancing(let verdict), .stalled(let verdict): (.false, verdict)
        }
    }

    var reconciling: (Condition.Status, Verdict) {
        guard case .advancing(let verdict) = self else {
            return (.false, Verdict(.notReconciling, "Nothing is under way"))
        }
        // A hold, or a fleet without nodes, is no work in progress.
        let rests = verdict.reason == .paused || verdict.reason == .noNodesSelected
        return (rests ? .false : .true, verdict)
    }

    var stalled: (Condition.Status, Verdict) {
        guard case .stalled(let verdict) = self else {
            return (.false, Verdict(.notStalled, "No action needed"))
        }
        return (.true, verdict)
    }
}

extension P2PMirrorSpec {
    /// - Parameter warning: what a hold has not stopped yet.
    func paused(_ warning: String? = nil) -> (Condition.Status, Verdict) {
        guard !pauseRequests.isEmpty else { return (.false, Verdict(.notPaused, "No hold is set")) }
        let message =
            "Paused by \(Sentences.list(pauseRequests)); it goes on when spec.pauseRequests is empty"
            + (warning.map { "; \($0)" } ?? "")
        return (.true, Verdict(.paused, message))
    }
}
