/// Makes unary calls of gRPC, many at once.
///
/// Guarantees: no call waits for another; the deadline is its own timeout, counted from the call. It never throws: what
/// goes wrong is the outcome. When the calling task is cancelled the outcome is `cancelled`, at once. A call is made
/// once: a call with an effect that fails by anything else than `resolution`, `connection`, `tls` or `configuration`
/// may have been carried out.
public protocol GRPCTransport: Sendable {
    /// Makes one call.
    func call(_ request: GRPCRequest) async -> GRPCOutcome
}

/// How one call ended.
public enum GRPCOutcome: Hashable, Sendable {
    /// The server's message, with status OK.
    case answered([UInt8])
    /// Anything else.
    case failed(GRPCFault)
}

/// Why a call failed.
public struct GRPCFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of failure; a caller decides by them.
    public enum Kind: Hashable, Sendable {
        /// The name has no address.
        case resolution
        /// No connection could be made: refused, or no way there. Nothing was sent.
        case connection
        /// The connection was made, and it ended before the answer did.
        case interrupted
        /// The time allowed ran out, by our clock.
        case timeout
        /// TLS failed: one side refused the other's certificate, or speaks no TLS.
        case tls
        /// What came is no gRPC, or breaks its rules.
        case protocolViolation
        /// The server answered with a status that is not OK.
        case status(GRPCCode)
        /// The answer is longer than the request allows.
        case tooLarge
        /// We gave it up ourselves: it says nothing about the server.
        case cancelled
        /// The call itself cannot be made.
        case configuration
    }

    /// The kind of failure.
    public var kind: Kind
    /// `HOST:PORT` that was called.
    public var address: String
    /// A sentence without the address, of visible characters; the same for the same cause, so that it can stand in a
    /// status. Of a status it is the server's own message, as far as that is no longer than `messageLimit`.
    public private(set) var message: String

    /// Bytes of the longest message; what a server says beyond them is cut.
    public static let messageLimit = 300

    /// Creates a fault.
    public init(_ kind: Kind, address: String, message: String) {
        self.kind = kind
        self.address = address
        self.message = message.printable(atMost: Self.messageLimit)
    }

    /// Address, kind and message.
    public var description: String { "\(address): \(kind.label): \(message)" }
}

extension GRPCFault.Kind {
    /// A word for it, bounded in number and so fit for a metric's label; of a status the code's name.
    public var label: String {
        switch self {
        case .resolution: "resolution"
        case .connection: "connection"
        case .interrupted: "interrupted"
        case .timeout: "timeout"
        case .tls: "tls"
        case .protocolViolation: "protocolViolation"
        case .status(let code): code.name
        case .tooLarge: "tooLarge"
        case .cancelled: "cancelled"
        case .configuration: "configuration"
        }
    }
}

/// The codes with which a call ends (grpc `doc/statuscodes.md`).
public enum GRPCCode: Int, CaseIterable, Codable, Hashable, Sendable {
    /// It was done.
    case ok = 0
    /// The caller gave it up.
    case cancelled = 1
    /// Nobody knows; also what a server without a code for it says.
    case unknown = 2
    /// The request can never be right.
    case invalidArgument = 3
    /// Time ran out at the server.
    case deadlineExceeded = 4
    /// It is not there.
    case notFound = 5
    /// It is there already.
    case alreadyExists = 6
    /// The caller may not.
    case permissionDenied = 7
    /// Too much was asked for: a rate limit, or no room.
    case resourceExhausted = 8
    /// The state of things forbids it.
    case failedPrecondition = 9
    /// Somebody else was in the way.
    case aborted = 10
    /// Beyond the end.
    case outOfRange = 11
    /// The server has no such method.
    case unimplemented = 12
    /// The server broke.
    case `internal` = 13
    /// The server cannot now.
    case unavailable = 14
    /// Data is lost.
    case dataLoss = 15
    /// The caller is not known.
    case unauthenticated = 16

    /// The name in gRPC's documents.
    public var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
