/// What a simulated daemon counts at its listener.
package struct DaemonFigures: Codable, Hashable, Sendable {
    /// Requests for peers that arrived.
    package var peerRequests = 0
    /// Lines written to the log.
    package var logLines = 0
    /// Requests for peers that are being answered now.
    package var open = 0
    /// Dials of the peer-to-peer port.
    package var dials = 0
    /// Layers that were served.
    package var pulls = 0
    /// Layers that could not be stored and so not served.
    package var failedPulls = 0

    package init() {}

    mutating func count(_ event: PeerPort.Event) {
        switch event {
        case .dial: dials += 1
        case .pull: pulls += 1
        case .failedPull: failedPulls += 1
        }
    }
}
