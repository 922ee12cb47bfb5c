import FlyingFox
import FlyingSocks
import Glibc
package import KubeCore
package import Logging
import MirrorAPI
import MirrorPlanner
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The daemon of one simulated node, in a process of its own: it reads its files once, joins, publishes its Node,
/// listens on the distribution's real port of the node's own loopback address, and asks the others for peers.
package struct NodeDaemon: Sendable {
    package struct Options: Sendable {
        package var host: FleetBlueprint.Host
        package var blueprint: FleetBlueprint
        /// The host's root directory.
        package var root: String
        /// How long one answer takes beside what really happens here, for the TLS handshake and the check of the token.
        package var answerDelay: Duration
        /// How long the daemon takes from its start until it is ready.
        package var startDelay: Duration

        package init(
            host: FleetBlueprint.Host,
            blueprint: FleetBlueprint,
            root: String,
            answerDelay: Duration = .milliseconds(20),
            startDelay: Duration = .milliseconds(500)
        ) {
            self.host = host
            self.blueprint = blueprint
            self.root = root
            self.answerDelay = answerDelay
            self.startDelay = startDelay
        }
    }

    private struct Counters {
        var figures = DaemonFigures()
        var extraDelay: Duration = .zero
    }

    private let options: Options
    private let api: KubeAPI
    private let logger: Logger
    private let configuration: DaemonConfiguration
    private let chain: BootstrapChain
    private let exchange: PeerExchange
    private let publisher: NodePublisher
    private let counters: SharedCounters
    private let clock: @Sendable () -> Timestamp

    private final class SharedCounters: Sendable {
        let value = Mutex(Counters())
    }

    /// Reads the host's files.
    ///
    /// - Throws: `KubeError` where a file cannot be read: the daemon does not start.
    package init(
        _ options: Options,
        api: KubeAPI,
        logger: Logger,
        clock: @escaping @Sendable () -> Timestamp
    ) throws(KubeError) {
        let distribution = options.blueprint.distribution
        self.options = options
        self.api = api
        self.logger = logger
        self.clock = clock
        configuration = try HostDirectory(root: options.root).configuration(distribution, role: options.host.role)
        chain = BootstrapChain.of(version: options.blueprint.version)
        exchange = PeerExchange(path: distribution.bootstrapPath)
        publisher = NodePublisher(api, NodeAdvertisement(host: options.host, blueprint: options.blueprint))
        counters = SharedCounters()
    }

    /// Runs until it is cancelled.
    ///
    /// - Parameter onReady: called once, when a service manager would be told `READY=1`.
    package func run(onReady: @escaping @Sendable () async -> Void) async throws {
        let server = HTTPServer(
            config: .init(
                address: try sockaddr_in.inet(
                    ip4: options.host.address,
                    port: UInt16(options.blueprint.distribution.supervisorPort)
                ),
                timeout: 30,
                logger: .disabled
            )
        )
        await addRoutes(to: server)
        let store = ContentStore(root: options.root, options.blueprint.distribution)
        let peers = PeerPort(store) { [counters] event in counters.value.withLock { $0.figures.count(event) } }
        await peers.addRoutes(to: server)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { [options] in try await peers.run(address: options.host.address) }
            group.addTask { try await countCPU() }
            group.addTask {
                try await server.waitUntilListening()
                try await start(onReady: onReady)
            }
            try await group.waitForAll()
        }
    }

    /// Keeps the counter of the unit's control group, as the kernel does.
    private func countCPU() async throws {
        let unit = options.blueprint.distribution.unit(of: options.host.role)
        let root = HostDirectory(root: options.root)
        while true {
            if let seconds = ProcessFigures.processorSeconds(of: getpid()) {
                let text = "usage_usec \(Int64(seconds * 1_000_000))\n"
                try? root.write([("/sys/fs/cgroup/system.slice/\(unit)/cpu.stat", text)])
            }
            try await Task.sleep(for: .seconds(5))
        }
    }

    private func start(onReady: @Sendable () async -> Void) async throws {
        try await Task.sleep(for: options.startDelay)
        let annotations = try NodeAdvertisement(host: options.host, blueprint: options.blueprint)
            .annotations(of: configuration)
        try await retrying { try await publisher.register(annotations: annotations, peer: false) }
        try await retrying {
            try await publisher.report(ready: "True", voter: options.host.hasEtcdMember, now: clock())
        }
        await onReady()
        guard configuration.hasRegistries else {
            return log("Not starting distributed registry mirror: no registries configured for distributed mirroring")
        }
        // The peer is published only after the server of the configuration has answered.
        if let server = configuration.server, await !exchange.answers(server) {
            return log("failed to validate join token: \(server) does not answer")
        }
        try await retrying { try await publisher.register(annotations: annotations, peer: true) }
        _ = await findPeers()
    }

    private func retrying(_ body: () async throws -> Void) async throws {
        while true {
            do {
                return try await body()
            } catch {
                try await Task.sleep(for: .milliseconds(300))
            }
        }
    }

    private func addRoutes(to server: HTTPServer) async {
        let distribution = options.blueprint.distribution
        await server.appendRoute(HTTPRoute("GET \(distribution.bootstrapPath)")) { _ in await answerPeers() }
        await server.appendRoute("GET /cacerts") { _ in HTTPResponse(statusCode: .ok) }
        await server.appendRoute("GET /sandbox/figures") { _ in
            let figures = counters.value.withLock(\.figures)
            return HTTPResponse(statusCode: .ok, body: Data((try? JSONCoding.encode(figures)) ?? []))
        }
        await server.appendRoute("POST /sandbox/trigger") { _ in
            Task { _ = await findPeers() }
            return HTTPResponse(statusCode: .accepted)
        }
        await server.appendRoute("POST /sandbox/slow") { request in
            let delay = request.query["milliseconds"].flatMap(Int.init) ?? 0
            counters.value.withLock { $0.extraDelay = .milliseconds(delay) }
            return HTTPResponse(statusCode: .ok)
        }
    }

    private func answerPeers() async -> HTTPResponse {
        let delay = counters.value.withLock { counters in
            counters.figures.peerRequests += 1
            counters.figures.open += 1
            return options.answerDelay + counters.extraDelay
        }
        defer { counters.value.withLock { $0.figures.open -= 1 } }
        try? await Task.sleep(for: delay)
        let addresses = await findPeers()
        guard !addresses.isEmpty else {
            return HTTPResponse(statusCode: .serviceUnavailable, body: Data("no peer addresses available".utf8))
        }
        log("Serving p2p peer addrs: \(addresses.count)")
        return HTTPResponse(statusCode: .ok, body: Data((try? JSONCoding.encode(addresses)) ?? []))
    }

    /// Goes through the chain of sources.
    private func findPeers() async -> [String] {
        var found: [String] = []
        var answered: [Int?] = []
        while let source = chain.next(after: answered, isServer: options.host.role == .server) {
            let addresses = await addresses(from: source)
            answered.append(addresses?.count)
            found += (addresses ?? []).filter { !found.contains($0) }
        }
        return found
    }

    private func addresses(from source: BootstrapChain.Source) async -> [String]? {
        switch source {
        case .nodeList:
            let distribution = options.blueprint.distribution
            let nodes = try? await api.list(Node.self, ListOptions(labelSelector: "\(distribution.peerLabel)=true"))
            return nodes?.filter { $0.metadata.name != options.host.name && $0.isReady }
                .compactMap { $0.metadata.annotations[distribution.peerAddressAnnotation] }
        case .configuredServer:
            guard let server = configuration.server else { return nil }
            return await exchange.peers(knownTo: server)
        case .myself:
            return [NodeAdvertisement(host: options.host, blueprint: options.blueprint).peerAddress]
        }
    }

    private func log(_ message: String) {
        counters.value.withLock { $0.figures.logLines += 1 }
        logger.info("\(message)")
    }
}
