/// One unary call of gRPC as a value: building one does no I/O, and a transport needs nothing else.
public struct GRPCRequest: Hashable, Sendable {
    /// What protects the connection.
    public enum Security: Hashable, Sendable {
        /// Nothing: HTTP/2 in cleartext, known beforehand.
        case plaintext
        /// TLS that agrees on `h2`.
        case tls(GRPCTLS)
    }

    /// An IP address, without brackets, or a name.
    public var host: String
    /// Port.
    public var port: Int
    /// `/package.Service/Method`.
    public var path: String
    /// The message, without the frame around it.
    public var message: [UInt8]
    /// Time for all of it, from the moment at which it is started; the server is told.
    public var timeout: Duration
    /// What protects the connection.
    public var security: Security
    /// Names in lower case with their values: visible ASCII characters and spaces. A name that gRPC or HTTP/2 gives a
    /// meaning is refused.
    public var metadata: [String: String] = [:]
    /// Bytes of the longest message that is taken as the answer.
    public var answerLimit = 64 << 20

    /// Creates a call.
    public init(
        host: String,
        port: Int,
        path: String,
        message: [UInt8] = [],
        timeout: Duration,
        security: Security = .plaintext
    ) {
        self.host = host
        self.port = port
        self.path = path
        self.message = message
        self.timeout = timeout
        self.security = security
    }

    /// `HOST:PORT`, an IPv6 address in brackets.
    public var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Certificates for a connection, in PEM form; printing it shows none of them.
public struct GRPCTLS: Hashable, Sendable {
    /// Whom to trust; nil for the system's authorities.
    public var authority: [UInt8]?
    /// Our own certificate, with those that sign it.
    public var certificate: [UInt8]?
    /// The key of our own certificate.
    public var key: [UInt8]?
    /// What the server's certificate must be for, where that is not the host that is called.
    public var serverName: String?
    /// Whether the name in the server's certificate counts. Who signed it always counts.
    public var isNameVerified = true

    /// Creates a set of certificates.
    public init(
        authority: [UInt8]? = nil,
        certificate: [UInt8]? = nil,
        key: [UInt8]? = nil,
        serverName: String? = nil,
        isNameVerified: Bool = true
    ) {
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
        self.isNameVerified = isNameVerified
    }
}

extension GRPCTLS: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Which parts there are, and the name.
    public var description: String {
        let parts = [("authority", authority), ("certificate", certificate), ("key", key)].filter { $0.1 != nil }
        return "TLS (\((parts.map(\.0) + (serverName.map { ["name \($0)"] } ?? [])).joined(separator: ", ")))"
    }
    /// As `description`.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
