import KubeCore
import Logging
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization

/// One node with its host, its service, its API server, and agents that can be killed.
final class World: Sendable {
    static let mirror = "embedded"
    static let node = "server-1"
    static let now = Timestamp(seconds: 1_800_000_000)
    static let distribution = RancherDistribution.rke2
    static let url = "https://10.0.0.2:9345"
    static let oldURL = "https://10.0.0.3:9345"
    static let mirrorNode = ObjectKey(name: "embedded.server-1")
    static let dropIn = distribution.dropInFile
    static let registriesFile = distribution.registriesFile
    static let registries = "mirrors:\n  docker.io:\n"

    typealias Fault = @Sendable (HostOperation) -> HostError?

    let disk = SimulatedDisk()
    let server: FakeAPIServer
    let service: FakeService
    private let processes = Atomic(0)
    private let fault = Mutex<Fault>({ _ in nil })

    init(
        action: ServerSetting? = ServerSetting(action: .point, url: World.url),
        registries: [String]? = nil,
        debug: Bool? = nil,
        approved: Bool = true,
        config: String = "server: \(World.oldURL)\ntoken: secret\nembedded-registry: true\n",
        server: FakeAPIServer = FakeAPIServer(),
        invocation: String = "i",
        start: @escaping @Sendable (MergedConfiguration) -> FakeService.Start = { _ in .well }
    ) throws {
        self.server = server
        service = FakeService(
            disk: disk,
            server: server,
            node: Self.node,
            distribution: Self.distribution,
            invocation: invocation,
            start: start
        )
        disk.time = Self.now + -7_200
        disk.put(Self.distribution.configFile, config)
        disk.put(Self.registriesFile, Self.registries)
        disk.putDirectory(Self.distribution.configDirectory)
        disk.putDirectory(Self.distribution.etcdMemberDirectory)
        disk.putDirectory("/var/lib")
        for (index, name) in ["server-1", "server-2", "server-3"].enumerated() {
            try server.put(Self.makeNode(name, "10.0.0.\(index + 1)"))
        }
        let merged = try ConfigDirectory.merge([("config.yaml", Array(config.utf8))])
        try server.change(Node.self, ObjectKey(name: Self.node)) { node in
            node.metadata.annotations[Self.distribution.argumentsAnnotation] = FakeService.annotation(merged)
        }
        try server.put(Self.makeLease(revision: "1-a", epoch: 1))
        let desired = MirrorNodeSpec.Desired(server: action, registries: registries, debug: debug)
        try server.put(Self.makeMirrorNode(desired, approved: approved))
        try server.put(Self.makeMirror())
        // What changes from now on is newer than the service's start.
        disk.time = Self.now + -60
    }

    static func makeMirror(uid: String = "uid-mirror", isPlanned: Bool = true) -> P2PMirror {
        var mirror = P2PMirror(metadata: ObjectMeta(name: mirror, uid: uid), spec: P2PMirrorSpec(provider: .rke2))
        mirror.spec.deletionPolicy = .restore
        if isPlanned {
            mirror.status = P2PMirrorStatus()
            mirror.status?.observedGeneration = 1
        }
        return mirror
    }

    static func makeNode(_ name: String, _ address: String) -> Node {
        Node(
            metadata: ObjectMeta(
                name: name,
                uid: "uid-\(name)",
                labels: ["node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true"]
            ),
            status: Node.Status(
                conditions: [
                    Node.Condition(type: "Ready", status: "True"), Node.Condition(type: "EtcdIsVoter", status: "True"),
                ],
                addresses: [
                    Node.Address(type: "InternalIP", address: address), Node.Address(type: "Hostname", address: name),
                ],
                nodeInfo: Node.Info(kubeletVersion: "v1.32.3+rke2r1")
            )
        )
    }

    static func makeLease(revision: String, epoch: Int) -> Lease {
        let holder = DisruptionHolder(mirror: mirror, node: node, revision: revision)
        return Lease(
            metadata: ObjectMeta(
                name: DisruptionLease.name,
                namespace: "p2pmirror-system",
                annotations: [
                    AnnotationKey.holderMirror: mirror, AnnotationKey.holderNode: node,
                    AnnotationKey.holderRevision: revision,
                ]
            ),
            spec: Lease.Spec(holderIdentity: holder.identity, leaseTransitions: epoch)
        )
    }

    static func makeMirrorNode(_ setting: ServerSetting, approved: Bool, uid: String = "uid-mn") -> MirrorNode {
        makeMirrorNode(MirrorNodeSpec.Desired(server: setting), approved: approved, uid: uid)
    }

    static func makeMirrorNode(
        _ desired: MirrorNodeSpec.Desired,
        approved: Bool,
        uid: String = "uid-mn"
    ) -> MirrorNode {
        MirrorNode(
            metadata: ObjectMeta(
                name: mirrorNode.name,
                uid: uid,
                generation: 1,
                labels: [LabelKey.mirror: mirror, LabelKey.node: node],
                ownerReferences: [
                    OwnerReference(
                        apiVersion: "p2pmirror.io/v1alpha1",
                        kind: "P2PMirror",
                        name: mirror,
                        uid: "uid-mirror"
                    )
                ]
            ),
            spec: MirrorNodeSpec(
                mirrorName: mirror,
                nodeName: node,
                nodeUID: "uid-\(node)",
                provider: .rke2,
                role: .server,
                desired: desired,
                revision: "1-a",
                approval: approved ? approval() : nil
            )
        )
    }

    static func approval(revision: String = "1-a", epoch: Int = 1) -> MirrorNodeSpec.Approval {
        MirrorNodeSpec.Approval(
            revision: revision,
            epoch: epoch,
            expires: now + 120,
            deadlineSeconds: 600,
            reason: "BreaksCycle"
        )
    }

    /// Approves what is wanted now as another revision.
    func approve(_ revision: String, _ desired: MirrorNodeSpec.Desired) throws {
        try server.put(Self.makeLease(revision: revision, epoch: 1))
        try server.change(MirrorNode.self, Self.mirrorNode) { mirrorNode in
            mirrorNode.spec.desired = desired
            mirrorNode.spec.revision = revision
            mirrorNode.spec.approval = Self.approval(revision: revision)
        }
    }

    /// Another host with the same files before the same API server, whose agent was given this node's name.
    func otherHost() throws -> World {
        try World(server: server, invocation: "other")
    }

    /// A new process of the agent.
    func agent(
        _ lifetime: Lifetime = Lifetime(),
        mayRestart: Bool = true,
        mirrorNodes: (any MirrorNodeSource)? = nil,
        measures: (any HostMeasures)? = nil,
        probes: (any ProbeTransport)? = nil,
        idleInterval: Duration = .seconds(120),
        busyInterval: Duration = .seconds(1),
        figureInterval: Duration = .zero
    ) -> (agent: NodeAgent, process: Int) {
        let process = processes.add(1, ordering: .relaxed).newValue
        let files = SimulatedFileSystem(disk, process: process) { [self] (operation, moment) throws(HostError) in
            guard lifetime.allows(operation.kind.hasEffect && moment == .before) else {
                throw HostError(.interrupted, operation.kind.rawValue, operation.path, "ended")
            }
            if moment == .before, let error = fault.withLock({ $0 })(operation) { throw error }
        }
        let agent = NodeAgent(
            api: KubeAPI(FakeTransport(server: server, lifetime: lifetime)),
            mirrorNodes: mirrorNodes,
            files: files,
            measures: measures,
            services: FakeServiceManager(service: service, lifetime: lifetime),
            probes: probes,
            options: AgentOptions(
                nodeName: Self.node,
                leaseNamespace: "p2pmirror-system",
                mayRestart: mayRestart,
                version: "test",
                idleInterval: idleInterval,
                figureInterval: figureInterval,
                busyInterval: busyInterval
            ),
            log: Self.logger
        )
        return (agent, process)
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// What an agent of this node follows; to be run beside it.
    func watched() -> WatchedMirrorNodes {
        WatchedMirrorNodes(
            KubeAPI(FakeTransport(server: server, lifetime: Lifetime())),
            node: Self.node,
            logger: Self.logger
        )
    }

    /// Runs a body beside a watch of the MirrorNodes.
    func watching(_ body: (WatchedMirrorNodes) async throws -> Void) async throws {
        let source = watched()
        let watch = Task { await source.run() }
        defer { watch.cancel() }
        try await body(source)
    }

    func setFault(_ fault: @escaping Fault) { self.fault.withLock { $0 = fault } }

    /// Makes passes until nothing is due at once; errors are what they are in the loop: a reason to look again.
    func run(_ agent: NodeAgent, now: Timestamp = World.now, atMost limit: Int = 40) async -> NextLook? {
        var look: NextLook?
        for _ in 0..<limit {
            do {
                look = try await agent.step(now: now)
                if look != .now { return look }
            } catch {
                look = nil
            }
        }
        return look
    }

    /// Runs a process of its own to its rest.
    @discardableResult
    func settle(now: Timestamp = World.now, mayRestart: Bool = true) async -> NextLook? {
        let (agent, process) = agent(mayRestart: mayRestart)
        defer { disk.end(process: process) }
        return await run(agent, now: now)
    }

    var status: MirrorNodeStatus.Agent? {
        get throws { try server.get(MirrorNode.self, Self.mirrorNode)?.status?.agent }
    }

    /// What must be the same at the end whatever happened: every file, and the status without times and identities.
    var end: End {
        get throws {
            var status = try status
            status?.restartedAt = nil
            status?.invocationID = nil
            return End(files: disk.contents, status: status)
        }
    }

    struct End: Hashable, Sendable {
        var files: [String: String]
        var status: MirrorNodeStatus.Agent?
    }
}

extension HostOperation.Kind {
    /// Whether it changes anything that outlives the process.
    var hasEffect: Bool {
        switch self {
        case .read, .attributes, .list, .hasDirectory, .lock: false
        case .makeDirectory, .createTemporary, .write, .sync, .rename, .discard: true
        case .syncDirectory, .remove, .removeDirectory, .move: true
        }
    }
}
