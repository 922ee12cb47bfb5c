import KubeCore
import Logging
import MirrorPlanner
import Synchronization

/// A simulated scheduler: what it knows, behind its methods, and its own looks at the seeds.
final class SchedulerService: Sendable {
    private struct State {
        var scheduler: SchedulerState
        var generator = SeededGenerator(seed: .random(in: .min ... .max))
    }

    private let transport: any GRPCTransport
    private let scale: TimeScale
    private let logger: Logger
    private let start = ContinuousClock().now
    private let state: Mutex<State>

    init(
        _ line: SchedulerLine,
        _ settings: SchedulerSettings,
        _ scale: TimeScale,
        transport: any GRPCTransport,
        logger: Logger
    ) {
        self.transport = transport
        self.scale = scale
        self.logger = logger
        state = Mutex(State(scheduler: SchedulerState(line, settings, scale)))
    }

    private var now: Duration { ContinuousClock().now - start }

    var figures: SchedulerFigures { state.withLock { $0.scheduler.report } }

    func reload(_ settings: SchedulerSettings) { state.withLock { $0.scheduler.reload(settings) } }

    // MARK: Its own rounds

    /// Looks at the seeds' health, one after another, and makes the ring of those that answer.
    func refreshRing() async {
        let seeds = state.withLock { $0.scheduler.seeds }
        var healthy: [String] = []
        for seed in seeds {
            guard let (host, port) = DfdaemonService.split(seed) else { continue }
            do throws(GRPCFault) {
                let answer = try await transport.call(
                    DragonflyCall.health,
                    GRPCHealthQuery(),
                    host: host,
                    port: port,
                    timeout: scale.healthTimeout
                )
                if answer.status == .serving { healthy.append(seed) }
            } catch {
                logger.warning("failed to check the healthy for seed peer \(seed): \(error)")
            }
        }
        if seeds.isEmpty { logger.warning("no seed peer found in host manager") }
        state.withLock { $0.scheduler.refreshRing(listed: seeds, healthy: healthy) }
    }

    func collectHosts() {
        for id in state.withLock({ $0.scheduler.collectHosts(now: now) }) {
            logger.info("host \(id) has been reclaimed")
        }
    }

    func collectPeers() { state.withLock { $0.scheduler.collectPeers() } }

    // MARK: Calls

    /// Answers a call on :8002.
    func answer(_ call: GRPCCall) async -> GRPCReply {
        do throws(SchedulerState.Refusal) {
            switch call.path {
            case DragonflyCall.health.path: return try health(call)
            case DragonflyCall.listHosts.path: return try list(call)
            case DragonflyCall.deleteHost.path:
                let id = try read(DragonflyHostID.self, call).id
                try change { (scheduler) throws(SchedulerState.Refusal) in try scheduler.delete(host: id) }
                return .message([])
            case DragonflyCall.announceHost.path:
                let announcement = try read(DragonflyAnnouncement.self, call)
                let now = now
                try change { (scheduler) throws(SchedulerState.Refusal) in
                    try scheduler.announce(announcement, now: now)
                }
                return .message([])
            case DragonflyCall.schedulerStatTask.path: return try statTask(call)
            case SchedulerRegistration.path: return try await register(call)
            case SchedulerReport.path:
                let report = try decode(SchedulerReport.self, call)
                let now = now
                state.withLock { $0.scheduler.finish(report, now: now) }
                return .message([])
            default: return .unimplemented(call.path)
            }
        } catch {
            return .status(code: error.code, message: error.message)
        }
    }

    private func change<Result: Sendable>(
        _ body: (inout SchedulerState) throws(SchedulerState.Refusal) -> Result
    ) throws(SchedulerState.Refusal) -> Result {
        try state.withLock { (state) throws(SchedulerState.Refusal) in try body(&state.scheduler) }
    }

    private func read<Message: ProtobufMessage>(
        _ type: Message.Type,
        _ call: GRPCCall
    ) throws(SchedulerState.Refusal) -> Message {
        do throws(KubeError) {
            return try Message(protobuf: call.message)
        } catch {
            throw SchedulerState.Refusal(code: 13, message: "grpc: error unmarshalling request: \(error.message)")
        }
    }

    private func decode<Message: Decodable>(
        _ type: Message.Type,
        _ call: GRPCCall
    ) throws(SchedulerState.Refusal) -> Message {
        guard let message = try? JSONCoding.decode(type, from: call.message) else {
            throw SchedulerState.Refusal(code: 3, message: "not what the sandbox's daemons send")
        }
        return message
    }

    /// SERVING for as long as the process lives, and only for the whole server.
    private func health(_ call: GRPCCall) throws(SchedulerState.Refusal) -> GRPCReply {
        guard try read(GRPCHealthQuery.self, call).service.isEmpty else {
            throw SchedulerState.Refusal(code: 5, message: "unknown service")
        }
        return .message(GRPCHealthAnswer(.serving).protobuf)
    }

    private func list(_ call: GRPCCall) throws(SchedulerState.Refusal) -> GRPCReply {
        let type = try read(HostListQuery.self, call).type
        return .message(state.withLock { $0.scheduler.list(type: type) }.protobuf)
    }

    private func statTask(_ call: GRPCCall) throws(SchedulerState.Refusal) -> GRPCReply {
        guard let text = try? DragonflySchedulerTaskQuery.task(in: call.message), !text.isEmpty else {
            throw SchedulerState.Refusal(code: 3, message: "invalid StatTaskRequest.TaskId")
        }
        guard let id = DragonflyTaskID(text) else {
            throw SchedulerState.Refusal(code: 5, message: "task \(text) not found")
        }
        return .message(try change { (scheduler) throws(SchedulerState.Refusal) in try scheduler.task(id) }.protobuf)
    }

    private func register(_ call: GRPCCall) async throws(SchedulerState.Refusal) -> GRPCReply {
        let registration = try decode(SchedulerRegistration.self, call)
        let now = now
        let seed = try change { (scheduler) throws(SchedulerState.Refusal) in
            try scheduler.register(registration, now: now)
        }
        if let seed { trigger(seed, registration) }
        while true {
            let moment = self.now
            let step = try state.withLock { (state) throws(SchedulerState.Refusal) in
                try state.scheduler.step(registration, now: moment, using: &state.generator)
            }
            switch step {
            case .directions(let directions):
                logger.info("\(registration.peerID): \(directions.reason)")
                guard let bytes = try? JSONCoding.encode(directions) else {
                    throw SchedulerState.Refusal(code: 13, message: "the answer can't be written")
                }
                return .message(bytes)
            case .wait(let duration):
                logger.info("can not find candidate parents", metadata: ["task": "\(registration.taskID.prefix(12))"])
                do {
                    try await Task.sleep(for: duration)
                } catch {
                    throw SchedulerState.Refusal(code: 1, message: "context canceled")
                }
            }
        }
    }

    /// Asks a seed for a task; nobody waits for it.
    private func trigger(_ seed: String, _ registration: SchedulerRegistration) {
        guard let (host, port) = DfdaemonService.split(seed),
            let message = try? JSONCoding.encode(SeedTrigger(taskID: registration.taskID, size: registration.size))
        else { return }
        Task {
            let request = GRPCRequest(
                host: host,
                port: port,
                path: SeedTrigger.path,
                message: message,
                timeout: .seconds(60)
            )
            if case .failed(let fault) = await transport.call(request) {
                logger.error("trigger task failed: \(fault)")
                state.withLock { $0.scheduler.noteFailedTrigger() }
            }
        }
    }
}

/// `ListHostsRequest`, whose one field older releases do not have.
struct HostListQuery: ProtobufMessage, Hashable {
    var type: UInt32?

    mutating func take(_ field: ProtobufField) {
        var number: UInt32 = 0
        guard field.number == 1 else { return }
        field.read(into: &number)
        type = number
    }

    func write(to writer: inout KubeCore.ProtobufWriter) {
        if let type { writer.write(1, UInt64(type)) }
    }
}
