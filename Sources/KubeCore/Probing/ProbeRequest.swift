/// One look at whether an endpoint answers, as a value: like a container's probe, made from afar.
public struct ProbeRequest: Hashable, Sendable {
    /// The scheme of an HTTP probe.
    public enum Scheme: String, Codable, Hashable, Sendable {
        /// Plain.
        case http = "HTTP"
        /// Over TLS; the certificate is not verified, as a kubelet does not verify it either.
        case https = "HTTPS"
    }

    /// What is asked.
    public enum Check: Hashable, Sendable {
        /// A GET that must be answered with a status of 200 to 399.
        case httpGet(scheme: Scheme, path: String)
        /// A connection that must be accepted.
        case tcpConnect
        /// `grpc.health.v1.Health/Check`, which must answer `SERVING`; an empty service asks for the whole server.
        case grpcHealth(service: String)
    }

    /// An IP address, without brackets, or a name.
    public var host: String
    /// Port.
    public var port: Int
    /// What is asked.
    public var check: Check
    /// Time for all of it, from the moment at which it is started.
    public var timeout: Duration

    /// Creates a probe of an endpoint.
    public init(host: String, port: Int, check: Check, timeout: Duration) {
        self.host = host
        self.port = port
        self.check = check
        self.timeout = timeout
    }

    /// `HOST:PORT`, an IPv6 address in brackets.
    public var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// What is tried, for messages: a URL, without what a query may hold.
    public var address: String {
        switch check {
        case .httpGet(let scheme, let path):
            "\(scheme.rawValue.lowercased())://\(authority)\(path.prefix { $0 != "?" && $0 != "#" }.prefix(256))"
        case .tcpConnect: "tcp://\(authority)"
        case .grpcHealth(let service): "grpc://\(authority)\(service.isEmpty ? "" : "/\(service.prefix(128))")"
        }
    }
}

/// How one probe ended.
public struct ProbeOutcome: Hashable, Sendable {
    /// Why a probe failed, bounded in number and so fit for a metric's label.
    public enum Fault: String, Hashable, Sendable {
        /// No connection could be made, or it broke.
        case connection
        /// The TLS handshake failed.
        case tls
        /// The time allowed ran out.
        case timeout
        /// What came is not the protocol that was asked for.
        case protocolViolation
        /// It answered, and not that it is well.
        case unhealthy
        /// The probe itself cannot be made.
        case configuration
        /// We gave it up ourselves: it says nothing about the endpoint.
        case cancelled
    }

    /// Why it failed; nil where it succeeded.
    public var fault: Fault?
    /// What was tried, as a URL.
    public var address: String
    /// A sentence without the address; the same for the same cause, so that it can stand in a status.
    public var message: String

    /// Creates an outcome.
    public init(fault: Fault?, address: String, message: String) {
        self.fault = fault
        self.address = address
        self.message = message
    }

    /// Whether the endpoint is well.
    public var isSuccess: Bool { fault == nil }
}
