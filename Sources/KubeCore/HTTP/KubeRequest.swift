/// A request to the API server as a value: building one does no I/O, and a transport needs nothing else.
public struct KubeRequest: Hashable, Sendable {
    /// HTTP methods that the API uses.
    public enum Method: String, Hashable, Sendable {
        /// Reads.
        case get = "GET"
        /// Creates.
        case post = "POST"
        /// Replaces.
        case put = "PUT"
        /// Changes in part.
        case patch = "PATCH"
        /// Deletes.
        case delete = "DELETE"

        /// Whether a repetition after an unknown outcome does no harm by itself.
        public var isRead: Bool { self == .get }
    }

    /// One parameter of the query.
    public struct QueryItem: Hashable, Sendable {
        /// Name.
        public var name: String
        /// Value, not yet percent-encoded.
        public var value: String

        /// Creates a parameter.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Method.
    public var method: Method
    /// Path from the server's root, such as `/api/v1/nodes`; percent-encoded by the transport where needed.
    public var path: String
    /// Query parameters, in order.
    public var query: [QueryItem]
    /// Media type of the answer.
    public var accept: String
    /// Media type of the body; nil where there is none.
    public var contentType: String?
    /// Body; nil where there is none.
    public var body: [UInt8]?
    /// Time for the whole exchange; for a stream, for the head of the answer. Nil leaves it to the transport's default.
    public var timeout: Duration?
    /// For a stream: the longest silence between two chunks before it counts as dead. Nil sets no limit.
    public var idleTimeout: Duration?

    /// Creates a request.
    public init(
        _ method: Method,
        _ path: String,
        query: [QueryItem] = [],
        accept: String = "application/json",
        contentType: String? = nil,
        body: [UInt8]? = nil,
        timeout: Duration? = nil,
        idleTimeout: Duration? = nil
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.accept = accept
        self.contentType = contentType
        self.body = body
        self.timeout = timeout
        self.idleTimeout = idleTimeout
    }

    /// The value of the first query parameter of that name.
    public func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }
}

/// A whole answer.
public struct KubeResponse: Hashable, Sendable {
    /// HTTP status code.
    public var status: Int
    /// Header fields; names in lower case.
    public var headers: [String: String]
    /// Body.
    public var body: [UInt8]

    /// Creates an answer.
    public init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An answer whose body arrives piece by piece, with back-pressure: the transport reads no further than it is asked to.
public struct KubeResponseStream: Sendable {
    /// HTTP status code.
    public let status: Int
    /// Header fields; names in lower case.
    public let headers: [String: String]
    private let read: @Sendable () async throws(KubeError) -> [UInt8]?
    private let stop: @Sendable () -> Void

    /// Creates a stream over two closures.
    ///
    /// - Parameters:
    ///   - next: gives the next piece, nil at the end; called by one task at a time; ends at once when that is
    ///     cancelled.
    ///   - cancel: closes the stream; may be called at any time, more than once, from any thread.
    public init(
        status: Int,
        headers: [String: String] = [:],
        next: @escaping @Sendable () async throws(KubeError) -> [UInt8]?,
        cancel: @escaping @Sendable () -> Void
    ) {
        self.status = status
        self.headers = headers
        read = next
        stop = cancel
    }

    /// The next piece of the body, nil at its end.
    ///
    /// - Throws: `KubeError` with code `connection`, `timeout` (no data for the request's idle timeout) or `cancelled`.
    public func nextChunk() async throws(KubeError) -> [UInt8]? { try await read() }

    /// Closes the stream; a reader that waits gets the end or `cancelled`.
    public func cancel() { stop() }

    /// Reads the rest of the body.
    ///
    /// - Throws: as `nextChunk`, and `protocolViolation` when more than `limit` bytes come.
    public func collect(upTo limit: Int) async throws(KubeError) -> [UInt8] {
        var body: [UInt8] = []
        while let chunk = try await nextChunk() {
            body += chunk
            guard body.count <= limit else {
                cancel()
                throw KubeError(.protocolViolation, "the answer is longer than \(limit) bytes")
            }
        }
        return body
    }
}
