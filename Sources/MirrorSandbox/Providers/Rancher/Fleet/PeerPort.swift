import FlyingFox
import FlyingSocks
import Glibc
import KubeCore
import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What other peers ask of a daemon: they dial its peer-to-peer port, and pull layers from its registry, which the
/// distributions serve on their supervisor port.
///
/// Source: k3s `pkg/spegel/spegel.go` (`defaultRouterPort`; the registry is a part of the supervisor's HTTP server).
/// The peer-to-peer protocol is not spoken: whoever dials gets an answer, or none.
package struct PeerPort: Sendable {
    /// The port in every peer's address.
    package static let number: UInt16 = 5001
    /// Path of a layer at the registry, without its name.
    package static let layers = "/v2/sandbox/blobs/"

    /// What is counted.
    enum Event: Hashable, Sendable {
        case dial, pull, failedPull
    }

    private let store: ContentStore
    private let count: @Sendable (Event) -> Void

    init(_ store: ContentStore, count: @escaping @Sendable (Event) -> Void) {
        self.store = store
        self.count = count
    }

    /// Answers dials at an address until it is cancelled.
    func run(address: String) async throws {
        let count = count
        let server = HTTPServer(
            config: .init(
                address: try sockaddr_in.inet(ip4: address, port: Self.number),
                timeout: 30,
                logger: .disabled
            )
        )
        await server.appendRoute("GET /") { _ in
            count(.dial)
            return HTTPResponse(statusCode: .ok)
        }
        try await server.run()
    }

    /// Adds the registry to the supervisor's server.
    func addRoutes(to server: HTTPServer) async {
        let (store, count) = (store, count)
        await server.appendRoute(HTTPRoute("GET \(Self.layers)*")) { request in
            guard let name = Self.layer(request.path) else { return HTTPResponse(statusCode: .notFound) }
            switch store.pull(name, size: request.query["size"].flatMap { Int($0) } ?? 1) {
            case .served(let bytes):
                count(.pull)
                return HTTPResponse(statusCode: .ok, body: Data(bytes))
            case .failed(let words):
                count(.failedPull)
                return HTTPResponse(statusCode: .internalServerError, body: Data(words.utf8))
            }
        }
        await server.appendRoute(HTTPRoute("DELETE \(Self.layers)*")) { request in
            let isThere = Self.layer(request.path).map { store.remove($0) } ?? false
            return HTTPResponse(statusCode: isThere ? .accepted : .notFound)
        }
    }

    private static func layer(_ path: String) -> String? {
        let name = String(path.dropFirst(layers.count))
        return ContentStore.isSafe(name) ? name : nil
    }
}
