import KubeCore
import Logging
import MirrorPlanner
import Synchronization

/// A simulated daemon: of a node, or a seed. It announces itself, gets tasks, gives them to others and cleans up.
final class DfdaemonService: Sendable {
    /// Who it is.
    struct Identity: Hashable, Sendable {
        var ip: String
        var hostname: String
        var namespace: String
        var pod: String
        /// The release, without a "v".
        var version: String
        /// `HOST:PORT` of what stands for a registry.
        var source: String
    }

    struct State {
        var choice = SchedulerChoice()
        var figures = DfdaemonFigures()
        var isServing = false
        var running: [String: Task<Download, Never>] = [:]
    }

    let identity: Identity
    let settings: DfdaemonSettings
    let scale: TimeScale
    let store: TaskStore
    let transport: any GRPCTransport
    /// Whether an address can be reached.
    let reaches: @Sendable (String) -> Bool
    let logger: Logger
    let state = Mutex(State())

    init(
        _ identity: Identity,
        _ settings: DfdaemonSettings,
        _ scale: TimeScale,
        store: TaskStore,
        transport: any GRPCTransport,
        reaches: @escaping @Sendable (String) -> Bool = { _ in true },
        logger: Logger
    ) {
        self.identity = identity
        self.settings = settings
        self.scale = scale
        self.store = store
        self.transport = transport
        self.reaches = reaches
        self.logger = logger
    }

    /// dragonflyoss/dragonfly `pkg/idgen/host_id.go`.
    var hostID: String { "\(announcedIP)-\(identity.hostname)\(settings.isSeed ? "-seed" : "")" }

    private var announcedIP: String { settings.announcedIP ?? identity.ip }

    /// What it counts.
    var figures: DfdaemonFigures { state.withLock(\.figures) }

    // MARK: Schedulers

    /// Looks at the schedulers once, and keeps those that answer.
    ///
    /// - Parameter addresses: `IP:PORT` of all that the settings name.
    /// - Returns: whether there is somebody to ask.
    func refreshSchedulers(_ addresses: [String]) async -> Bool {
        var available: [String] = []
        for address in addresses {
            guard let (host, port) = Self.split(address) else { continue }
            let answer = try? await transport.call(
                DragonflyCall.health,
                GRPCHealthQuery(),
                host: host,
                port: port,
                timeout: scale.healthTimeout
            )
            if answer?.status == .serving { available.append(address) }
        }
        return state.withLock { $0.choice.refresh(named: addresses, available: available) }
    }

    static func split(_ address: String) -> (host: String, port: Int)? {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]) else {
            return nil
        }
        return (String(address[..<colon]), port)
    }

    // MARK: Announcements

    private var host: DragonflyHost {
        var host = DragonflyHost()
        host.id = hostID
        host.kind = settings.isSeed ? .seed : .normal
        host.hostname = identity.hostname
        host.ip = announcedIP
        host.port = Int32(settings.uploadPort)
        host.downloadPort = Int32(settings.uploadPort)
        host.proxyPort = Int32(settings.proxyPort)
        host.name = "\(identity.namespace)-\(identity.pod)"
        host.disableShared = settings.disableShared
        host.schedulerClusterID = settings.clusterID
        let usage = store.usage
        var disk = DragonflyHost.Disk()
        disk.total = UInt64(clamping: usage.total)
        disk.free = UInt64(clamping: usage.free)
        disk.used = UInt64(clamping: usage.used)
        disk.usedPercent = usage.usedPercent
        host.disk = disk
        var memory = DragonflyHost.Memory()
        memory.total = 8 << 30
        memory.available = 6 << 30
        memory.usedPercent = 25
        host.memory = memory
        var network = DragonflyHost.Network()
        network.maxReceiveBandwidth = 1_250_000_000
        network.maxTransmitBandwidth = 1_250_000_000
        // Figures of the network always move, which tells an announcement from a memory of one.
        network.receiveBandwidth = UInt64.random(in: 1...1_000_000)
        network.transmitBandwidth = UInt64.random(in: 1...1_000_000)
        host.network = network
        var build = DragonflyHost.Build()
        build.gitVersion = identity.version
        host.build = build
        return host
    }

    /// Says to each scheduler that is known that it is here.
    func announce() async {
        let announcement = DragonflyAnnouncement(host, interval: settings.announceInterval)
        for address in state.withLock(\.choice.available) {
            guard let (host, port) = Self.split(address) else { continue }
            do throws(GRPCFault) {
                _ = try await transport.call(
                    DragonflyCall.announceHost,
                    announcement,
                    host: host,
                    port: port,
                    timeout: scale.requestTimeout
                )
                state.withLock { $0.figures.lastAnnounceError = nil }
            } catch {
                logger.error("failed to announce host: \(error)")
                state.withLock { $0.figures.lastAnnounceError = "\(error)" }
            }
        }
    }

    /// Says goodbye to each scheduler, as upstream does on SIGTERM.
    func leave() async {
        for address in state.withLock(\.choice.available) {
            guard let (host, port) = Self.split(address) else { continue }
            _ = try? await transport.call(
                DragonflyCall.deleteHost,
                DragonflyHostID(hostID),
                host: host,
                port: port,
                timeout: .seconds(1)
            )
        }
    }

    // MARK: Clean-up

    /// Removes what the marks say, and tells the schedulers.
    func collect() async {
        let usage = store.usage
        let victims = DiskCollection.victims(
            of: store.tasks,
            used: usage.used,
            total: usage.total,
            DiskCollection.Marks(high: settings.highPercent, low: settings.lowPercent, taskTTL: settings.taskTTL),
            now: Double(WallClock.now().microseconds) / 1e6
        )
        var removed: [String] = []
        for victim in victims where store.remove(victim) { removed.append(victim) }
        state.withLock { state in
            state.figures.collections += 1
            state.figures.collected += removed.count
        }
        logger.info(
            "collected the disk",
            metadata: ["used": "\(Int(usage.usedPercent)) %", "removed": "\(removed.count)"]
        )
        for task in removed { await report(task, .left) }
    }

    /// Tells the scheduler of a task how it went.
    func report(
        _ task: String,
        _ outcome: SchedulerReport.Outcome,
        sourceBytes: Int64 = 0,
        peerBytes: Int64 = 0
    ) async {
        let report = SchedulerReport(
            hostID: hostID,
            peerID: peerID(of: task),
            taskID: task,
            outcome: outcome,
            sourceBytes: sourceBytes,
            peerBytes: peerBytes
        )
        _ = await ask(SchedulerReport.path, report, of: task)
    }

    func peerID(of task: String) -> String { "\(hostID)-\(task.prefix(12))" }

    /// Makes one of the calls that stand for a stream; nil where the task has no scheduler.
    func ask(_ path: String, _ message: some Encodable, of task: String) async -> GRPCOutcome? {
        guard let address = state.withLock({ $0.choice.scheduler(for: task) }),
            let (host, port) = Self.split(address), let bytes = try? JSONCoding.encode(message)
        else { return nil }
        return await transport.call(
            GRPCRequest(host: host, port: port, path: path, message: bytes, timeout: scale.requestTimeout)
        )
    }
}
