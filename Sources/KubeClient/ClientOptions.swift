/// How a client behaves, apart from whom it talks to.
public struct ClientOptions: Hashable, Sendable {
    /// Value of the User-Agent field, such as `p2pmirror/0.1.0`.
    public var userAgent: String
    /// Time for a whole exchange, or for the head of a stream, where the request does not say.
    public var timeout: Duration
    /// Time for a connection to be made; part of the time for the exchange.
    public var connectTimeout: Duration
    /// What follows a Retry-After.
    public var retries: RetryPolicy
    /// Bytes of a stream that wait for their reader before the transfer is held back.
    public var streamBound: Int
    /// Bytes of the longest whole answer that is accepted. An object has 3 MiB at most (kubernetes/apiserver,
    /// `MaxRequestBodyBytes` of pkg/server/config.go), and a page of 500 nodes of 13 kB has 6.5 MB; a `Reflector` asks
    /// for smaller pages where one is longer.
    public var answerLimit: Int
    /// Whether compressed answers are asked for: worth it over a network, not on one machine.
    public var acceptsCompression: Bool
    /// How long a token or a certificate from a file is used before the file is read again. A refusal has it read again
    /// at once.
    public var fileLifetime: Duration
    /// Over what time the watches that were opened with replaced certificates end, so that they do not all come back
    /// together.
    public var rotationSpread: Duration
    /// How long a credential plugin may run.
    public var pluginTimeout: Duration

    /// How often certificates are looked after without a request; a lifetime of zero must not make a core busy.
    package var upkeepInterval: Duration { max(fileLifetime, .milliseconds(50)) }

    /// Creates options.
    public init(
        userAgent: String,
        timeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        retries: RetryPolicy = RetryPolicy(),
        streamBound: Int = 1 << 20,
        answerLimit: Int = 8 << 20,
        acceptsCompression: Bool = false,
        fileLifetime: Duration = .seconds(60),
        rotationSpread: Duration = .seconds(10),
        pluginTimeout: Duration = .seconds(30)
    ) {
        self.userAgent = userAgent
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.retries = retries
        self.streamBound = streamBound
        self.answerLimit = answerLimit
        self.acceptsCompression = acceptsCompression
        self.fileLifetime = fileLifetime
        self.rotationSpread = rotationSpread
        self.pluginTimeout = pluginTimeout
    }
}
