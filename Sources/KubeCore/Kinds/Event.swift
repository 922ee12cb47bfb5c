/// An Event of `events.k8s.io/v1`: what happened to an object, for people.
public struct Event: KubeObject {
    /// `events.k8s.io/v1` `events`.
    public static let resource = ResourceType(
        group: "events.k8s.io",
        version: "v1",
        plural: "events",
        kind: "Event",
        namespaced: true
    )

    /// The object that an Event is about.
    public struct Reference: Codable, Hashable, Sendable {
        /// API version.
        public var apiVersion: String?
        /// Kind.
        public var kind: String?
        /// Namespace; nil for objects of the whole cluster.
        public var namespace: String?
        /// Name.
        public var name: String?
        /// Identity.
        public var uid: String?

        /// Creates a reference.
        public init(apiVersion: String?, kind: String?, namespace: String? = nil, name: String?, uid: String? = nil) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.namespace = namespace
            self.name = name
            self.uid = uid
        }
    }

    /// How often an Event happened again.
    public struct Series: Codable, Hashable, Sendable {
        /// How often, the first time included.
        public var count: Int
        /// When it happened last.
        public var lastObservedTime: MicroTimestamp

        /// Creates a series.
        public init(count: Int, lastObservedTime: MicroTimestamp) {
            self.count = count
            self.lastObservedTime = lastObservedTime
        }
    }

    /// Metadata.
    public var metadata: ObjectMeta
    /// When it happened first.
    public var eventTime: MicroTimestamp?
    /// Repetitions.
    public var series: Series?
    /// Name of the reporting controller.
    public var reportingController: String?
    /// Name of the reporting process.
    public var reportingInstance: String?
    /// What was done or tried; at most 128 characters.
    public var action: String?
    /// One word for programs; at most 128 characters.
    public var reason: String?
    /// A sentence for people; at most 1024 characters.
    public var note: String?
    /// `Normal` or `Warning`.
    public var type: String?
    /// What it is about.
    public var regarding: Reference?

    /// Creates an Event.
    public init(
        metadata: ObjectMeta,
        eventTime: MicroTimestamp?,
        reportingController: String?,
        reportingInstance: String?,
        action: String?,
        reason: String?,
        note: String?,
        type: String?,
        regarding: Reference?
    ) {
        self.metadata = metadata
        self.eventTime = eventTime
        self.reportingController = reportingController
        self.reportingInstance = reportingInstance
        self.action = action
        self.reason = reason
        self.note = note
        self.type = type
        self.regarding = regarding
    }
}
