import KubeCore
import Logging
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization

/// One node with its files and its API server, for an agent of a mirror of Spegel.
final class ContainerdWorld: Sendable {
    static let mirror = "images"
    static let mirrorNode = ObjectKey(name: "images.server-1")
    static let ports = [30020, 30021]

    let disk = SimulatedDisk()
    let server = FakeAPIServer()
    let probes = MirrorPorts()
    private let processes = Atomic(0)
    private let fault = Mutex<World.Fault>({ _ in nil })

    init(
        _ fixture: ContainerdFixture,
        repair: Bool = false,
        installed: Bool = true,
        isSeen: Bool = true,
        hosts: String? = ContainerdFixture.hosts
    ) throws {
        disk.time = World.now + -7_200
        for (path, text) in fixture.files { disk.put(path, text) }
        if let hosts { disk.put("\(fixture.certs)/_default/hosts.toml", hosts) }
        disk.putDirectory("/etc/containerd/conf.d")
        disk.putDirectory(fixture.certs)
        disk.putDirectory("/var/lib")
        startContainerd(at: World.now + -3_600)
        disk.time = World.now + -60
        try server.put(NodeObject(fixture))
        try server.put(World.makeMirror(uid: "uid-mirror").named(Self.mirror))
        try server.put(
            MirrorNode(
                metadata: ObjectMeta(
                    name: Self.mirrorNode.name,
                    uid: "uid-mn",
                    generation: 1,
                    labels: [LabelKey.mirror: Self.mirror, LabelKey.node: World.node],
                    ownerReferences: [
                        OwnerReference(
                            apiVersion: "p2pmirror.io/v1alpha1",
                            kind: "P2PMirror",
                            name: Self.mirror,
                            uid: "uid-mirror"
                        )
                    ]
                ),
                spec: MirrorNodeSpec(
                    mirrorName: Self.mirror,
                    nodeName: World.node,
                    nodeUID: "uid-\(World.node)",
                    provider: .spegel,
                    role: .agent,
                    containerd: ContainerdWish(
                        registryConfigPath: fixture.certs,
                        mirrorPorts: Self.ports,
                        installed: installed,
                        release: isSeen && !installed ? "spegel/images" : nil,
                        repair: repair
                    )
                )
            )
        )
    }

    /// Shows a containerd in `/proc`, started by the first process at that time, beside one of a container.
    func startContainerd(at time: Timestamp) {
        let boot = World.now.seconds - 100_000
        disk.put("/proc/stat", "cpu 1 2\nbtime \(boot)\nprocesses 9\n")
        for (id, parent, start) in [(812, 1, time.seconds), (4000, 3999, World.now.seconds + 90_000)] {
            let ticks = (start - boot) * 100
            disk.put("/proc/\(id)/comm", "containerd\n")
            disk.put(
                "/proc/\(id)/stat",
                "\(id) (containerd) S \(parent) 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 9 0 \(ticks) 1 1\n"
            )
        }
        disk.putDirectory("/proc/self")
    }

    func change(_ body: (inout MirrorNodeSpec) -> Void) throws {
        try server.change(MirrorNode.self, Self.mirrorNode) { body(&$0.spec) }
    }

    /// A new process of the agent.
    ///
    /// - Parameter host: its files; those in memory unless given.
    func agent(
        _ lifetime: Lifetime = Lifetime(),
        measures: (any HostMeasures)? = nil,
        host: (any HostFileSystem)? = nil
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
            files: host ?? files,
            measures: measures,
            services: NoServices(),
            probes: probes,
            options: AgentOptions(
                nodeName: World.node,
                leaseNamespace: "p2pmirror-system",
                mayRestart: false,
                version: "test",
                figureInterval: .zero
            ),
            log: World.logger
        )
        return (agent, process)
    }

    func setFault(_ fault: @escaping World.Fault) { self.fault.withLock { $0 = fault } }

    /// Makes passes until nothing is due at once; errors are what they are in the loop: a reason to look again.
    func run(_ agent: NodeAgent, now: Timestamp = World.now, atMost limit: Int = 20) async -> NextLook? {
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

    /// Runs a process of its own to its rest, at two times, so that what is silent is called so.
    func settle(_ now: Timestamp = World.now) async {
        let (agent, process) = agent()
        defer { disk.end(process: process) }
        _ = await run(agent, now: now)
        _ = await run(agent, now: now + 120)
    }

    var status: MirrorNodeStatus.Agent? {
        get throws { try server.get(MirrorNode.self, Self.mirrorNode)?.status?.agent }
    }

    var reasons: [String] {
        get throws { try status?.containerd?.findings.map(\.reason) ?? ["no report"] }
    }

    /// All files but the kernel's.
    var files: [String: String] { disk.contents.filter { !$0.key.hasPrefix("/proc/") } }
}

/// The ports of the node's mirror.
final class MirrorPorts: ProbeTransport {
    private let silent = Mutex<Set<Int>>([])
    private let asked = Mutex<Set<String>>([])

    var addresses: Set<String> { asked.withLock { $0 } }

    func silence(_ ports: [Int]) { silent.withLock { $0 = Set(ports) } }

    func probe(_ request: ProbeRequest) async -> ProbeOutcome {
        asked.withLock { _ = $0.insert(request.address) }
        let isSilent = silent.withLock { $0.contains(request.port) }
        return ProbeOutcome(fault: isSilent ? .connection : nil, address: request.address, message: "")
    }
}

/// No service manager is asked.
private struct NoServices: ServiceManager {
    func show(_ unit: String) async throws(ServiceError) -> UnitState { throw ServiceError(.failed, "none") }
    func restart(_ unit: String) async throws(ServiceError) { throw ServiceError(.failed, "none") }
}

/// The Node with what only an agent reads of it.
private struct NodeObject: KubeObject {
    static let resource = Node.resource

    var metadata: ObjectMeta
    var status: JSONValue

    init(_ fixture: ContainerdFixture) {
        metadata = ObjectMeta(name: World.node, uid: "uid-\(World.node)", annotations: fixture.annotations)
        status = [
            "addresses": [
                ["type": "InternalIP", "address": "10.0.0.1"], ["type": "Hostname", "address": .string(World.node)],
            ],
            "nodeInfo": [
                "kubeletVersion": .string(fixture.kubelet),
                "containerRuntimeVersion": .string("containerd://\(fixture.containerd)"),
            ],
        ]
    }
}

extension P2PMirror {
    fileprivate func named(_ name: String) -> P2PMirror {
        var mirror = self
        mirror.metadata.name = name
        mirror.spec.provider = .spegel
        return mirror
    }
}
