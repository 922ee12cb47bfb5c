/// Carries requests to an API server.
///
/// The whole of the logic above needs no more than this, so that it runs in tests without a socket.
///
/// Guarantees: an answer of any HTTP status is returned, not thrown; errors are thrown only where no answer came. A
/// request with an effect that was sent and not answered is thrown as `outcomeUnknown`, never as `connection` or
/// `timeout`.
public protocol Transport: Sendable {
    /// Sends a request and waits for its whole answer.
    ///
    /// - Throws: `KubeError` with code `connection`, `tls`, `timeout`, `outcomeUnknown`, `cancelled`, `credentials` or
    ///   `configuration`.
    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse

    /// Sends a request and returns as soon as the head of the answer is there.
    ///
    /// - Throws: as `send`.
    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream
}
