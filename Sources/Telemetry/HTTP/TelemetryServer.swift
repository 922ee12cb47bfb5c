import FlyingFox
import FlyingSocks
package import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Serves `TelemetryEndpoints` over HTTP until its task is cancelled.
package struct TelemetryServer: Sendable {
    private let server: HTTPServer

    /// - Throws: `KubeError` with code `configuration` where `address` is no IP address.
    package init(_ address: BindAddress, _ endpoints: TelemetryEndpoints) throws(KubeError) {
        let handler = EndpointsHandler(endpoints: endpoints)
        do {
            if address.host.contains(":") {
                server = HTTPServer(
                    address: try sockaddr_in6.inet6(ip6: address.host, port: address.port),
                    logger: .disabled,
                    handler: handler
                )
            } else {
                server = HTTPServer(
                    address: try sockaddr_in.inet(ip4: address.host, port: address.port),
                    logger: .disabled,
                    handler: handler
                )
            }
        } catch {
            throw BindAddress.wrong(address.description)
        }
    }

    /// Listens and answers; returns once the task is cancelled.
    ///
    /// - Throws: `KubeError` with code `configuration` where the address is taken or not of this machine.
    package func run() async throws(KubeError) {
        do {
            try await server.run()
        } catch {
            guard !Task.isCancelled else { return }
            throw KubeError(.configuration, "the server of /metrics can not listen: \(error)")
        }
    }

    /// The port that is listened at, once it is.
    ///
    /// - Throws: `KubeError` with code `timeout` where nothing listens after five seconds.
    package func port() async throws(KubeError) -> UInt16 {
        do {
            try await server.waitUntilListening()
        } catch {
            throw KubeError(.timeout, "the server of /metrics does not listen: \(error)")
        }
        switch await server.listeningAddress {
        case .ip4(_, let port), .ip6(_, let port): return port
        case .unix, nil: throw KubeError(.timeout, "the server of /metrics has no port")
        }
    }
}

/// The bridge between the endpoints and the HTTP library.
private struct EndpointsHandler: HTTPHandler {
    var endpoints: TelemetryEndpoints

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        let answer = endpoints.answer(
            method: request.method.rawValue,
            path: request.path,
            query: request.query.map { ($0.name, $0.value) }
        )
        return HTTPResponse(
            statusCode: Self.statusCode(answer.status),
            headers: [.contentType: answer.contentType],
            body: Data(request.method.rawValue == "HEAD" ? [] : Array(answer.body.utf8))
        )
    }

    private static func statusCode(_ code: Int) -> HTTPStatusCode {
        switch code {
        case 200: .ok
        case 404: .notFound
        case 405: .methodNotAllowed
        default: .serviceUnavailable
        }
    }
}
