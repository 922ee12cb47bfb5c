/// One condition of an object's status, in the form of `metav1.Condition`.
public struct Condition: Codable, Hashable, Sendable {
    /// Whether a condition holds.
    public enum Status: String, Codable, Hashable, Sendable {
        /// It holds.
        case `true` = "True"
        /// It does not hold.
        case `false` = "False"
        /// It is not known.
        case unknown = "Unknown"
    }

    /// Type, such as `Ready`.
    public var type: String
    /// Whether it holds.
    public var status: Status
    /// The generation of the specification that was looked at.
    public var observedGeneration: Int64?
    /// When the status changed last.
    public var lastTransitionTime: Timestamp?
    /// One word for programs; never empty.
    public var reason: String
    /// A sentence for people; visible characters alone, and cut where it is longer than a server takes.
    public var message: String {
        didSet { message = message.printable(atMost: Self.messageLimit) }
    }

    /// The most that the type of Kubernetes allows (kubernetes/apimachinery, pkg/apis/meta/v1/types.go).
    private static let messageLimit = 32_768

    /// Creates a condition.
    public init(
        type: String,
        status: Status,
        observedGeneration: Int64? = nil,
        lastTransitionTime: Timestamp? = nil,
        reason: String,
        message: String
    ) {
        self.type = type
        self.status = status
        self.observedGeneration = observedGeneration
        self.lastTransitionTime = lastTransitionTime
        self.reason = reason
        self.message = message.printable(atMost: Self.messageLimit)
    }
}

extension [Condition] {
    /// The condition of that type, if there is one.
    public func first(ofType type: String) -> Condition? {
        first { $0.type == type }
    }

    /// The same conditions, each with the transition time of its predecessor where the status is unchanged, else `now`.
    public func carryingTransitionTimes(from previous: [Condition], now: Timestamp) -> [Condition] {
        map { condition in
            var condition = condition
            let old = previous.first(ofType: condition.type)
            condition.lastTransitionTime = old?.status == condition.status ? (old?.lastTransitionTime ?? now) : now
            return condition
        }
    }
}
