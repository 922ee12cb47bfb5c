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
    /// None; the topology is reported only.
    case never = "Never"
}

/// What is rewritten becomes this.
package enum DesiredShape: String, Codable, Hashable, Sendable, CaseIterable {
    case star = "Star"
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

/// What an administrator asks for. Every field has the schema's default where it is absent.
package struct P2PMirrorSpec: Codable, Hashable, Sendable {
    package struct Topology: Codable, Hashable, Sendable {
        package var rewrite: Rewrite = .rings
        package var shape: DesiredShape = .star
        package var preferredRoots: [String] = []

        package init(rewrite: Rewrite = .rings, shape: DesiredShape = .star, preferredRoots: [String] = []) {
            self.rewrite = rewrite
            self.shape = shape
            self.preferredRoots = preferredRoots
        }
    }

    package struct Rollout: Codable, Hashable, Sendable {
        package var minReadySeconds: Int = 30
        package var progressDeadlineSeconds: Int = 600
        package var approval: ApprovalMode = .automatic
        package var allowControlPlaneOutage: Bool = false

        package init(
            minReadySeconds: Int = 30,
            progressDeadlineSeconds: Int = 600,
            approval: ApprovalMode = .automatic,
            allowControlPlaneOutage: Bool = false
        ) {
            self.minReadySeconds = minReadySeconds
            self.progressDeadlineSeconds = progressDeadlineSeconds
            self.approval = approval
            self.allowControlPlaneOutage = allowControlPlaneOutage
        }
    }

    /// Settings of RKE2 or K3s.
    package struct Rancher: Codable, Hashable, Sendable {
        package var managedNodes: ManagedNodes = .observe

        package init(managedNodes: ManagedNodes = .observe) {
            self.managedNodes = managedNodes
        }
    }

    package var provider: Provider
    package var mode: Mode
    package var pauseRequests: [String]
    package var selector: LabelSelector
    package var topology: Topology
    package var rollout: Rollout
    package var rke2: Rancher?
    package var k3s: Rancher?

    package init(
        provider: Provider,
        mode: Mode = .observe,
        pauseRequests: [String] = [],
        selector: LabelSelector = LabelSelector(),
        topology: Topology = Topology(),
        rollout: Rollout = Rollout(),
        rke2: Rancher? = nil,
        k3s: Rancher? = nil
    ) {
        self.provider = provider
        self.mode = mode
        self.pauseRequests = pauseRequests
        self.selector = selector
        self.topology = topology
        self.rollout = rollout
        self.rke2 = rke2
        self.k3s = k3s
    }

    /// The section of the mirror's own provider.
    package var rancher: Rancher {
        switch provider {
        case .rke2: rke2 ?? Rancher()
        case .k3s: k3s ?? Rancher()
        }
    }
}

/// What the operator found, decided and will do next.
package struct P2PMirrorStatus: Codable, Hashable, Sendable {
    package struct Cycle: Codable, Hashable, Sendable {
        /// Members, starting from the smallest name, each followed by the one that it asks; at most 50.
        package var nodes: [String]

        package init(nodes: [String]) {
            self.nodes = nodes
        }
    }

    package struct Topology: Codable, Hashable, Sendable {
        package var observed: TopologyShape
        /// What it is to become; nil where it stays as it is.
        package var desired: DesiredShape?
        package var root: String?
        /// Hops from the farthest server to its root; 0 where there is a cycle.
        package var depth: Int
        package var cycleCount: Int
        /// At most 20.
        package var cycles: [Cycle]?
        package var pendingChanges: Int

        package init(
            observed: TopologyShape,
            desired: DesiredShape? = nil,
            root: String? = nil,
            depth: Int = 0,
            cycleCount: Int = 0,
            cycles: [Cycle]? = nil,
            pendingChanges: Int = 0
        ) {
            self.observed = observed
            self.desired = desired
            self.root = root
            self.depth = depth
            self.cycleCount = cycleCount
            self.cycles = cycles
            self.pendingChanges = pendingChanges
        }
    }

    package struct Nodes: Codable, Hashable, Sendable {
        package var selected: Int
        package var ready: Int
        package var current: Int
        package var updating: Int
        package var failed: Int

        package init(selected: Int = 0, ready: Int = 0, current: Int = 0, updating: Int = 0, failed: Int = 0) {
            self.selected = selected
            self.ready = ready
            self.current = current
            self.updating = updating
            self.failed = failed
        }
    }

    package struct Rollout: Codable, Hashable, Sendable {
        package var node: String
        package var revision: String
        package var startedAt: Timestamp
        /// Since when the node has shown the wanted configuration and its health without a break.
        package var provenSince: Timestamp?
        /// Number of this step, from 1.
        package var step: Int
        /// Number of steps of the rollout.
        package var of: Int

        package init(
            node: String,
            revision: String,
            startedAt: Timestamp,
            provenSince: Timestamp? = nil,
            step: Int,
            of: Int
        ) {
            self.node = node
            self.revision = revision
            self.startedAt = startedAt
            self.provenSince = provenSince
            self.step = step
            self.of = of
        }
    }

    package struct NextChange: Codable, Hashable, Sendable {
        package enum Action: String, Codable, Hashable, Sendable, CaseIterable {
            /// `server:` is to lead to another server.
            case pointServer = "PointServer"
            /// `server:` is to be empty.
            case clearServer = "ClearServer"
        }

        package var node: String
        package var action: Action
        package var reason: String
        package var message: String

        package init(node: String, action: Action, reason: String, message: String) {
            self.node = node
            self.action = action
            self.reason = reason
            self.message = message
        }
    }

    package var observedGeneration: Int64?
    package var conditions: [Condition]
    package var topology: Topology?
    package var nodes: Nodes?
    package var rollout: Rollout?
    package var nextChange: NextChange?

    package init(
        observedGeneration: Int64? = nil,
        conditions: [Condition] = [],
        topology: Topology? = nil,
        nodes: Nodes? = nil,
        rollout: Rollout? = nil,
        nextChange: NextChange? = nil
    ) {
        self.observedGeneration = observedGeneration
        self.conditions = conditions
        self.topology = topology
        self.nodes = nodes
        self.rollout = rollout
        self.nextChange = nextChange
    }

    enum CodingKeys: String, CodingKey {
        case observedGeneration, conditions, topology, nodes, rollout, nextChange
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        observedGeneration = try container.decodeIfPresent(Int64.self, forKey: .observedGeneration)
        conditions = try container.decodeIfPresent([Condition].self, forKey: .conditions) ?? []
        topology = try container.decodeIfPresent(Topology.self, forKey: .topology)
        nodes = try container.decodeIfPresent(Nodes.self, forKey: .nodes)
        rollout = try container.decodeIfPresent(Rollout.self, forKey: .rollout)
        nextChange = try container.decodeIfPresent(NextChange.self, forKey: .nextChange)
    }
}
