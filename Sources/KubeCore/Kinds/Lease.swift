/// A Lease: who holds something, since when and for how long.
public struct Lease: KubeObject {
    /// `coordination.k8s.io/v1` `leases`.
    public static let resource = ResourceType(
        group: "coordination.k8s.io",
        version: "v1",
        plural: "leases",
        kind: "Lease",
        namespaced: true
    )

    /// The holder and its times.
    public struct Spec: Codable, Hashable, Sendable {
        /// Who holds it; nil or empty where nobody does.
        public var holderIdentity: String?
        /// Seconds after `renewTime` at which others may take it; nil where it does not expire.
        public var leaseDurationSeconds: Int?
        /// When the present holder took it.
        public var acquireTime: MicroTimestamp?
        /// When the present holder confirmed it last.
        public var renewTime: MicroTimestamp?
        /// How often the holder has changed.
        public var leaseTransitions: Int?

        /// Creates a specification.
        public init(
            holderIdentity: String? = nil,
            leaseDurationSeconds: Int? = nil,
            acquireTime: MicroTimestamp? = nil,
            renewTime: MicroTimestamp? = nil,
            leaseTransitions: Int? = nil
        ) {
            self.holderIdentity = holderIdentity
            self.leaseDurationSeconds = leaseDurationSeconds
            self.acquireTime = acquireTime
            self.renewTime = renewTime
            self.leaseTransitions = leaseTransitions
        }
    }

    /// The greatest number that a Lease's fields hold: they have 32 bits (kubernetes/api, coordination/v1/types.go).
    package static let greatestNumber = Int(Int32.max)

    /// `leaseTransitions` after one more change of the holder.
    package static func transitions(after previous: Int?) -> Int {
        (previous ?? 0).bounded(to: 0...greatestNumber - 1) + 1
    }

    /// Metadata.
    public var metadata: ObjectMeta
    /// The holder and its times.
    public var spec: Spec?

    /// Creates a Lease.
    public init(metadata: ObjectMeta, spec: Spec? = nil) {
        self.metadata = metadata
        self.spec = spec
    }
}
