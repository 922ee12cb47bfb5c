/// A node, with the fields that keeping a mirror healthy needs; images, capacities and managed fields are not kept.
public struct Node: KubeObject {
    /// `v1` `nodes`.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        plural: "nodes",
        kind: "Node",
        namespaced: false
    )

    /// What the administrator wants of the node.
    public struct Spec: Codable, Hashable, Sendable {
        /// Whether new pods stay away (`kubectl cordon`).
        public var unschedulable: Bool?

        /// Creates a specification.
        public init(unschedulable: Bool? = nil) {
            self.unschedulable = unschedulable
        }
    }

    /// One condition that the kubelet or a controller reports.
    public struct Condition: Codable, Hashable, Sendable {
        /// Type, such as `Ready` or `EtcdIsVoter`.
        public var type: String
        /// `True`, `False` or `Unknown`.
        public var status: String
        /// When the status changed last.
        public var lastTransitionTime: Timestamp?
        /// One word for programs.
        public var reason: String?
        /// A sentence for people.
        public var message: String?

        /// Creates a condition.
        public init(
            type: String,
            status: String,
            lastTransitionTime: Timestamp? = nil,
            reason: String? = nil,
            message: String? = nil
        ) {
            self.type = type
            self.status = status
            self.lastTransitionTime = lastTransitionTime
            self.reason = reason
            self.message = message
        }
    }

    /// One address of the node.
    public struct Address: Codable, Hashable, Sendable {
        /// `InternalIP`, `ExternalIP`, `Hostname`, `InternalDNS` or `ExternalDNS`.
        public var type: String
        /// The address.
        public var address: String

        /// Creates an address.
        public init(type: String, address: String) {
            self.type = type
            self.address = address
        }
    }

    /// What the kubelet says of itself.
    public struct Info: Codable, Hashable, Sendable {
        /// Version, such as `v1.32.3`; what follows a `+` names the distribution.
        public var kubeletVersion: String
        /// `linux` or `windows`.
        public var operatingSystem: String

        /// Creates the information.
        public init(kubeletVersion: String, operatingSystem: String = "linux") {
            self.kubeletVersion = kubeletVersion
            self.operatingSystem = operatingSystem
        }

        enum CodingKeys: String, CodingKey {
            case kubeletVersion, operatingSystem
        }

        /// Decodes; what is absent is empty.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            kubeletVersion = try container.decodeIfPresent(String.self, forKey: .kubeletVersion) ?? ""
            operatingSystem = try container.decodeIfPresent(String.self, forKey: .operatingSystem) ?? ""
        }
    }

    /// What is known of the node.
    public struct Status: Codable, Hashable, Sendable {
        /// Conditions.
        public var conditions: [Condition]?
        /// Addresses.
        public var addresses: [Address]?
        /// What the kubelet says of itself.
        public var nodeInfo: Info?

        /// Creates a status.
        public init(conditions: [Condition]? = nil, addresses: [Address]? = nil, nodeInfo: Info? = nil) {
            self.conditions = conditions
            self.addresses = addresses
            self.nodeInfo = nodeInfo
        }
    }

    /// Metadata.
    public var metadata: ObjectMeta
    /// What the administrator wants of the node.
    public var spec: Spec?
    /// What is known of the node.
    public var status: Status?

    /// Creates a node.
    public init(metadata: ObjectMeta, spec: Spec? = nil, status: Status? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    /// The condition of that type, if the node reports it.
    public func condition(_ type: String) -> Condition? {
        status?.conditions?.first { $0.type == type }
    }

    /// Whether the kubelet reports `Ready`.
    public var isReady: Bool { condition("Ready")?.status == "True" }

    /// Whether the node is cordoned.
    public var isCordoned: Bool { spec?.unschedulable ?? false }

    /// The addresses of one type.
    public func addresses(_ type: String) -> [String] {
        (status?.addresses ?? []).filter { $0.type == type }.map(\.address)
    }
}
