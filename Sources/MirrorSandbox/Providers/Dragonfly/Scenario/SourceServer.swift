import KubeCore
import Synchronization

/// What stands for a registry: it gives any blob, of the size that is asked for, and counts what it gives to whom.
final class SourceServer: Sendable {
    private struct State {
        var bytes: [String: Int64] = [:]
        var requests = 0
    }

    private let pool: ListenerPool
    private let listener: GatedListener
    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    /// - Throws: where the port can't be had.
    init(address: String) async throws {
        pool = try await ListenerPool()
        listener = try pool.listen(address, 0)
    }

    /// `HOST:PORT`.
    var authority: String { "\(listener.address):\(listener.port)" }

    /// Bytes that each host got, by its id.
    var bytes: [String: Int64] { state.withLock(\.bytes) }

    func start() {
        task.withLock { task in
            task = Task {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await self.pool.run() }
                    group.addTask { await self.listener.run { await PlainServer.converse(on: $0) { self.answer($0) } } }
                }
            }
        }
    }

    func stop() async {
        let task = task.withLock { $0 }
        task?.cancel()
        await task?.value
    }

    private func answer(_ request: KubeRequest) -> KubeResponse {
        func value(_ name: String) -> String? { request.query.first { $0.name == name }?.value }
        guard request.path.hasPrefix(DfdaemonContainer.blobs), let size = value("size").flatMap({ Int($0) }),
            (1...64 << 20).contains(size)
        else { return KubeResponse(status: 404) }
        state.withLock { state in
            state.requests += 1
            state.bytes[value("by") ?? "", default: 0] += Int64(size)
        }
        return KubeResponse(status: 200, body: [UInt8](repeating: 0x6C, count: size))
    }
}
