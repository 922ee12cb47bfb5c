public import KubeCore

/// A transport that lets writes through only while this process leads.
///
/// Work is cancelled when the leadership is lost, but it may be anywhere then, and a process that was stopped for long
/// wakes up in the middle of it. So the question is asked once more at each write, by the clock: what is no longer ours
/// to write is not sent. Reads go through, so that a standby can look.
///
/// # Caveats
/// A write that was sent while leading may still arrive later; writes need preconditions of their own.
public struct LeaderTransport: Transport {
    private let base: any Transport
    private let isLeader: @Sendable () -> Bool

    /// Wraps `base`; `isLeader` is asked before each write.
    public init(_ base: any Transport, isLeader: @escaping @Sendable () -> Bool) {
        self.base = base
        self.isLeader = isLeader
    }

    /// Sends a request.
    ///
    /// - Throws: `KubeError` with code `notLeading`, and then nothing was sent; else what the wrapped transport throws.
    public func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        try check(request)
        return try await base.send(request)
    }

    /// Opens a stream.
    ///
    /// - Throws: as `send`.
    public func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        try check(request)
        return try await base.open(request)
    }

    private func check(_ request: KubeRequest) throws(KubeError) {
        guard !request.method.isRead, !isLeader() else { return }
        let name = "\(request.method.rawValue) \(request.path)"
        throw KubeError(.notLeading, "\(name) was not sent: this process does not lead any more")
    }
}
