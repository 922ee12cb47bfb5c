import FlyingFox
import FlyingSocks
import Glibc
import KubeCore
package import Logging
import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A simulated Spegel, in a process of its own: the registry's health, the router and the metrics on the ports that its
/// arguments name, at the address of its Pod. It serves no layers.
package struct SpegelDaemon: SimulatedContainer {
    /// Where its figures are, beside the metrics.
    package static let figuresPath = "/sandbox/figures"

    private let options: ContainerOptions
    private let version: SpegelVersion
    private let arguments: SpegelArguments
    private let logger: Logger

    /// Nil where the image is none of Spegel's, or has no tag with a version.
    package init?(_ options: ContainerOptions, logger: Logger) {
        guard options.image.contains("spegel"), let version = SpegelVersion(image: options.image) else { return nil }
        self.version = version
        self.options = options
        self.logger = logger
        arguments = SpegelArguments(options.arguments)
    }

    /// Runs until it is cancelled.
    ///
    /// - Throws: `ScenarioFailure` where the arguments are none of Spegel's.
    package func run() async throws {
        switch arguments.subcommand {
        case "registry": try await runRegistry()
        case "cleanup": try await runCleanup()
        default: throw ScenarioFailure("unknown subcommand \(arguments.subcommand)")
        }
    }

    /// After the clean-up it is ready, for as long as it runs (`pkg/cleanup`).
    private func runCleanup() async throws {
        let server = try server(port: arguments.port("addr", default: 8_080))
        await server.appendRoute("GET /readyz") { _ in HTTPResponse(statusCode: .ok) }
        try await server.run()
    }

    private func runRegistry() async throws {
        guard arguments.value("bootstrap-kind") ?? "dns" == "dns", let domain = arguments.value("dns-bootstrap-domain")
        else { throw ScenarioFailure("the simulated Spegel bootstraps by DNS only, and needs --dns-bootstrap-domain") }
        let resolver = try Resolver(options.resolver)
        let me = SpegelPeer(id: try identity(), address: options.podIP)
        let router = SpegelRouter(
            me,
            version: version,
            port: try arguments.port("router-addr", default: 5_001),
            logger: logger,
            lookup: { try await Self.addresses(of: domain, resolver) }
        )
        logger.info("running Spegel", metadata: ["id": "\(me.id)", "domain": "\(domain)"])
        let registry = try server(port: arguments.port("registry-addr", default: 5_000))
        await registry.appendRoute("GET /readyz") { _ in
            HTTPResponse(statusCode: router.isReady ? .ok : .internalServerError)
        }
        await registry.appendRoute("GET /livez") { _ in HTTPResponse(statusCode: .ok) }
        let peers = try server(port: arguments.port("router-addr", default: 5_001))
        await Self.addRoutes(of: router, to: peers)
        let metrics = try server(port: arguments.port("metrics-addr", default: 9_090))
        await metrics.appendRoute("GET /metrics") { _ in
            let headers = HTTPHeaders([.contentType: "text/plain; version=0.0.4"])
            return HTTPResponse(statusCode: .ok, headers: headers, body: Data(router.figures.metricsText.utf8))
        }
        await metrics.appendRoute(HTTPRoute("GET \(Self.figuresPath)")) { _ in
            HTTPResponse(statusCode: .ok, body: Data(try JSONCoding.encode(router.figures)))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in [registry, peers, metrics] { group.addTask { try await server.run() } }
            group.addTask {
                try await peers.waitUntilListening()
                try await router.run()
            }
            // Whichever ends first ends the process, as in upstream's group.
            try await group.next()
            group.cancelAll()
        }
    }

    private static func addRoutes(of router: SpegelRouter, to server: HTTPServer) async {
        await server.appendRoute(HTTPRoute("GET \(SpegelRouter.identityPath)")) { _ in
            HTTPResponse(statusCode: .ok, body: Data(try JSONCoding.encode(router.me)))
        }
        await server.appendRoute(HTTPRoute("POST \(SpegelRouter.connectPath)")) { request in
            let peer = try JSONCoding.decode(SpegelPeer.self, from: [UInt8](await request.bodyData))
            return HTTPResponse(statusCode: .ok, body: Data(try JSONCoding.encode(router.accept(peer))))
        }
    }

    /// Both families are asked, and one answer is enough.
    private static func addresses(of domain: String, _ resolver: Resolver) async throws -> [String] {
        let six = try? await resolver.addresses(of: domain, type: DNSMessage.typeAAAA)
        do {
            return try await resolver.addresses(of: domain, type: DNSMessage.typeA)
        } catch {
            guard let six else { throw error }
            return six
        }
    }

    /// The identity in the data directory, made where there is none; without a directory it is new at each start.
    private func identity() throws -> String {
        let fresh = "12D3KooW" + (0..<4).map { _ in String(UInt64.random(in: 0...UInt64.max), radix: 36) }.joined()
        guard let directory = arguments.value("data-dir"), !directory.isEmpty else { return fresh }
        let host = HostDirectory(root: options.hostRoot)
        if let known = host.read("\(directory)/private.key") { return String(decoding: known, as: UTF8.self) }
        try host.write([("\(directory)/private.key", fresh)])
        return fresh
    }

    private func server(port: UInt16) throws -> HTTPServer {
        let address = try sockaddr_in.inet(ip4: options.podIP, port: port)
        return HTTPServer(config: .init(address: address, timeout: 30, logger: .disabled))
    }
}
