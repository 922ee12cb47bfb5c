#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What one connection, and all of them together, may take of the endpoint server.
///
/// Who asks are kubelet and Prometheus: a line, a handful of headers, no body. Nobody logs in, so that whoever reaches
/// the port is held to the same.
package struct ServerLimits: Hashable, Sendable {
    /// Bytes of a request line.
    package var line = 4_096
    /// Bytes of all header lines of one request. A proxy in front may add a token.
    package var headers = 16_384
    /// Header lines of one request.
    package var fields = 64
    /// From the opening of a connection, or the first byte of a further request, to the end of its headers.
    package var request = Duration.seconds(10)
    /// Between two requests of one connection; more than a usual interval of scrapes.
    package var idle = Duration.seconds(90)
    /// From the first to the last byte of an answer.
    package var answer = Duration.seconds(10)
    /// From an answer that is the last of its connection to the client's own end. Whoever closes with bytes unread
    /// makes the client's system throw the answer away (RFC 9112 section 9.6).
    package var farewell = Duration.seconds(1)
    /// Bytes that are read and thrown away in that time.
    package var farewellBytes = 262_144
    /// Requests of one connection.
    package var requests = 1_000
    /// Connections at once.
    package var connections = 128
    /// How long a page of metrics is given to whoever asks, before a new one is made.
    package var page = Duration.milliseconds(100)
    /// For how long no connection can be taken, for want of descriptors or memory, until the server gives up.
    package var want = Duration.seconds(30)

    package init() {}

    /// With no more connections than a quarter of the descriptors that a process may have: the others are for its work.
    func fitting(descriptors: Int) -> ServerLimits {
        var limits = self
        limits.connections = min(connections, max(1, descriptors / 4))
        return limits
    }

    /// How many descriptors this process may have.
    static var descriptors: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: limit.rlim_cur)
    }
}
