package import FlyingSocks
import Synchronization

/// Serves HTTP/2 on one connection.
package final class HTTP2Session: Sendable {
    /// Answers one request.
    package typealias Handler = @Sendable (HTTP2Request) async -> HTTP2Response

    private struct State {
        var connection: HTTP2Connection
        var unsent: [UInt8] = []
        var isClosed = false
        var running: [UInt32: Task<Void, Never>] = [:]
    }

    private let socket: AsyncSocket
    private let handler: Handler
    private let state: Mutex<State>
    private let news: AsyncStream<Void>
    private let tell: AsyncStream<Void>.Continuation

    package init(_ socket: AsyncSocket, limits: HTTP2Connection.Limits = .init(), handler: @escaping Handler) {
        self.socket = socket
        self.handler = handler
        state = Mutex(State(connection: HTTP2Connection(limits: limits)))
        (news, tell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Runs until either side closes the connection, or the task is cancelled.
    package func run() async {
        carryOut { $0.start() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.read() }
            group.addTask { await self.write() }
            await group.next()
            group.cancelAll()
        }
        for task in state.withLock({ Array($0.running.values) }) { task.cancel() }
    }

    /// Tells the client to go elsewhere, with GOAWAY; what is under way is still answered.
    package func leave() { carryOut { $0.leave() } }

    /// Bytes that wait for the client above which nothing more is read of it.
    private static let unsentLimit = 1 << 20

    private func read() async {
        while !Task.isCancelled {
            if state.withLock({ $0.unsent.count > Self.unsentLimit }) {
                try? await Task.sleep(for: .milliseconds(5))
                continue
            }
            guard let bytes = try? await socket.read(atMost: 4_096), !bytes.isEmpty else { return }
            carryOut { $0.receive(bytes) }
            if state.withLock(\.isClosed) { return await finish() }
        }
    }

    /// Waits until what was to be said before the end is on its way.
    private func finish() async {
        for _ in 0..<200 where state.withLock({ !$0.unsent.isEmpty }) { try? await Task.sleep(for: .milliseconds(5)) }
    }

    private func write() async {
        for await _ in news {
            while true {
                let (bytes, isClosed) = state.withLock { state in
                    let bytes = state.unsent
                    state.unsent = []
                    return (bytes, state.isClosed)
                }
                guard !bytes.isEmpty else {
                    if isClosed { return }
                    break
                }
                guard (try? await socket.write(bytes: bytes)) != nil else { return }
            }
        }
    }

    private func carryOut(_ change: (inout HTTP2Connection) -> [HTTP2Connection.Action]) {
        state.withLock { state in
            for action in change(&state.connection) {
                switch action {
                case .send(let bytes): state.unsent += bytes
                case .close: state.isClosed = true
                case .cancel(let stream): state.running.removeValue(forKey: stream)?.cancel()
                case .request(let stream, let request):
                    state.running[stream] = Task { await self.answer(stream, request) }
                }
            }
        }
        tell.yield()
    }

    private func answer(_ stream: UInt32, _ request: HTTP2Request) async {
        let response = await handler(request)
        guard !Task.isCancelled else { return }
        state.withLock { $0.running[stream] = nil }
        carryOut { $0.answer(stream: stream, response) }
    }
}
