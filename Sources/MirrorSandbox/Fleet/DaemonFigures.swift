/// What a simulated daemon counts at its listener.
package struct DaemonFigures: Codable, Hashable, Sendable {
    /// Requests for peers that arrived.
    package var peerRequests = 0
    /// Lines written to the log.
    package var logLines = 0
    /// Requests for peers that are being answered now.
    package var open = 0

    package init() {}
}
