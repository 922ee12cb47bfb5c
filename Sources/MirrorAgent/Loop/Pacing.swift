import KubeRuntime

/// How long to wait between two passes; pure.
package struct Pacing: Sendable {
    /// How a pass ended.
    package enum Outcome: Hashable, Sendable {
        case done(NextLook)
        /// Something could not be read or done.
        case failed(isStepUnderWay: Bool)
    }

    /// Two parts of a pause, one after the other, both before jitter.
    package struct Pause: Hashable, Sendable {
        /// Not ended by anything.
        package var blind: Duration = .zero
        /// Ended early by a change of a MirrorNode.
        package var open: Duration = .zero

        package init(blind: Duration = .zero, open: Duration = .zero) {
            self.blind = blind
            self.open = open
        }
    }

    /// Passes without a pause before a pause is forced. A decision that changes nothing, and two agents that think that
    /// they are on one node and contradict each other, must not become load on the API server.
    package static let longestBurst = 20

    private let options: AgentOptions
    private let backoff: Backoff
    private var burst = 0
    private var failures = 0

    package init(_ options: AgentOptions) {
        self.options = options
        // While the API server is away, the agents of a fleet must not all ask it every second.
        backoff = Backoff(initial: options.busyInterval, maximum: max(options.busyInterval, .seconds(30)))
    }

    /// - Parameter isSeed: whether figures are reported of the host.
    package mutating func pause(after outcome: Outcome, isSeed: Bool = false) -> Pause {
        burst += 1
        var pause = Pause(blind: burst >= Self.longestBurst ? options.busyInterval : .zero)
        switch outcome {
        case .done(let look):
            failures = 0
            pause.open =
                switch look {
                case .now: .zero
                case .soon: options.busyInterval
                case .later: isSeed ? min(options.idleInterval, options.figureInterval) : options.idleInterval
                }
        case .failed(let isStepUnderWay):
            failures += 1
            // A node that is being restarted is looked after, whatever fails.
            pause.open = isStepUnderWay ? options.busyInterval : backoff.delay(afterFailures: failures)
        }
        return pause
    }

    /// The open part of a pause passed without a change.
    package mutating func passedInPeace() {
        burst = 0
    }
}
