import KubeCore
import KubeRuntime
import KubectlTesting
import Logging
import MirrorAPI
import MirrorAgent
import MirrorOperator
import MirrorPlanner
import MirrorSandbox
import Synchronization

/// The whole system in one process with a time of its own: the embedded API server, the real operator, the real agents,
/// and hosts whose services restart. Nothing sleeps, nothing is random: equal runs are equal.
final class SimulatedCluster: Sendable {
    static let mirror = "embedded"
    static let leaseNamespace = "p2pmirror-system"

    /// Where a process is killed.
    enum Kill: Hashable, Sendable, CustomStringConvertible {
        case never
        case operatorRequest(Int, afterEffect: Bool)
        case agentRequest(Int, afterEffect: Bool)
        case agentFile(Int, afterEffect: Bool)

        var description: String {
            switch self {
            case .never: "never"
            case .operatorRequest(let number, let after): "operator \(after ? "after" : "before") request \(number)"
            case .agentRequest(let number, let after): "agent \(after ? "after" : "before") request \(number)"
            case .agentFile(let number, let after): "agent \(after ? "after" : "before") file operation \(number)"
            }
        }
    }

    /// What is compared: everything that lasts, without times and without the names of invocations.
    struct EndState: Hashable, Sendable {
        var dropIns: [String: String]
        var topology: P2PMirrorStatus.Topology?
        var conditions: [String]
        var nodes: [String]
        var leaseHolder: String
    }

    /// The places that there are to be killed at, in their order: of each, whether it changes anything that lasts.
    struct Places: Hashable, Sendable {
        var operatorRequests: [Bool] = []
        var agentRequests: [Bool] = []
        var agentFiles: [Bool] = []
    }

    let blueprint: FleetBlueprint
    let server: APIServer
    let hosts: [SimulatedHost]
    let kill: Kill
    let strictness: Definitions.Strictness
    /// As whom operator and agents ask.
    let accounts: SimulatedAccounts
    let api: KubeAPI
    /// Events that the operator reported, in their order.
    let reported = Reported()
    private let time: VirtualTime
    let places = PlaceLog()

    final class PlaceLog: Sendable {
        let value = Mutex(Places())
    }

    final class Reported: Sendable {
        private let occurrences = Mutex<[EventOccurrence]>([])
        var all: [EventOccurrence] { occurrences.withLock { $0 } }
        func add(_ occurrence: EventOccurrence) { occurrences.withLock { $0.append(occurrence) } }
    }

    final class VirtualTime: Sendable {
        private let seconds = Mutex<Int64>(1_800_000_000)
        var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) }
        func advance() { seconds.withLock { $0 += 1 } }
    }

    init(
        _ blueprint: FleetBlueprint,
        kill: Kill = .never,
        strictness: Definitions.Strictness = .complete,
        without right: Right? = nil
    ) async throws {
        let time = VirtualTime()
        self.time = time
        self.blueprint = blueprint
        self.kill = kill
        self.strictness = strictness
        let server = APIServer(
            APIServerConfiguration(now: { MicroTimestamp(time.now) }, sleep: { _ in throw CancellationError() })
        )
        self.server = server
        let api = KubeAPI(server.transport(agent: "administrator"))
        self.api = api
        accounts = try await SimulatedAccounts(api, without: right)
        hosts = blueprint.hosts.map { SimulatedHost($0, blueprint, api: api, now: { time.now }) }
        try await prepare()
    }

    private func prepare() async throws {
        for crd in try Definitions.all(strictness) { try await Definitions.apply(crd, api) }
        for host in hosts { try await host.begin() }
    }

    /// Creates the mirror as an administrator would.
    func createMirror(_ spec: P2PMirrorSpec) async throws {
        try await api.create(P2PMirror(metadata: ObjectMeta(name: Self.mirror), spec: spec), manager: "kubectl")
    }

    /// Lets everybody work, second by second, until nothing is left to do.
    ///
    /// - Returns: seconds until then; nil where it is not reached within `limit`.
    func run(limit: Int, mirror: String = SimulatedCluster.mirror) async throws -> Int? {
        var processes = ProcessTable(self)
        for second in 0..<limit {
            try await runSecond(&processes)
            if try await isAtRest(mirror) { return second }
        }
        return nil
    }

    /// One pass of everybody but the agents on `silent` hosts, and the second after it.
    func runSecond(_ processes: inout ProcessTable, silent: Set<String> = []) async throws {
        await processes.runOperator()
        for host in hosts where !silent.contains(host.host.name) { await processes.runAgent(of: host) }
        time.advance()
        for host in hosts { try await host.advance() }
    }

    /// Lets a second pass without anybody doing anything.
    func passSecond() { time.advance() }

    private func isAtRest(_ name: String) async throws -> Bool {
        let mirror = try await api.get(P2PMirror.self, ObjectKey(name: name))
        let lease = try await disruptionLease()
        guard DisruptionHolder(lease) == nil, let status = mirror.status, status.rollout == nil else { return false }
        return status.observedGeneration == mirror.metadata.generation
            && status.conditions.first(ofType: "Ready")?.status == .true
            && status.topology?.pendingChanges == 0
    }

    func disruptionLease() async throws -> Lease? {
        try await api.find(Lease.self, ObjectKey(namespace: Self.leaseNamespace, name: DisruptionLease.name))
    }

    func endState() async throws -> EndState {
        let mirror = try await api.get(P2PMirror.self, ObjectKey(name: Self.mirror))
        let mirrorNodes = try await api.list(MirrorNode.self).sorted { $0.metadata.name < $1.metadata.name }
        return EndState(
            dropIns: Dictionary(
                uniqueKeysWithValues: hosts.compactMap { host in host.dropIn.map { (host.host.name, $0) } }
            ),
            topology: mirror.status?.topology,
            conditions: (mirror.status?.conditions ?? []).map { "\($0.type)=\($0.status.rawValue) \($0.reason)" },
            nodes: mirrorNodes.map { node in
                let agent = node.status?.agent
                return "\(node.metadata.name) \(node.spec.revision ?? "-") \(node.spec.desired?.server?.url ?? "-") "
                    + "\(agent?.phase.rawValue ?? "-") \(agent?.revision ?? "-")"
            },
            leaseHolder: try await disruptionLease()?.spec?.holderIdentity ?? ""
        )
    }

    var now: Timestamp { time.now }
}
