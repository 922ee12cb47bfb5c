import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner
import Synchronization

/// Asks the daemons of a release what they say: schedulers whom they know, seeds and a few clients how they fare.
///
/// All are asked at the same time, each for at most `timeout`; an answer is good for a few seconds, and a reconcile
/// waits for a new one.
final class DragonflyInspector: Sendable {
    /// How long one daemon may take.
    static let timeout = Duration.seconds(2)
    /// How many clients are asked, and how many hosts that are no pods: what they say stands for the others.
    static let clientLimit = 2
    static let strangerLimit = 20

    private struct Known {
        var at: Duration
        var schedulers: [SchedulerReading]
        var daemons: [DaemonReading]
        var strangers: [String: CallReading]
        var manager: ManagerReading?
        var name: NameReading?
    }

    private struct State {
        /// By mirror.
        var hosts: [String: HostMemory] = [:]
        var faults = FaultMemory()
        var known: [String: Known] = [:]
    }

    private let calls: DaemonCalls
    private let clock: SeedClock
    /// How long an answer is good.
    private let period: Duration
    private let time: MonotonicTime
    private let state = Mutex(State())

    init(
        _ transport: any GRPCTransport,
        _ connect: (@Sendable (String) throws(KubeError) -> any Transport)?,
        _ clock: SeedClock,
        period: Duration,
        time: MonotonicTime = MonotonicTime(ContinuousClock())
    ) {
        calls = DaemonCalls(transport, connect, timeout: Self.timeout)
        self.clock = clock
        self.period = period
        self.time = time
    }

    /// Adds what the daemons say to the evidence.
    func complete(_ evidence: inout DragonflyEvidence, of fleet: DragonflyFleet, _ files: DragonflyFiles) async {
        let name = fleet.mirror.metadata.name
        var known = state.withLock { $0.known[name] }
        if known.map({ time.now - $0.at >= period }) ?? true {
            let read = await read(fleet, files)
            state.withLock { $0.known[name] = read }
            known = read
        }
        guard let known else { return }
        let pods = Set(fleet.evidence.pods.map(\.metadata.name))
        evidence.schedulers = known.schedulers.filter { pods.contains($0.pod) }
        evidence.daemons = known.daemons.filter { pods.contains($0.pod) }
        evidence.strangers = known.strangers
        evidence.manager = known.manager
        evidence.name = known.name
    }

    /// Changes what a daemon knows; what it said before is not good any more.
    func perform(_ call: DaemonCall) async throws(KubeError) {
        try await calls.perform(call)
        state.withLock { $0.known = [:] }
    }

    private func read(_ fleet: DragonflyFleet, _ files: DragonflyFiles) async -> Known {
        async let schedulers = schedulers(fleet, files)
        async let daemons = daemons(fleet, files)
        async let manager = manager(files)
        async let name = name(files)
        let lists = await schedulers
        let strangers = await strangers(lists, fleet)
        return Known(
            at: time.now,
            schedulers: lists,
            daemons: await daemons,
            strangers: strangers,
            manager: await manager,
            name: await name
        )
    }

    private func schedulers(_ fleet: DragonflyFleet, _ files: DragonflyFiles) async -> [SchedulerReading] {
        let port = files.schedulerPort
        let found = await withTaskGroup(of: (String, SchedulerReading).self) { [calls] group in
            for daemon in fleet.schedulers {
                guard let host = daemon.address, !daemon.pod.isDeleting else { continue }
                let uid = daemon.pod.metadata.uid ?? ""
                group.addTask { (uid, await calls.scheduler(daemon.name, host, port)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let now = clock.now.timestamp
        let mirror = fleet.mirror.metadata.name
        return state.withLock { state in
            var memory = state.hosts[mirror] ?? HostMemory()
            memory.keep(Set(found.map(\.0)))
            defer { state.hosts[mirror] = memory }
            return found.map { uid, reading in
                var reading = reading
                if let hosts = reading.hosts { reading.heardAt = memory.take(hosts, of: uid, at: now) }
                reading.failedSince = state.faults.since("\(uid)/health", reading.health.failureWord, at: now)
                let seedless = reading.hosts != nil && reading.seeds.isEmpty ? "seedless" : nil
                reading.seedlessSince = state.faults.since("\(uid)/seeds", seedless, at: now)
                return reading
            }.sorted { $0.pod < $1.pod }
        }
    }

    private func daemons(_ fleet: DragonflyFleet, _ files: DragonflyFiles) async -> [DaemonReading] {
        let clients = fleet.clients.filter(\.isReady).prefix(Self.clientLimit)
        let seeds = fleet.seeds.compactMap(\.daemon).filter { !$0.pod.isDeleting }
        let all = seeds.map { ($0, files.seedPorts) } + clients.map { ($0, files.clientPorts) }
        let found = await withTaskGroup(of: DaemonReading.self) { [calls, clock] group in
            for (daemon, ports) in all {
                guard let host = daemon.address else { continue }
                group.addTask { await calls.daemon(daemon.name, host, ports) { clock.now.timestamp } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let shut = Set(fleet.seeds.filter { $0.quarantine != nil }.map(\.name))
        let now = clock.now.timestamp
        return state.withLock { state in
            found.map { reading in
                var reading = reading
                reading.wasQuarantined = shut.contains(reading.pod)
                let word = reading.wasQuarantined ? nil : reading.health.failureWord
                reading.failedSince = state.faults.since("\(reading.pod)/health", word, at: now)
                let isCutOff =
                    !reading.wasQuarantined && reading.health.isWell && reading.lookup?.cutOffWords != nil
                reading.cutOffSince = state.faults.since("\(reading.pod)/lookup", isCutOff ? "cut off" : nil, at: now)
                return reading
            }.sorted { $0.pod < $1.pod }
        }
    }

    /// Health of hosts that schedulers know and that are no pods of the namespace.
    private func strangers(_ schedulers: [SchedulerReading], _ fleet: DragonflyFleet) async -> [String: CallReading] {
        let addresses = Set(fleet.evidence.pods.flatMap(\.addresses))
        var known = Array(schedulers.compactMap(\.hosts).joined())
        if schedulers.contains(where: { $0.hosts != nil && $0.seeds.isEmpty }) {
            known += state.withLock { $0.hosts[fleet.mirror.metadata.name]?.formerSeeds.values.map { $0 } ?? [] }
        }
        let hosts = known.filter { !addresses.contains($0.ip) && $0.port > 0 }
        let unknown = Dictionary(hosts.map { ($0.address, $0) }, uniquingKeysWith: { first, _ in first })
        return await withTaskGroup(of: (String, CallReading).self) { [calls] group in
            // Those that have been silent for longest first: many may live outside of the namespace.
            let oldest = Dictionary(
                schedulers.flatMap(\.heardAt),
                uniquingKeysWith: { min($0, $1) }
            )
            let order = unknown.sorted {
                (oldest[$0.value.id]?.seconds ?? 0, $0.key) < (oldest[$1.value.id]?.seconds ?? 0, $1.key)
            }
            for (address, host) in order.prefix(Self.strangerLimit) {
                group.addTask { (address, await calls.health(of: host.ip, Int(host.port), "")) }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func manager(_ files: DragonflyFiles) async -> ManagerReading? {
        guard let address = files.seed?.managerAddress ?? files.client?.managerAddress,
            let (host, port) = DaemonCalls.place(address)
        else { return nil }
        let cluster = files.client?.schedulerClusterID ?? files.seed?.schedulerClusterID
        return await calls.manager(host, port, cluster: cluster)
    }

    private func name(_ files: DragonflyFiles) async -> NameReading? {
        guard let file = files.seedDynconfig ?? files.clientDynconfig, file.addresses.isEmpty,
            let (host, port) = DaemonCalls.place(file.address)
        else { return nil }
        return NameReading(name: file.address, health: await calls.health(of: host, port, ""))
    }
}
