import KubeCore
import MirrorPlanner
import Synchronization

/// The call that stands for `DownloadTask` of a seed, which upstream is a stream.
struct SeedTrigger: Codable, Hashable, Sendable {
    static let path = "/sandbox.DfdaemonUpload/Trigger"

    var taskID: String
    var size: Int64

    init(taskID: String, size: Int64) {
        self.taskID = taskID
        self.size = size
    }
}

extension DfdaemonService {
    /// The upload, download and proxy servers are up: from now on the named service is SERVING.
    func markServing() { state.withLock { $0.isServing = true } }

    /// Answers a call on :4000.
    func answer(_ call: GRPCCall) async -> GRPCReply {
        switch call.path {
        case DragonflyCall.health.path: health(call)
        case DragonflyCall.daemonStatTask.path: await statTask(call)
        case DragonflyCall.statLocalTask.path: statLocalTask(call)
        case SeedTrigger.path: await trigger(call)
        default: .unimplemented(call.path)
        }
    }

    private func health(_ call: GRPCCall) -> GRPCReply {
        guard let query = try? GRPCHealthQuery(protobuf: call.message) else { return Self.unreadable }
        switch query.service {
        case "": return .message(GRPCHealthAnswer(.serving).protobuf)
        case DragonflyCall.daemonService where state.withLock(\.isServing):
            return .message(GRPCHealthAnswer(.serving).protobuf)
        default: return .status(code: 5, message: "service not registered")
        }
    }

    private static let unreadable = GRPCReply.status(code: 13, message: "failed to decode Protobuf message")

    /// The daemon asks its own scheduler, and gives on what goes wrong as INTERNAL.
    private func statTask(_ call: GRPCCall) async -> GRPCReply {
        guard let text = taskID(call) else { return Self.unreadable }
        guard let address = state.withLock({ $0.choice.scheduler(for: text) }), let (host, port) = Self.split(address)
        else { return .status(code: 13, message: SchedulerChoice.none) }
        guard let id = DragonflyTaskID(text) else { return .status(code: 13, message: "task \(text) not found") }
        do throws(GRPCFault) {
            let task = try await transport.call(
                DragonflyCall.schedulerStatTask,
                DragonflySchedulerTaskQuery(hostID: hostID, id),
                host: host,
                port: port,
                timeout: scale.requestTimeout
            )
            return .message(task.protobuf)
        } catch {
            return .status(code: 13, message: error.message)
        }
    }

    private func statLocalTask(_ call: GRPCCall) -> GRPCReply {
        guard let id = taskID(call) else { return Self.unreadable }
        guard !id.contains("/"), let size = store.size(of: id) else {
            return .status(code: 5, message: "task \(id) not found")
        }
        var task = DragonflyLocalTask()
        task.id = id
        task.contentLength = UInt64(clamping: size)
        if store.has(id) { task.finished = ProtobufDuration(.seconds(1)) }
        return .message(task.protobuf)
    }

    /// Nil where it can't be read. The real one takes the first five bytes without a look at how many there are, and a
    /// release build ends on that panic: whoever sends fewer is to see that.
    private func taskID(_ call: GRPCCall) -> String? {
        guard let text = try? DragonflyTaskQuery.task(in: call.message) else { return nil }
        if text.utf8.count < 5 { fatalTask() }
        return text
    }

    private func trigger(_ call: GRPCCall) async -> GRPCReply {
        guard let trigger = try? JSONCoding.decode(SeedTrigger.self, from: call.message) else {
            return Self.unreadable
        }
        let download = await download(trigger.taskID, size: trigger.size)
        if let error = download.error { return .status(code: 13, message: error) }
        return .message([])
    }
}
