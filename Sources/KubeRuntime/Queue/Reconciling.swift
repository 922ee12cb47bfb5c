import KubeCore

/// What follows a reconcile that succeeded.
public enum ReconcileResult: Hashable, Sendable {
    /// Nothing until something changes. Right only where all that the decision depends on is watched.
    case awaitChange
    /// Another run when so much time has passed, or earlier on a change.
    case requeue(after: Duration)
}

/// An error that another try would not heal: it is counted and logged, and the key waits for a change.
public struct TerminalError: Error, CustomStringConvertible, Sendable {
    /// What is wrong and what would be right.
    public let message: String

    /// Creates an error; `message` says what is wrong and what would be right.
    public init(_ message: String) {
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

/// What follows a reconcile that failed.
public enum ErrorDecision: Hashable, Sendable {
    /// Another try after so long.
    case retry(after: Duration)
    /// No other try until something changes.
    case giveUp
}

/// What to do after an error, from the error and the delay that the key's failures so far call for.
public typealias ErrorPolicy = @Sendable (_ error: any Error, _ backoff: Duration) -> ErrorDecision

extension ErrorDecision {
    /// The usual policy: terminal errors are given up, and everything else is tried again after the backoff or after
    /// the time that the server asked for, whichever is longer.
    public static func standard(_ error: any Error, backoff: Duration) -> ErrorDecision {
        switch error {
        case is TerminalError: .giveUp
        case let error as KubeError: .retry(after: max(backoff, error.retryAfter ?? .zero))
        default: .retry(after: backoff)
        }
    }
}
