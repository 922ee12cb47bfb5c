package import KubeCore
package import KubeRuntime
package import Logging
import MirrorAPI
import MirrorPlanner

/// The agent of one node: looks, decides, and does, one effect at a time.
///
/// It remembers between two passes nothing that a decision rests on but the last file operation that failed, and since
/// when a mirror has been gone; a new process finds out both anew.
package actor NodeAgent {
    let api: KubeAPI
    let files: any HostFileSystem
    let services: any ServiceManager
    let options: AgentOptions
    let mirrorNodes: any MirrorNodeSource
    /// Nil where the host's counters are not to be had.
    let measures: (any HostMeasures)?
    /// Nil where nothing is probed.
    let probes: (any ProbeTransport)?
    let time: MonotonicTime
    let bootTime: @Sendable () -> BootTime?
    /// The clocks at this process's first look.
    var clocksAtStart: (now: Timestamp, boot: BootTime)?
    package let announcers: SeedAnnouncers
    /// Whether passes succeed.
    package nonisolated let health: AgentHealth
    let log: Logger
    private let queue = AgentQueue()
    /// Reading a file of the host may take for ever, and must not take one of the few threads that all tasks share.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    /// When the last pass ended in which all that it needed of the API server and the host could be read, and nothing
    /// failed.
    package private(set) var lastSuccessfulPass: Timestamp?
    var failures: [String: EffectFailure] = [:]
    /// What could not be done on the host at the last try, by mirror.
    var hostFaults: [String: HostError] = [:]
    /// What the kubelet says of this node, and when it was read.
    var knownFacts: (facts: NodeFacts, readAt: Timestamp)?
    /// The Node as it was read last, by mirror.
    var nodeCaches: [String: NodeCache] = [:]
    /// What was seen of each mirror's service and files.
    var observations: [String: Observation] = [:]
    /// Whether the last pass found a claimed step in a journal of this host.
    var isStepUnderWay = false
    private var lastMessages: [String: String] = [:]
    /// Why the MirrorNodes of this node are not known; nil where they are.
    private(set) var sourceFault: String?
    /// Failures of passes that were logged.
    private var faults = GrowingIntervals()

    /// - Parameters:
    ///   - mirrorNodes: where this node's MirrorNodes are known from; a list in every pass unless given.
    ///   - measures: the host's counters; nil where its figures are not to be reported.
    ///   - probes: asks the daemon of a seed, and a mirror on the node, whether it is there; nil where no seed is to be
    ///     announced and no mirror to be called dead.
    ///   - time: what windows and intervals are measured by.
    ///   - wallClock: the time that stands in announcements.
    ///   - bootTime: what deadlines on this host are measured by; where it gives nil, the time of day has to do.
    package init(
        api: KubeAPI,
        mirrorNodes: (any MirrorNodeSource)? = nil,
        files: any HostFileSystem,
        measures: (any HostMeasures)? = nil,
        services: any ServiceManager,
        probes: (any ProbeTransport)? = nil,
        options: AgentOptions,
        health: AgentHealth = AgentHealth(),
        time: MonotonicTime = MonotonicTime(ContinuousClock()),
        wallClock: @escaping @Sendable () -> MicroTimestamp = WallClock.now,
        bootTime: @escaping @Sendable () -> BootTime? = { nil },
        log: Logger
    ) {
        self.api = api
        self.files = files
        self.measures = measures
        self.services = services
        self.probes = probes
        self.time = time
        self.bootTime = bootTime
        announcers = SeedAnnouncers(
            api,
            probes: probes,
            services: options.mayRestart ? services : nil,
            time: time,
            wallClock: wallClock,
            log: log
        )
        self.options = options
        self.mirrorNodes = mirrorNodes ?? ListedMirrorNodes(api, node: options.nodeName, logger: log)
        self.health = health
        self.log = log
    }

    /// Carries out one pass over this node's mirrors, without a pause in it.
    ///
    /// - Returns: when to make the next one; the most urgent of all mirrors.
    /// - Throws: what failed first, after every mirror had its turn: `KubeError`, `HostError` or `ServiceError`. The
    ///   next pass begins anew.
    package func step(now: Timestamp) async throws -> NextLook {
        isStepUnderWay = false
        var look = NextLook.later
        var firstFault: (any Error)?
        let mirrorNodes: [String: MirrorNode]?
        do throws(KubeError) {
            mirrorNodes = try await ownMirrorNodes()
            sourceFault = nil
        } catch {
            mirrorNodes = nil
            sourceFault = error.message
            firstFault = error
        }
        await announce(mirrorNodes)
        for mirror in try mirrors(mirrorNodes) {
            do {
                let duty = try duty(for: mirror, mirrorNodes?[mirror])
                look = Self.mostUrgent(look, try await step(with: duty, mirror, mirrorNodes, now))
            } catch {
                firstFault = firstFault ?? error
                look = Self.mostUrgent(look, .soon)
            }
        }
        if let firstFault { throw firstFault }
        faults.reset()
        lastSuccessfulPass = now
        return look
    }

    /// The time since the boot, and a time of day that nobody sets.
    func clocks(_ now: Timestamp) -> (boot: BootTime?, steady: Timestamp) {
        guard let boot = bootTime() else { return (nil, now) }
        let start = clocksAtStart ?? (now, boot)
        clocksAtStart = start
        return (boot, start.now + Int(boot.seconds.subtracting(start.boot.seconds)))
    }

    /// Logs a decision when it differs from the last one.
    func note(_ decision: AgentDecision, _ mirror: String) {
        guard lastMessages[mirror] != decision.message else { return }
        lastMessages[mirror] = decision.message
        log.info(
            "\(decision.message)",
            metadata: ["mirror": "\(mirror)", "node": "\(options.nodeName)", "reason": "\(decision.reason.rawValue)"]
        )
    }

    /// Logs why a pass failed.
    func noteFault(_ error: any Error) {
        let isReported = (error as? KubeError)?.wasReported == true
        let isNews = !isReported && faults.isDue("\(error)", at: time.now)
        log.log(
            level: isNews ? .warning : .debug,
            "the pass failed and is made again: \(error)",
            metadata: ["node": "\(options.nodeName)"]
        )
    }

    /// Logs once what runs here, against which API server and with which settings.
    ///
    /// - Parameter host: where the API server is.
    package func logStart(host: String) async {
        let kubernetes = await api.serverVersion()
        log.info(
            "Agent starts",
            metadata: [
                "version": "\(options.version)", "server": "\(host)",
                "kubernetes": "\(kubernetes ?? "unknown: the server did not say within 2 s")",
                "node": "\(options.nodeName)", "restart": "\(options.mayRestart)",
                "leaseNamespace": "\(options.leaseNamespace)",
                "announcementNamespace": "\(options.announcementNamespace)",
                "idleInterval": "\(options.idleInterval)", "figureInterval": "\(options.figureInterval)",
            ]
        )
    }

    private static func mostUrgent(_ left: NextLook, _ right: NextLook) -> NextLook {
        if left == .now || right == .now { return .now }
        return left == .soon || right == .soon ? .soon : .later
    }
}
