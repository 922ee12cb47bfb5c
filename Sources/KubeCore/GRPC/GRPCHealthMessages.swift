/// `grpc.health.v1.HealthCheckRequest` (grpc `doc/health-checking.md`).
public struct GRPCHealthQuery: Hashable, ProtobufMessage {
    /// The service that is asked about; empty for the whole server.
    public var service = ""

    /// Asks about the whole server.
    public init() {}

    /// Asks about one service.
    public init(service: String) {
        self.service = service
    }

    /// Field 1 is the service.
    public mutating func take(_ field: ProtobufField) throws(KubeError) {
        if field.number == 1 { try field.read(into: &service) }
    }

    /// Field 1 is the service.
    public func write(to writer: inout ProtobufWriter) { writer.write(1, service) }
}

/// `grpc.health.v1.HealthCheckResponse`.
public struct GRPCHealthAnswer: Hashable, ProtobufMessage {
    /// Field 1 as it came; 0 where it is left out.
    public var number: Int32 = 0

    /// An answer that says UNKNOWN.
    public init() {}

    /// An answer.
    public init(_ status: Status) {
        number = status.rawValue
    }

    /// `ServingStatus`.
    public enum Status: Int32, Codable, Hashable, Sendable {
        /// Nothing is known.
        case unknown = 0
        /// It serves.
        case serving = 1
        /// It does not serve.
        case notServing = 2
        /// There is no such service; only the streaming method answers it, `Check` has NOT_FOUND instead.
        case serviceUnknown = 3

        /// The name in the definition.
        public var name: String {
            switch self {
            case .unknown: "UNKNOWN"
            case .serving: "SERVING"
            case .notServing: "NOT_SERVING"
            case .serviceUnknown: "SERVICE_UNKNOWN"
            }
        }
    }

    /// What the server says; nil for a number that has no meaning.
    public var status: Status? { Status(rawValue: number) }

    /// Field 1 is the status.
    public mutating func take(_ field: ProtobufField) {
        if field.number == 1 { field.read(into: &number) }
    }

    /// Field 1 is the status.
    public func write(to writer: inout ProtobufWriter) { writer.write(1, Int64(number)) }
}
