package import FlyingSocks

/// Answers unary gRPC calls.
package struct GRPCUnaryServer: Sendable {
    /// Answers one call; it is cancelled when the client's time has run out or the client has gone.
    package typealias Handler = @Sendable (GRPCCall) async -> GRPCReply

    private let handler: Handler

    package init(_ handler: @escaping Handler) { self.handler = handler }

    /// Serves one connection.
    package func converse(on socket: AsyncSocket) async {
        await HTTP2Session(socket) { await answer($0) }.run()
    }

    /// The answer to one request.
    package func answer(_ request: HTTP2Request) async -> HTTP2Response {
        switch GRPCExchange.read(request) {
        case .answer(let response): response
        case .call(let call): GRPCExchange.response(await reply(to: call))
        }
    }

    private func reply(to call: GRPCCall) async -> GRPCReply {
        guard let timeout = call.timeout else { return await handler(call) }
        return await withTaskGroup(of: GRPCReply?.self) { group in
            group.addTask { await handler(call) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .status(code: 4, message: "context deadline exceeded")
        }
    }
}
