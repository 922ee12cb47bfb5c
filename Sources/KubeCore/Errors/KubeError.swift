/// Why a request to the API server, or the preparation of one, did not do what was asked.
///
/// Messages name addresses, fields and values, and never a token, a key or a password.
public struct KubeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure; a caller decides by them and by `status`.
    public enum Code: String, Hashable, Sendable {
        /// A configuration file or an environment variable is missing or wrong.
        case configuration
        /// What proves who asks could not be had for the moment: an empty token file, a credential plugin that failed.
        /// Nothing was sent.
        case credentials
        /// No connection could be made, or it broke before the request was sent: nothing happened at the server.
        case connection
        /// The server's certificate, or ours, was refused.
        case tls
        /// The time allowed ran out on a request without effect, so that it can be repeated.
        case timeout
        /// A request with an effect was sent and no answer came: it may or may not have been carried out.
        case outcomeUnknown
        /// The calling task was cancelled.
        case cancelled
        /// A write was not sent, because this process does not lead.
        case notLeading
        /// The server answered with an error; `status` says which.
        case status
        /// What came could not be read.
        case decoding
        /// What was to be sent could not be written.
        case encoding
        /// The peer broke the protocol.
        case protocolViolation
        /// What came is more than is taken of any answer.
        case tooLarge
    }

    /// The kind of failure, bounded in number and so fit for a metric's label.
    public var code: Code
    /// A sentence for people: one line of visible characters, of at most `messageLimit` bytes, whatever a server or a
    /// file said.
    public private(set) var message: String
    /// What the server answered, for `code == .status`.
    public var status: Status?
    /// How long the server asked to wait before the next try.
    public var retryAfter: Duration?
    /// Whether it belongs to an outage of the server that has been logged for all: whoever gets it need not log it.
    public var wasReported = false

    private static let messageLimit = 2_048

    /// Creates an error.
    public init(_ code: Code, _ message: String, status: Status? = nil, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message.printable(atMost: Self.messageLimit)
        self.status = status
        self.retryAfter = retryAfter
    }

    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message)" }
}

extension KubeError {
    /// The HTTP status code of the server's answer, or nil where there was none.
    public var httpStatus: Int? { status?.code }
    /// 404.
    public var isNotFound: Bool { httpStatus == 404 }
    /// 409 for a resource version that is no longer current, or for a field that another manager owns.
    public var isConflict: Bool { httpStatus == 409 && status?.reason != "AlreadyExists" }
    /// 409 for a name that is taken.
    public var isAlreadyExists: Bool { httpStatus == 409 && status?.reason == "AlreadyExists" }
    /// 410: the resource version or the continuation asked for is too old.
    public var isGone: Bool { httpStatus == 410 || status?.reason == "Expired" }
    /// 401 or 403.
    public var isForbidden: Bool { httpStatus == 401 || httpStatus == 403 }
    /// 422: the object breaks its schema or a rule.
    public var isInvalid: Bool { httpStatus == 422 }

    /// Whether the same request may well succeed later without anything being changed.
    public var isTransient: Bool {
        switch code {
        case .credentials, .connection, .timeout, .outcomeUnknown: true
        case .status: [429, 500, 502, 503, 504].contains(httpStatus ?? 0)
        case .configuration, .tls, .cancelled, .notLeading, .decoding, .encoding, .protocolViolation, .tooLarge: false
        }
    }
}
