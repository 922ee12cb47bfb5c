/// The server's description of an error, in the form of `metav1.Status`.
public struct Status: Codable, Hashable, Sendable {
    /// One fault of an object that was refused.
    public struct Cause: Codable, Hashable, Sendable {
        /// One word for programs.
        public var reason: String?
        /// A sentence for people.
        public var message: String?
        /// Path of the field.
        public var field: String?

        /// Creates a fault.
        public init(reason: String?, message: String?, field: String?) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    /// What the error is about.
    public struct Details: Codable, Hashable, Sendable {
        /// Name of the object.
        public var name: String?
        /// API group.
        public var group: String?
        /// Resource (plural).
        public var kind: String?
        /// The faults, one for each field.
        public var causes: [Cause]?
        /// Seconds to wait before the next try.
        public var retryAfterSeconds: Int?
    }

    /// `Success` or `Failure`.
    public var status: String?
    /// A sentence for people.
    public var message: String?
    /// One word for programs, such as `NotFound`.
    public var reason: String?
    /// HTTP status code.
    public var code: Int?
    /// What the error is about.
    public var details: Details?

    /// Creates a failure.
    public init(code: Int, reason: String, message: String, details: Details? = nil) {
        status = "Failure"
        self.message = message
        self.reason = reason
        self.code = code
        self.details = details
    }
}
