import KubeCore
import Logging
import MirrorAgent
import MirrorOperator
import MirrorSandbox
import Synchronization

/// The processes of a simulated cluster. One that was killed does nothing more, and is started again with empty memory.
struct ProcessTable {
    /// Whether a process still lives; all that it does goes through here.
    final class Life: Sendable {
        private let alive = Mutex(true)
        var isAlive: Bool { alive.withLock { $0 } }
        func end() { alive.withLock { $0 = false } }
    }

    private let cluster: SimulatedCluster
    private let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    private var operatorProcess: (life: Life, pass: OperatorPass)?
    private var agents: [String: (life: Life, number: Int, agent: NodeAgent)] = [:]
    private var started = 0

    init(_ cluster: SimulatedCluster) {
        self.cluster = cluster
    }

    /// One pass of the operator.
    mutating func runOperator() async {
        let process = operatorProcess ?? startOperator()
        operatorProcess = process
        _ = try? await process.pass.run()
        if !process.life.isAlive { operatorProcess = nil }
    }

    /// Passes of a host's agent until it has nothing more to do at once.
    mutating func runAgent(of host: SimulatedHost) async {
        let name = host.host.name
        for _ in 0..<20 {
            let process = agents[name] ?? startAgent(of: host)
            agents[name] = process
            let look = try? await process.agent.step(now: cluster.now)
            if !process.life.isAlive {
                host.disk.end(process: process.number)
                agents[name] = nil
                return
            }
            guard look == .now else { return }
        }
    }

    private mutating func startOperator() -> (life: Life, pass: OperatorPass) {
        let life = Life()
        let cluster = cluster
        let transport = FaultyTransport(cluster.server.transport(agent: "operator", token: cluster.accounts.operator)) {
            _,
            request in
            guard life.isAlive else { return .cutBeforeEffect }
            let number = cluster.places.value.withLock { places in
                places.operatorRequests.append(!request.method.isRead)
                return places.operatorRequests.count
            }
            guard case .operatorRequest(number, let after) = cluster.kill else { return .none }
            return .kill(afterEffect: after) { life.end() }
        }
        let pass = OperatorPass(
            transport,
            leaseNamespace: SimulatedCluster.leaseNamespace,
            wallClock: { MicroTimestamp(cluster.now) },
            logger: logger,
            emit: { cluster.reported.add($0) }
        )
        return (life, pass)
    }

    private mutating func startAgent(of host: SimulatedHost) -> (life: Life, number: Int, agent: NodeAgent) {
        started += 1
        let life = Life()
        let cluster = cluster
        let transport = FaultyTransport(cluster.server.transport(agent: "agent", token: cluster.accounts.agent)) {
            _,
            request in
            guard life.isAlive else { return .cutBeforeEffect }
            let number = cluster.places.value.withLock { places in
                places.agentRequests.append(!request.method.isRead)
                return places.agentRequests.count
            }
            guard case .agentRequest(number, let after) = cluster.kill else { return .none }
            return .kill(afterEffect: after) { life.end() }
        }
        let files = SimulatedFileSystem(host.disk, process: started) { operation, moment throws(HostError) in
            try Self.file(operation, moment, life: life, cluster: cluster)
        }
        let agent = NodeAgent(
            api: KubeAPI(transport),
            files: files,
            services: LivingServices(host: host, life: life),
            options: AgentOptions(
                nodeName: host.host.name,
                leaseNamespace: SimulatedCluster.leaseNamespace,
                version: "simulated"
            ),
            log: logger
        )
        return (life, started, agent)
    }

    private static let reads: Set<HostOperation.Kind> = [.read, .list, .hasDirectory]

    private static func file(
        _ operation: HostOperation,
        _ moment: SimulatedFileSystem.Moment,
        life: Life,
        cluster: SimulatedCluster
    ) throws(HostError) {
        let killed = HostError(.interrupted, operation.kind.rawValue, operation.path, "killed")
        guard life.isAlive else { throw killed }
        let number = cluster.places.value.withLock { places in
            if moment == .before { places.agentFiles.append(!reads.contains(operation.kind)) }
            return places.agentFiles.count
        }
        guard case .agentFile(number, let after) = cluster.kill, after == (moment == .after) else { return }
        life.end()
        throw killed
    }
}

/// A host's services as a process sees them: a dead process asks for nothing.
private struct LivingServices: ServiceManager {
    let host: SimulatedHost
    let life: ProcessTable.Life

    func show(_ unit: String) async throws(ServiceError) -> UnitState {
        guard life.isAlive else { throw ServiceError(.interrupted, "killed") }
        return try await host.show(unit)
    }

    func restart(_ unit: String) async throws(ServiceError) {
        guard life.isAlive else { throw ServiceError(.interrupted, "killed") }
        try await host.restart(unit)
    }
}
