/// How to reach one API server, and as whom.
public struct ClusterConfiguration: Hashable, Sendable {
    /// A client certificate and its key.
    public struct ClientCertificate: Hashable, Sendable {
        /// The certificate, with its chain where it has one.
        public var certificate: PEMSource
        /// The private key.
        public var key: PEMSource

        /// Pairs a certificate with its key.
        public init(certificate: PEMSource, key: PEMSource) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Where a bearer token comes from.
    public enum Token: Hashable, Sendable {
        /// A token that does not change.
        case value(Secret)
        /// Path of a file that somebody rotates; it is read again after a minute, and at once after a 401.
        case file(String)
    }

    /// URL of the server: scheme, host, port, and the path that a proxy in front of it may ask for.
    public var server: String
    /// Who signs the server's certificate; nil for the authorities that the system trusts.
    public var certificateAuthority: PEMSource?
    /// Name that the server's certificate must carry and that is asked for in the handshake; nil for the URL's host.
    public var tlsServerName: String?
    /// Whether the server's certificate is not checked at all.
    public var isInsecure: Bool
    /// Certificate to present; nil for none.
    public var clientCertificate: ClientCertificate?
    /// Bearer token; nil for none.
    public var token: Token?
    /// Program that gives a credential where neither a token nor a client certificate is configured; nil for none.
    public var execPlugin: ExecPlugin?
    /// Proxy through which the server is reached; nil for none. The environment is not asked.
    public var proxy: ProxyAddress?
    /// Namespace to work in where none is said; nil where the configuration names none.
    public var namespace: String?

    /// Creates a configuration.
    public init(
        server: String,
        certificateAuthority: PEMSource? = nil,
        tlsServerName: String? = nil,
        isInsecure: Bool = false,
        clientCertificate: ClientCertificate? = nil,
        token: Token? = nil,
        execPlugin: ExecPlugin? = nil,
        proxy: ProxyAddress? = nil,
        namespace: String? = nil
    ) {
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.tlsServerName = tlsServerName
        self.isInsecure = isInsecure
        self.clientCertificate = clientCertificate
        self.token = token
        self.execPlugin = execPlugin
        self.proxy = proxy
        self.namespace = namespace
    }
}
