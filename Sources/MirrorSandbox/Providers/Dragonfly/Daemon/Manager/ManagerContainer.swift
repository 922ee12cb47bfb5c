import KubeCore
import Logging
import MirrorPlanner

/// What of the manager daemons ask: which schedulers there are. Its database is a file, so that a scenario can let rows
/// grow old as they do in the world.
struct ManagerContainer: SimulatedContainer {
    /// The file of the rows, in the directory of the settings.
    static let rowsFile = "rows.yaml"

    private static let directory = "/etc/dragonfly"

    private let options: ContainerOptions
    private let logger: Logger

    /// Nil where the image is none of a manager.
    init?(_ options: ContainerOptions, logger: Logger) {
        guard options.image.contains("dragonflyoss/manager:") else { return nil }
        self.options = options
        self.logger = logger
    }

    func run() async throws {
        let network = try await ContainerNetwork(address: options.podIP, orders: options.orders)
        let calls = try network.listen(65_003)
        logger.info("running a manager")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await network.run() }
            group.addTask {
                let server = GRPCUnaryServer { self.answer($0) }
                await calls.run { await network.converse(server, on: $0, of: calls.port) }
            }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    private func answer(_ call: GRPCCall) -> GRPCReply {
        switch call.path {
        case DragonflyCall.health.path: return .message(GRPCHealthAnswer(.serving).protobuf)
        case DragonflyCall.listSchedulers.path:
            guard let query = try? DragonflySchedulersQuery(protobuf: call.message) else {
                return .status(code: 13, message: "grpc: error unmarshalling request")
            }
            let rows = (try? options.yaml("\(Self.directory)/\(Self.rowsFile)"))?["schedulers"]?.arrayValue ?? []
            let schedulers = rows.map { DragonflyScheduler($0) }
            let cluster = query.schedulerClusterID
            return .message(DragonflySchedulerList(schedulers.filter { $0.schedulerClusterID == cluster }).protobuf)
        default: return .unimplemented(call.path)
        }
    }
}

extension DragonflyScheduler {
    /// A row of the manager's table.
    fileprivate init(_ row: JSONValue) {
        self.init()
        hostname = row["hostname"]?.stringValue ?? ""
        ip = row["ip"]?.stringValue ?? ""
        port = Int32(clamping: row["port"]?.intValue ?? 8_002)
        state = row["state"]?.stringValue ?? "active"
        schedulerClusterID = UInt64(clamping: row["cluster"]?.intValue ?? 1)
    }
}
