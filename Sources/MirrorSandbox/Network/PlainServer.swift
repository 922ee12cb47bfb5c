package import FlyingSocks
package import KubeCore

/// HTTP/1.1 on one connection, for what is no API server: a request in, an answer out.
package enum PlainServer {
    /// Serves a connection until either side is done.
    package static func converse(
        on socket: AsyncSocket,
        _ answer: @Sendable (KubeRequest) async -> KubeResponse
    ) async {
        var reader = HTTPReader(socket)
        do {
            while !Task.isCancelled, let message = try await reader.next() {
                let response = await message.request.asyncMap(answer) ?? KubeResponse(status: 405)
                try await socket.write(bytes: HTTPWriter.answer(response, closing: message.wantsClose))
                if message.wantsClose { return }
            }
        } catch HTTPReader.Failure.malformed {
            try? await socket.write(bytes: HTTPWriter.answer(KubeResponse(status: 400), closing: true))
        } catch {
            // The connection is gone, or sends without end.
            return
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async -> Result) async -> Result? {
        guard let self else { return nil }
        return await transform(self)
    }
}
