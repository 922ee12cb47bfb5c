import KubeClient
import KubeCore

/// The load through `CurlTransport`: one thread for all of it.
struct TransportClient: LoadClient {
    private let transport: CurlTransport

    init(_ server: LoadServer) throws {
        transport = try CurlTransport(
            ClusterConfiguration(server: server.url, certificateAuthority: .file(server.authority)),
            options: ClientOptions(userAgent: "bench")
        )
    }

    func follow(_ path: String, opened: @escaping @Sendable () -> Void, heard: @escaping @Sendable (Int) -> Void) {
        Task {
            let request = KubeRequest(.get, path, query: [.init("watch", "true")], idleTimeout: .seconds(75))
            let stream = try await transport.open(request)
            opened()
            while let chunk = try await stream.nextChunk() { heard(chunk.count) }
        }
    }

    func ask(isWrite: Bool, answered: @escaping @Sendable (Int) -> Void) {
        Task {
            let request =
                isWrite
                ? KubeRequest(.put, LoadServer.path, contentType: "application/json", body: LoadServer.body)
                : KubeRequest(.get, LoadServer.path)
            answered((try? await transport.send(request))?.status ?? 0)
        }
    }
}
