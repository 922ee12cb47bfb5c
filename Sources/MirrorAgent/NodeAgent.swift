package import KubeCore
import KubeRuntime
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
    /// What is measured of a seed's host; nil where nothing is.
    let measures: (any HostMeasures)?
    /// When measurements were taken.
    let time: MonotonicTime
    let options: AgentOptions
    let mirrorNodes: any MirrorNodeSource
    /// Whether passes succeed.
    package nonisolated let health: AgentHealth
    let log: Logger

    /// When the last pass ended in which all that it needed of the API server and the host could be read, and nothing
    /// failed.
    package private(set) var lastSuccessfulPass: Timestamp?
    var failures: [String: EffectFailure] = [:]
    /// The Node as it was read last, by mirror.
    var nodeCaches: [String: NodeCache] = [:]
    /// What was seen of each mirror's service and files.
    var observations: [String: Observation] = [:]
    /// Whether the last pass found a claimed step in a journal of this host.
    var isStepUnderWay = false
    /// What is to be announced, as the MirrorNodes said when they were known last.
    var seeds: Set<AnnouncedSeed> = []
    /// Whether it was told that seeds of this node are not announced.
    var hasToldSilence = false
    private var lastMessages: [String: String] = [:]

    /// - Parameters:
    ///   - mirrorNodes: where this node's MirrorNodes are known from; a list in every pass unless given.
    ///   - measures: the counters of the host, measured where the node is a seed; nil: they are not.
    ///   - clock: what the windows of measurements are counted by.
    package init(
        api: KubeAPI,
        mirrorNodes: (any MirrorNodeSource)? = nil,
        files: any HostFileSystem,
        services: any ServiceManager,
        measures: (any HostMeasures)? = nil,
        options: AgentOptions,
        health: AgentHealth = AgentHealth(),
        clock: any Clock<Duration> = ContinuousClock(),
        log: Logger
    ) {
        self.api = api
        self.files = files
        self.services = services
        self.measures = measures
        time = MonotonicTime(clock)
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
            let known = try await ownMirrorNodes()
            noteSeeds(among: known)
            mirrorNodes = known
        } catch {
            mirrorNodes = nil
            firstFault = error
        }
        for mirror in try mirrors(mirrorNodes) {
            do {
                look = Self.mostUrgent(look, try await step(mirror, mirrorNodes, now))
            } catch {
                firstFault = firstFault ?? error
                look = Self.mostUrgent(look, .soon)
            }
        }
        if let firstFault { throw firstFault }
        lastSuccessfulPass = now
        return look
    }

    private func step(
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp
    ) async throws -> NextLook {
        let (input, fault) = try await gather(mirror, mirrorNodes, now)
        let decision = AgentDecision.decide(input)
        note(decision, mirror)
        let isDone = try await carryOut(decision.effects, input)
        // What is decided without the API is done first; that it could not be reached is told afterwards.
        if let fault { throw fault }
        return isDone ? decision.look : .soon
    }

    /// Logs a decision when it differs from the last one.
    private func note(_ decision: AgentDecision, _ mirror: String) {
        guard lastMessages[mirror] != decision.message else { return }
        lastMessages[mirror] = decision.message
        log.info(
            "\(decision.message)",
            metadata: ["mirror": "\(mirror)", "node": "\(options.nodeName)", "reason": "\(decision.reason.rawValue)"]
        )
    }

    /// Logs why a pass failed.
    func noteFault(_ error: any Error) {
        log.warning("the pass failed and is made again: \(error)", metadata: ["node": "\(options.nodeName)"])
    }

    private static func mostUrgent(_ left: NextLook, _ right: NextLook) -> NextLook {
        if left == .now || right == .now { return .now }
        return left == .soon || right == .soon ? .soon : .later
    }
}
