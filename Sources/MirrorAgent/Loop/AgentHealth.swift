import KubeRuntime
import Synchronization

/// Whether the agent's passes succeed, for probes: they ask from outside of the agent and can't wait for it.
///
/// A pass is due from when it begins until one succeeds; between passes none is, however long the pause is.
package final class AgentHealth: Sendable {
    /// How long a pass may be due. Longer than an API server takes to come back from a restart.
    package static let limit = Duration.seconds(120)

    private struct State {
        var dueSince: Duration?
        var fault: String?
    }

    private let time: MonotonicTime
    private let state: Mutex<State>

    package init(clock: any Clock<Duration> = ContinuousClock()) {
        time = MonotonicTime(clock)
        state = Mutex(State(dueSince: time.now))
    }

    package func passBegins() {
        let now = time.now
        state.withLock { $0.dueSince = $0.dueSince ?? now }
    }

    package func passSucceeded() {
        state.withLock { $0 = State() }
    }

    package func passFailed(_ fault: String) {
        state.withLock { $0.fault = fault }
    }

    /// What is wrong, as a sentence; nil while all is well.
    package var failure: String? {
        let now = time.now
        return state.withLock { state in
            guard let since = state.dueSince, now - since >= Self.limit else { return nil }
            return "no pass has succeeded for \((now - since).components.seconds) s: "
                + (state.fault ?? "the present one has not ended")
        }
    }
}
