package import KubeCore

/// A fleet of peer-to-peer image mirrors, and how it is to be kept healthy.
package struct P2PMirror: KubeObject {
    package static let resource = ResourceType(
        group: Group.name,
        version: Group.version,
        plural: "p2pmirrors",
        kind: "P2PMirror",
        namespaced: false
    )

    package var metadata: ObjectMeta
    package var spec: P2PMirrorSpec
    package var status: P2PMirrorStatus?

    package init(metadata: ObjectMeta, spec: P2PMirrorSpec, status: P2PMirrorStatus? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }
}

/// The daemon whose mirrors make up the fleet.
package enum Provider: String, Codable, Hashable, Sendable, CaseIterable {
    case rke2 = "RKE2"
    case k3s = "K3s"
    /// Spegel by itself, on any distribution.
    case spegel = "Spegel"
    /// Dragonfly: schedulers, seed clients, and a client on each node.
    case dragonfly = "Dragonfly"
}

/// Whether the operator only reports, or also acts.
package enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    case observe = "Observe"
    case enforce = "Enforce"
}

/// Which servers are rewritten.
package enum Rewrite: String, Codable, Hashable, Sendable, CaseIterable {
    /// Those of a component with a cycle.
    case rings = "Rings"
    /// All that are not in the wanted shape.
    case always = "Always"
    /// None; the topology is reported only.
    case never = "Never"
}

/// What is rewritten becomes this.
package enum DesiredShape: String, Codable, Hashable, Sendable, CaseIterable {
    /// One root, to which all others point.
    case star = "Star"
    /// One root, to which all others lead, no server with more than `maxFanout` children.
    case tree = "Tree"
}

/// What the graph of a mirror's servers looks like.
package enum TopologyShape: String, Codable, Hashable, Sendable, CaseIterable {
    /// Servers without edges.
    case single = "Single"
    /// One root, to which all others point; two servers and one edge are a star.
    case star = "Star"
    /// A path of three or more.
    case chain = "Chain"
    /// One root, to which all others lead.
    case tree = "Tree"
    /// Some component has a cycle.
    case ring = "Ring"
    /// Servers point to an address that belongs to none of them.
    case external = "External"
    /// Components of different shapes.
    case mixed = "Mixed"
}

/// Who lets a restart happen.
package enum ApprovalMode: String, Codable, Hashable, Sendable, CaseIterable {
    case automatic = "Automatic"
    case manual = "Manual"
}

/// What becomes of nodes whose configuration another system writes (Rancher, Cluster API).
package enum ManagedNodes: String, Codable, Hashable, Sendable, CaseIterable {
    case observe = "Observe"
    case enforce = "Enforce"
}

/// What becomes of the files on the nodes when the mirror is deleted.
package enum DeletionPolicy: String, Codable, Hashable, Sendable, CaseIterable {
    /// They stay as they are.
    case retain = "Retain"
    /// Those that we wrote are removed, without a restart, where that closes no cycle at a later restart.
    case restore = "Restore"
}

/// What an administrator asks for. Every field has the schema's default where it is absent.
package struct P2PMirrorSpec: Codable, Hashable, Sendable {
    package struct Topology: Codable, Hashable, Sendable {
        package var rewrite: Rewrite = .rings
        package var shape: DesiredShape = .star
        /// Tree: children of one server.
        package var maxFanout: Int = 8
        package var preferredRoots: [String] = []
        /// `https://HOST:PORT` of a fixed registration address; nil where there is none.
        package var registrationAddress: String?
        /// A root that has not been Ready for so many seconds is replaced.
        package var rerootAfterSeconds: Int = 3600

        package init(
            rewrite: Rewrite = .rings,
            shape: DesiredShape = .star,
            maxFanout: Int = 8,
            preferredRoots: [String] = [],
            registrationAddress: String? = nil,
            rerootAfterSeconds: Int = 3600
        ) {
            self.rewrite = rewrite
            self.shape = shape
            self.maxFanout = maxFanout
            self.preferredRoots = preferredRoots
            self.registrationAddress = registrationAddress
            self.rerootAfterSeconds = rerootAfterSeconds
        }
    }

    package struct Rollout: Codable, Hashable, Sendable {
        package var minReadySeconds: Int = 30
        package var progressDeadlineSeconds: Int = 600
        package var approval: ApprovalMode = .automatic
        /// When restarts may begin; nil for at any time.
        package var window: Window?
        package var allowControlPlaneOutage: Bool = false

        package init(
            minReadySeconds: Int = 30,
            progressDeadlineSeconds: Int = 600,
            approval: ApprovalMode = .automatic,
            window: Window? = nil,
            allowControlPlaneOutage: Bool = false
        ) {
            self.minReadySeconds = minReadySeconds
            self.progressDeadlineSeconds = progressDeadlineSeconds
            self.approval = approval
            self.window = window
            self.allowControlPlaneOutage = allowControlPlaneOutage
        }
    }

    /// Settings of RKE2 or K3s.
    package struct Rancher: Codable, Hashable, Sendable {
        package var managedNodes: ManagedNodes = .observe
        /// Until then the servers log at the level debug; after it our file asks for that no longer.
        package var debugUntil: Timestamp?

        package init(managedNodes: ManagedNodes = .observe, debugUntil: Timestamp? = nil) {
            self.managedNodes = managedNodes
            self.debugUntil = debugUntil
        }
    }

    package var provider: Provider
    package var mode: Mode
    package var pauseRequests: [String]
    package var selector: LabelSelector
    /// Where the namespaced objects of the mirror live; nil for `defaultNamespace`, and for RKE2 and K3s, which have
    /// none.
    package var namespace: String?
    /// Registries that every node mirrors. Empty: `registries.yaml` stays as it is; for Spegel all are mirrored.
    package var registries: [String]
    package var topology: Topology
    package var candidates: Candidates
    package var health: Health
    package var liveness: Liveness
    package var rollout: Rollout
    package var deletionPolicy: DeletionPolicy
    package var rke2: Rancher?
    package var k3s: Rancher?
    package var spegel: Spegel?
    package var dragonfly: Dragonfly?

    package init(
        provider: Provider,
        mode: Mode = .observe,
        pauseRequests: [String] = [],
        selector: LabelSelector = LabelSelector(),
        namespace: String? = nil,
        registries: [String] = [],
        topology: Topology = Topology(),
        candidates: Candidates = Candidates(),
        health: Health = Health(),
        liveness: Liveness = Liveness(),
        rollout: Rollout = Rollout(),
        deletionPolicy: DeletionPolicy = .retain,
        rke2: Rancher? = nil,
        k3s: Rancher? = nil,
        spegel: Spegel? = nil,
        dragonfly: Dragonfly? = nil
    ) {
        self.provider = provider
        self.mode = mode
        self.pauseRequests = pauseRequests
        self.selector = selector
        self.namespace = namespace
        self.registries = registries
        self.topology = topology
        self.candidates = candidates
        self.health = health
        self.liveness = liveness
        self.rollout = rollout
        self.deletionPolicy = deletionPolicy
        self.rke2 = rke2
        self.k3s = k3s
        self.spegel = spegel
        self.dragonfly = dragonfly
    }

    /// The section of the mirror's own distribution; that of nobody where the provider is none.
    package var rancher: Rancher {
        switch provider {
        case .rke2: rke2 ?? Rancher()
        case .k3s: k3s ?? Rancher()
        case .spegel, .dragonfly: Rancher()
        }
    }
}
