import KubeCore

/// Requests as function calls.
struct InProcessTransport: Transport {
    let server: APIServer
    let agent: String
    let token: String?

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        guard !Task.isCancelled else { throw KubeError(.cancelled, "the task was cancelled") }
        switch server.handle(request, agent: agent, token: token) {
        case .answer(let response): return response
        case .watch(let watch):
            let stream = stream(watch)
            let headers = stream.headers
            return KubeResponse(status: 200, headers: headers, body: try await stream.collect(upTo: 64 << 20))
        }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        guard !Task.isCancelled else { throw KubeError(.cancelled, "the task was cancelled") }
        switch server.handle(request, agent: agent, token: token) {
        case .answer(let response): return response.stream
        case .watch(let watch): return stream(watch)
        }
    }

    private func stream(_ watch: APIWatch) -> KubeResponseStream {
        let session = WatchReader(server.session(watch))
        return KubeResponseStream(
            status: 200,
            headers: ["content-type": watch.contentType],
            next: { () async throws(KubeError) -> [UInt8]? in
                let chunk = await session.watch.next()
                if chunk == nil, Task.isCancelled { throw KubeError(.cancelled, "the task was cancelled") }
                return chunk
            },
            cancel: { session.watch.end() }
        )
    }
}

/// Ends a watch when nobody can read it any more, as a closed connection does.
private final class WatchReader: Sendable {
    let watch: WatchSession

    init(_ watch: WatchSession) { self.watch = watch }

    deinit { watch.end() }
}
