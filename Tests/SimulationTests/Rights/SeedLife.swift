import KubeCore
import KubeRuntime
import KubectlTesting
import MirrorAPI
import MirrorAgent
import MirrorOperator
import MirrorPlanner
import MirrorSandbox

/// Three servers whose agents announce them.
struct SeedLife {
    private let cluster: RunningCluster
    private let hosts: [SimulatedHost]
    private static let mirror = "embedded"

    private init(_ cluster: RunningCluster) async throws {
        self.cluster = cluster
        let blueprint = FleetBlueprint.star(agents: 0, network: "10.0.0")
        let clock = cluster.clock
        hosts = blueprint.hosts.map {
            SimulatedHost($0, blueprint, api: cluster.api, now: { clock.wallTime.timestamp })
        }
        for host in hosts { try await host.begin() }
    }

    /// Seeds announce themselves, the announcement of one loses its owner, one falls ill and leaves the set, and twice
    /// there is the same to be told.
    static func run(streamingLists: Bool, without right: Right? = nil) async throws -> AccessLog {
        try await RunningCluster.turns.take { try await live(streamingLists, without: right) }
    }

    private static func live(_ streamingLists: Bool, without right: Right?) async throws -> AccessLog {
        let cluster = try await RunningCluster([.base], streamingLists: streamingLists, without: right)
        let life = try await SeedLife(cluster)
        try await life.createMirror()
        try await cluster.operating(life.hosts.map { host in { await life.runAgent(of: host) } }) {
            try await life.announcements()
            try await life.illness()
            try await life.events()
        }
        return cluster.accesses
    }

    private func createMirror() async throws {
        let spec = P2PMirrorSpec(
            provider: .rke2,
            mode: .enforce,
            candidates: P2PMirrorSpec.Candidates(unhealthyForSeconds: 0),
            liveness: P2PMirrorSpec.Liveness(announceIntervalSeconds: 10)
        )
        try await cluster.api.create(P2PMirror(metadata: ObjectMeta(name: Self.mirror), spec: spec), manager: "kubectl")
    }

    private func runAgent(of host: SimulatedHost) async {
        let clock = cluster.clock
        let api = KubeAPI(cluster.server.transport(agent: "agent", token: cluster.accounts.agent))
        let name = host.host.name
        let mirrorNodes = WatchedMirrorNodes(api, node: name, clock: clock, logger: cluster.logger)
        let agent = NodeAgent(
            api: api,
            mirrorNodes: mirrorNodes,
            files: SimulatedFileSystem(host.disk, process: 1),
            services: host,
            probes: WellProbes(),
            options: AgentOptions(
                nodeName: name,
                leaseNamespace: SimulatedCluster.leaseNamespace,
                version: "simulated"
            ),
            time: MonotonicTime(clock),
            wallClock: { clock.wallTime },
            log: cluster.logger
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await mirrorNodes.run() }
            group.addTask { await agent.run(clock: clock, now: { clock.wallTime.timestamp }, jitter: { 0.5 }) }
        }
    }

    private func announcements() async throws {
        let names = hosts.map { Names.mirrorNode(mirror: Self.mirror, node: $0.host.name) }
        let leases = names.map { ObjectKey(namespace: Announcements.namespace, name: $0) }
        try await cluster.until("every seed has announced itself twice") {
            for lease in leases {
                guard let spec = try await cluster.api.find(Lease.self, lease)?.spec, let acquired = spec.acquireTime,
                    let renewed = spec.renewTime, renewed > acquired
                else { return false }
            }
            return true
        }
        let orphan: JSONValue = ["metadata": ["ownerReferences": nil]]
        try await cluster.api.patch(Lease.self, leases[0], .merge(orphan), manager: "meddler")
        try await cluster.until("the announcement has its owner again") {
            try await cluster.api.get(Lease.self, leases[0]).metadata.ownerReferences.isEmpty == false
        }
    }

    private func illness() async throws {
        let key = ObjectKey(name: hosts[2].host.name)
        let label = hosts[2].blueprint.distribution.peerLabel
        try await cluster.until("all seeds are in the set") {
            try await cluster.api.get(P2PMirror.self, ObjectKey(name: Self.mirror)).status?.candidates?.published == 3
        }
        let change: JSONValue = ["status": ["conditions": [["type": "Ready", "status": "False"]]]]
        try await cluster.api.patch(Node.self, key, subresource: "status", .merge(change), manager: "kubelet")
        try await cluster.until("a seed that is not Ready leaves the set") {
            try await cluster.api.get(Node.self, key).metadata.labels[label] == "false"
        }
    }

    private func events() async throws {
        for round in 1...2 {
            try await prefer(["nobody"])
            try await cluster.until("it is told that no such root is there, time \(round)") {
                try await tellings() == round
            }
            try await prefer([])
        }
    }

    /// Asks for these roots, and waits until the operator has looked at it.
    private func prefer(_ roots: [JSONValue]) async throws {
        let key = ObjectKey(name: Self.mirror)
        let change: JSONValue = ["spec": ["topology": ["preferredRoots": .array(roots)]]]
        let generation = try await cluster.api.patch(P2PMirror.self, key, .merge(change)).metadata.generation
        try await cluster.until("the operator has seen the roots \(roots)") {
            try await cluster.api.get(P2PMirror.self, key).status?.observedGeneration == generation
        }
    }

    /// How often the Event says that a root is missing.
    private func tellings() async throws -> Int {
        let events = try await cluster.api.list(Event.self, ListOptions(namespace: "default"))
        let event = events.first { $0.reason == Reason.preferredRootMissing.rawValue }
        return event.map { $0.series?.count ?? 1 } ?? 0
    }
}

/// Whatever is asked is well.
private struct WellProbes: ProbeTransport {
    func probe(_ request: ProbeRequest) async -> ProbeOutcome {
        ProbeOutcome(fault: nil, address: request.address, message: "well")
    }
}
