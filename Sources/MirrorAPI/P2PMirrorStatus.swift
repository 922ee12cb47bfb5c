package import KubeCore

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
        /// UID of the root's Node: one that was made anew under the same name is another server.
        package var rootUID: String?
        /// InternalIP of the root: what still points there once its Node is gone is known by it.
        package var rootAddress: String?
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
            rootUID: String? = nil,
            rootAddress: String? = nil,
            depth: Int = 0,
            cycleCount: Int = 0,
            cycles: [Cycle]? = nil,
            pendingChanges: Int = 0
        ) {
            self.observed = observed
            self.desired = desired
            self.root = root
            self.rootUID = rootUID
            self.rootAddress = rootAddress
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
        /// Selected nodes that have their MirrorNode, without which their agents report nothing; nil from a release
        /// that does not count them.
        package var recorded: Int?

        package init(
            selected: Int = 0,
            ready: Int = 0,
            current: Int = 0,
            updating: Int = 0,
            failed: Int = 0,
            recorded: Int? = nil
        ) {
            self.selected = selected
            self.ready = ready
            self.current = current
            self.updating = updating
            self.failed = failed
            self.recorded = recorded
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
            /// `registries.yaml` is to name more registries.
            case addRegistries = "AddRegistries"
            /// The service is to log at the level debug, or no longer.
            case setDebug = "SetDebug"
            /// Pods are to be replaced by ones with other settings.
            case replacePods = "ReplacePods"
        }

        package var node: String
        package var action: Action
        package var reason: String
        package var message: String {
            didSet { message = message.printable(atMost: MessageLimit.long) }
        }

        package init(node: String, action: Action, reason: String, message: String) {
            self.node = node
            self.action = action
            self.reason = reason
            self.message = message.printable(atMost: MessageLimit.long)
        }
    }

    package var observedGeneration: Int64?
    package var conditions: [Condition]
    package var topology: Topology?
    package var nodes: Nodes?
    package var candidates: Candidates?
    /// Seeds that are out of the set, the latest first; at most 50.
    package var evictions: [Eviction]?
    package var storm: Storm?
    /// What is remembered of seeds that are pods, in ascending order of names; at most 1,000.
    package var seeds: [SeedRecord]?
    package var rollout: Rollout?
    package var nextChange: NextChange?

    package init(
        observedGeneration: Int64? = nil,
        conditions: [Condition] = [],
        topology: Topology? = nil,
        nodes: Nodes? = nil,
        candidates: Candidates? = nil,
        evictions: [Eviction]? = nil,
        storm: Storm? = nil,
        seeds: [SeedRecord]? = nil,
        rollout: Rollout? = nil,
        nextChange: NextChange? = nil
    ) {
        self.observedGeneration = observedGeneration
        self.conditions = conditions
        self.topology = topology
        self.nodes = nodes
        self.candidates = candidates
        self.evictions = evictions
        self.storm = storm
        self.seeds = seeds
        self.rollout = rollout
        self.nextChange = nextChange
    }

    enum CodingKeys: String, CodingKey {
        case observedGeneration, conditions, topology, nodes, candidates, evictions, storm, seeds, rollout, nextChange
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        observedGeneration = try container.decodeIfPresent(Int64.self, forKey: .observedGeneration)
        conditions = try container.decodeIfPresent([Condition].self, forKey: .conditions) ?? []
        topology = try container.decodeIfPresent(Topology.self, forKey: .topology)
        nodes = try container.decodeIfPresent(Nodes.self, forKey: .nodes)
        candidates = try container.decodeIfPresent(Candidates.self, forKey: .candidates)
        evictions = try container.decodeIfPresent([Eviction].self, forKey: .evictions)
        storm = try container.decodeIfPresent(Storm.self, forKey: .storm)
        seeds = try container.decodeIfPresent([SeedRecord].self, forKey: .seeds)
        rollout = try container.decodeIfPresent(Rollout.self, forKey: .rollout)
        nextChange = try container.decodeIfPresent(NextChange.self, forKey: .nextChange)
    }
}
