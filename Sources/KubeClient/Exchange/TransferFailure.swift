package import KubeCore

/// Why an attempt ended without a whole answer, and what may have happened at the server.
package struct TransferFailure: Hashable, Sendable {
    /// What went wrong, by its cause and not by libcurl's number.
    package enum Cause: Hashable, Sendable {
        case tls
        case timeout
        case tooLong
        case protocolViolation
        case connection
        case configuration
    }

    package var cause: Cause
    package var detail: String
    /// Whether any part of the request may have reached the server.
    package var wasSent: Bool

    package init(cause: Cause, detail: String, wasSent: Bool) {
        self.cause = cause
        self.detail = detail
        self.wasSent = wasSent
    }

    /// The error for the caller.
    ///
    /// A write that may have reached the server and was not answered is of unknown outcome whatever the cause. One that
    /// did not reach it failed as a connection does: nothing happened, and it can be repeated.
    package func error(method: KubeRequest.Method, name: String) -> KubeError {
        let message = "\(name): \(detail)"
        switch cause {
        case .tls: return KubeError(.tls, message)
        case .configuration: return KubeError(.configuration, message)
        case .timeout where !method.isRead && !wasSent: return KubeError(.connection, message)
        case _ where !method.isRead && wasSent:
            return KubeError(.outcomeUnknown, "\(message); the request was sent, so it may have been carried out")
        case .timeout: return KubeError(.timeout, message)
        case .tooLong: return KubeError(.tooLarge, message)
        case .protocolViolation: return KubeError(.protocolViolation, message)
        case .connection: return KubeError(.connection, message)
        }
    }
}
