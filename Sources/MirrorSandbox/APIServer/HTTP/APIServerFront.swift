import FlyingFox
import FlyingSocks
package import KubeCore
import Synchronization

/// An API server's listener on a TCP port: HTTP/1.1 without TLS, for loopback.
package final class APIServerFront: Sendable {
    /// The address that it listens on.
    package let host: String
    /// The port that it listens on.
    package let port: UInt16
    private let task: Task<Void, Never>

    /// `http://127.0.0.1:6443`.
    package var url: String { host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)" }

    init(host: String, port: UInt16, task: Task<Void, Never>) {
        self.host = host
        self.port = port
        self.task = task
    }

    deinit { task.cancel() }

    /// Closes the listener and all connections.
    package func stop() async {
        task.cancel()
        await task.value
    }
}

extension APIServer {
    /// Serves over HTTP until the front is stopped or forgotten.
    ///
    /// - Parameters:
    ///   - host: an IPv4 or IPv6 address of this machine.
    ///   - port: 0 for any that is free.
    /// - Throws: `KubeError` with code `configuration`.
    package func serve(host: String = "127.0.0.1", port: UInt16 = 0) async throws(KubeError) -> APIServerFront {
        do {
            let pool = HTTPServer.defaultPool()
            try await pool.prepare()
            let listener = try Self.listener(host, port)
            let socket = try AsyncSocket(socket: listener, pool: pool)
            let bound: UInt16 =
                switch try listener.sockname() {
                case .ip4(_, let port), .ip6(_, let port): port
                case .unix: 0
                }
            let task = Task { [self] in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { try? await pool.run() }
                    group.addTask { await self.accept(on: socket) }
                    await group.next()
                    group.cancelAll()
                }
                try? socket.close()
            }
            return APIServerFront(host: host, port: bound, task: task)
        } catch {
            throw KubeError(.configuration, "\(host):\(port) cannot be listened on: \(error)")
        }
    }

    private static func listener(_ host: String, _ port: UInt16) throws -> Socket {
        func listen(_ address: some SocketAddress) throws -> Socket {
            let socket = try Socket(domain: Int32(type(of: address).family))
            try socket.setValue(true, for: .localAddressReuse)
            try socket.bind(to: address)
            try socket.listen()
            return socket
        }
        return host.contains(":")
            ? try listen(.inet6(ip6: host, port: port)) : try listen(.inet(ip4: host, port: port))
    }

    private func accept(on listener: AsyncSocket) async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let socket = try await listener.accept()
                    group.addTask {
                        await self.converse(on: socket)
                        try? socket.close()
                    }
                } catch SocketError.failed {
                    // Out of file descriptors, for instance: connections that end make room.
                    try? await Task.sleep(for: .milliseconds(50))
                } catch {
                    break
                }
            }
            group.cancelAll()
        }
    }

    /// Answers the requests of one connection until either side is done.
    private func converse(on socket: AsyncSocket) async {
        var reader = HTTPReader(socket)
        do {
            while !Task.isCancelled, let message = try await reader.next() {
                guard try await answer(message, on: socket, reader) else { return }
            }
        } catch HTTPReader.Failure.malformed {
            await refuse(.badRequest("the request is no HTTP/1.1"), on: socket)
        } catch HTTPReader.Failure.tooLarge {
            let text = "Request entity too large: limit is 3145728"
            await refuse(APIError(code: 413, reason: "RequestEntityTooLarge", message: text), on: socket)
        } catch {
            // The connection is gone; there is nobody to tell.
            return
        }
    }

    private func refuse(_ error: APIError, on socket: AsyncSocket) async {
        let answer = HTTPWriter.answer(APIServerState.response(error), closing: true)
        try? await socket.write(bytes: answer)
    }

    /// Answers one request; false where the connection is to be closed.
    private func answer(_ message: HTTPMessage, on socket: AsyncSocket, _ reader: HTTPReader) async throws -> Bool {
        guard let request = message.request else {
            await refuse(.methodNotAllowed, on: socket)
            return false
        }
        let fault = nextFault(request)
        var chunks = Int.max
        switch fault {
        case .cutBeforeEffect: return false
        case .kill(false, let die):
            die()
            return false
        case .delay(let duration): try await configuration.sleep(duration)
        case .answerTwice: _ = handle(request, agent: message.agent, token: message.token)
        case .cutStream(let count): chunks = count
        case .refuse(let status, let retryAfter):
            let response = Fault.refusal(status, retryAfter)
            try await socket.write(bytes: HTTPWriter.answer(response, closing: message.wantsClose))
            return !message.wantsClose
        default: break
        }
        let reply = handle(request, agent: message.agent, token: message.token)
        switch fault {
        case .cutAfterEffect: return false
        case .kill(true, let die):
            die()
            return false
        default: break
        }
        switch reply {
        case .answer(let response):
            try await socket.write(bytes: HTTPWriter.answer(response, closing: message.wantsClose))
            return !message.wantsClose
        case .watch(let watch):
            await stream(watch, upTo: chunks, on: socket, reader)
            return false
        }
    }

    /// Sends a watch in chunks until it ends or the client goes away.
    private func stream(_ watch: APIWatch, upTo chunks: Int, on socket: AsyncSocket, _ reader: HTTPReader) async {
        let session = session(watch)
        let headers = [
            "content-type": watch.contentType, "transfer-encoding": "chunked", "connection": "close",
        ]
        await withTaskGroup(of: Void.self) { group in
            // Nobody sends anything on a connection that streams: whatever is read there means that it is over.
            group.addTask {
                await reader.untilClosed()
                session.end()
            }
            group.addTask {
                do {
                    try await socket.write(bytes: HTTPWriter.head(200, headers))
                    var left = chunks
                    while left > 0, let bytes = await session.next() {
                        try await socket.write(bytes: HTTPWriter.chunk(bytes))
                        left -= 1
                    }
                    if left > 0 { try await socket.write(bytes: HTTPWriter.lastChunk) }
                } catch {
                    // The client went away in the middle of a line.
                    session.end()
                }
            }
            await group.next()
            session.end()
            group.cancelAll()
        }
    }
}
