import FlyingFox
import FlyingSocks
import Glibc
import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox's stand-in for systemd's bus: the supervisor's units over HTTP on loopback, for the processes of the
/// simulated hosts.
package struct ServiceControl: Sendable {
    /// What is told of a unit over the wire.
    package struct Answer: Codable, Hashable, Sendable {
        package var activeState: String
        package var subState: String
        package var result: String
        package var invocationID: String
        package var mainPID: Int32
        package var startedAt: Int64
    }

    private let supervisor: Supervisor
    private let server: HTTPServer

    package init(_ supervisor: Supervisor) throws {
        self.supervisor = supervisor
        server = HTTPServer(
            config: .init(address: try sockaddr_in.inet(ip4: "127.0.0.1", port: 0), logger: .disabled)
        )
    }

    /// Serves until it is cancelled.
    package func run() async throws {
        let supervisor = supervisor
        await server.appendRoute("GET /units/show") { request in
            guard let state = supervisor.state(of: request.query["unit"] ?? "") else {
                return HTTPResponse(statusCode: .notFound)
            }
            let answer = Answer(
                activeState: state.activeState,
                subState: state.subState,
                result: state.result,
                invocationID: state.invocationID,
                mainPID: state.mainPID,
                startedAt: state.startedAt
            )
            return HTTPResponse(statusCode: .ok, body: Data(try JSONCoding.encode(answer)))
        }
        await server.appendRoute("POST /units/restart") { request in
            let unit = request.query["unit"] ?? ""
            guard supervisor.state(of: unit) != nil else { return HTTPResponse(statusCode: .notFound) }
            supervisor.restart(unit)
            return HTTPResponse(statusCode: .accepted)
        }
        await server.appendRoute("POST /units/ready") { request in
            supervisor.markReady(request.query["unit"] ?? "", pid: request.query["pid"].flatMap(Int32.init) ?? 0)
            return HTTPResponse(statusCode: .ok)
        }
        try await server.run()
    }

    /// The address that the processes are given, once it listens.
    package func url() async throws -> String {
        try await server.waitUntilListening()
        guard case .ip4(let ip, let port) = await server.listeningAddress else {
            throw KubeError(.configuration, "the sandbox's service control does not listen")
        }
        return "http://\(ip):\(port)"
    }
}
