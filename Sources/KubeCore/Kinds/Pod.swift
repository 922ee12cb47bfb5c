/// A pod, with the fields that tell whether it is well: readiness, crash loops, and whether it is going.
///
/// Decoding is lenient: what is absent or of another form is as if it were not there, so that one odd pod does not hide
/// the others of a list.
public struct Pod: KubeObject {
    /// `v1` `pods`.
    public static let resource = ResourceType(
        group: "",
        version: "v1",
        plural: "pods",
        kind: "Pod",
        namespaced: true
    )

    /// Where it runs, and of what it is made.
    public struct Spec: Codable, Hashable, Sendable {
        /// Name of the node; nil while it is not scheduled.
        public var nodeName: String?
        /// Whether it has its node's network, where no NetworkPolicy holds.
        public var hostNetwork: Bool
        /// The containers that run at the same time.
        public var containers: [Container]
        /// The volumes.
        public var volumes: [Volume]

        /// Creates a specification.
        public init(
            nodeName: String? = nil,
            hostNetwork: Bool = false,
            containers: [Container] = [],
            volumes: [Volume] = []
        ) {
            self.nodeName = nodeName
            self.hostNetwork = hostNetwork
            self.containers = containers
            self.volumes = volumes
        }
    }

    /// One container, with what says what it is.
    public struct Container: Codable, Hashable, Sendable {
        /// Name of the container.
        public var name: String
        /// Reference of its image.
        public var image: String

        /// Creates a container.
        public init(name: String, image: String) {
            self.name = name
            self.image = image
        }
    }

    /// One volume, with what says where its content comes from.
    public struct Volume: Codable, Hashable, Sendable {
        /// Name of the volume.
        public var name: String
        /// Names of the ConfigMaps whose keys are its files, those of projected sources included.
        public var configMaps: [String]
        /// Directory of the host; nil where it is none.
        public var hostPath: String?
        /// Whether it is a persistent one.
        public var isClaim: Bool

        /// Creates a volume.
        public init(name: String, configMaps: [String] = [], hostPath: String? = nil, isClaim: Bool = false) {
            self.name = name
            self.configMaps = configMaps
            self.hostPath = hostPath
            self.isClaim = isClaim
        }
    }

    /// One address.
    public struct Address: Codable, Hashable, Sendable {
        /// The address.
        public var ip: String

        /// Creates an address.
        public init(_ ip: String) {
            self.ip = ip
        }
    }

    /// Whether something holds for the pod.
    public struct Condition: Codable, Hashable, Sendable {
        /// Type, such as `Ready`.
        public var type: String
        /// `True`, `False` or `Unknown`.
        public var status: String
        /// When the status changed last.
        public var lastTransitionTime: Timestamp?
        /// One word for programs.
        public var reason: String?

        /// Creates a condition.
        public init(type: String, status: String, lastTransitionTime: Timestamp? = nil, reason: String? = nil) {
            self.type = type
            self.status = status
            self.lastTransitionTime = lastTransitionTime
            self.reason = reason
        }
    }

    /// How one container fares.
    public struct ContainerStatus: Codable, Hashable, Sendable {
        /// Why a container is in a state.
        public struct Detail: Codable, Hashable, Sendable {
            /// One word for programs, such as `CrashLoopBackOff` or `OOMKilled`.
            public var reason: String?

            /// Creates a detail.
            public init(reason: String? = nil) {
                self.reason = reason
            }
        }

        /// What a container does; at most one of them is there.
        public struct State: Codable, Hashable, Sendable {
            /// It is to start, and why it has not.
            public var waiting: Detail?
            /// It has ended, and why.
            public var terminated: Detail?

            /// Creates a state.
            public init(waiting: Detail? = nil, terminated: Detail? = nil) {
                self.waiting = waiting
                self.terminated = terminated
            }
        }

        /// Name of the container.
        public var name: String
        /// Whether its readiness probe passes.
        public var ready: Bool
        /// How often it was started again.
        public var restartCount: Int
        /// What it does now.
        public var state: State?
        /// How it ended the last time.
        public var lastState: State?

        /// Creates a status.
        public init(
            name: String,
            ready: Bool = false,
            restartCount: Int = 0,
            state: State? = nil,
            lastState: State? = nil
        ) {
            self.name = name
            self.ready = ready
            self.restartCount = restartCount
            self.state = state
            self.lastState = lastState
        }
    }

    /// What the kubelet says of it.
    public struct Status: Codable, Hashable, Sendable {
        /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
        public var phase: String?
        /// Its address in its node's first family.
        public var podIP: String?
        /// All addresses, one of each family.
        public var podIPs: [Address]
        /// Conditions.
        public var conditions: [Condition]
        /// The containers, those that run before the others included.
        public var containers: [ContainerStatus]

        /// Creates a status.
        public init(
            phase: String? = nil,
            podIP: String? = nil,
            podIPs: [Address] = [],
            conditions: [Condition] = [],
            containers: [ContainerStatus] = []
        ) {
            self.phase = phase
            self.podIP = podIP
            self.podIPs = podIPs
            self.conditions = conditions
            self.containers = containers
        }
    }

    /// Metadata.
    public var metadata: ObjectMeta
    /// Where it runs.
    public var spec: Spec
    /// What the kubelet says of it.
    public var status: Status

    /// Creates a pod.
    public init(metadata: ObjectMeta, spec: Spec = Spec(), status: Status = Status()) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    /// Whether all containers are ready, and the pod with them.
    public var isReady: Bool { status.conditions.first { $0.type == "Ready" }?.status == "True" }

    /// Whether its deletion has been asked for.
    public var isDeleting: Bool { metadata.deletionTimestamp != nil }

    /// The containers that end again and again, and wait for longer and longer before they are started once more.
    public var crashLooping: [ContainerStatus] {
        status.containers.filter { $0.state?.waiting?.reason == "CrashLoopBackOff" }
    }

    /// How often its containers were started again, together.
    public var restarts: Int { status.containers.reduce(0) { $0.adding($1.restartCount) } }

    /// All its addresses, the first one first.
    public var addresses: [String] {
        let all = status.podIPs.map(\.ip)
        guard let first = status.podIP, !all.contains(first) else { return all }
        return [first] + all
    }
}
