import KubeCore
import Logging
import MirrorPlanner

/// A simulated daemon, of a node or a seed, in a process of its own.
struct DfdaemonContainer: SimulatedContainer {
    /// The variable of the container's environment with `HOST:PORT` of what stands for a registry.
    static let sourceVariable = "SANDBOX_SOURCE"
    /// Where its figures are, beside the metrics.
    static let figuresPath = "/sandbox/figures"
    /// Path below which its proxy gets tasks: `/blobs/TASK?size=BYTES`.
    static let blobs = "/blobs/"

    private static let directory = "/etc/dragonfly"

    private let options: ContainerOptions
    private let version: String
    private let logger: Logger

    /// Nil where the image is none of a daemon.
    init?(_ options: ContainerOptions, logger: Logger) {
        guard options.image.contains("dragonflyoss/client:"), let tag = options.image.split(separator: ":").last else {
            return nil
        }
        self.options = options
        version = String(tag.drop { $0 == "v" })
        self.logger = logger
    }

    private var gate: OutboundGate { OutboundGate(orders: options.orders) }

    func run() async throws {
        let settings = DfdaemonSettings(try options.yaml("\(Self.directory)/dfdaemon.yaml") ?? [:])
        let storage = options.directory(settings.directory) ?? "\(options.hostRoot)\(settings.directory)"
        let service = DfdaemonService(
            DfdaemonService.Identity(
                ip: options.podIP,
                hostname: options.environment["HOSTNAME"] ?? "",
                namespace: options.environment["POD_NAMESPACE"] ?? "",
                pod: options.environment["POD_NAME"] ?? "",
                version: version,
                source: options.environment[Self.sourceVariable] ?? ""
            ),
            settings,
            options.timeScale,
            store: try TaskStore(directory: storage, keep: settings.keepsStorage),
            transport: GatedGRPC(transport: PlainGRPC(), gate: gate),
            reaches: { [gate] in gate.reaches($0) },
            logger: logger
        )
        // It ends at once where nobody answers, and is started again.
        guard await service.refreshSchedulers(try await schedulers(settings)) else {
            logger.critical("initialize dynconfig server failed: \(SchedulerChoice.none)")
            throw ScenarioFailure("initialize dynconfig server failed: \(SchedulerChoice.none)")
        }
        do {
            try await serve(service, settings)
        } catch {
            // In a task of its own: this one is cancelled, and each call of it would fail.
            await Task { await service.leave() }.value
            throw error
        }
    }

    private func serve(_ service: DfdaemonService, _ settings: DfdaemonSettings) async throws {
        let network = try await ContainerNetwork(address: options.podIP, orders: options.orders)
        let calls = try network.listen(settings.uploadPort)
        let plain: [(GatedListener, @Sendable (KubeRequest) async -> KubeResponse)] = [
            (try network.listen(settings.proxyPort), { await Self.proxy($0, service) }),
            (try network.listen(settings.metricsPort), { [version] in Self.metrics($0, service, version) }),
            (
                try network.listen(settings.healthPort),
                { KubeResponse(status: $0.path == "/healthy" ? 200 : 404) }
            ),
            (try network.listen(settings.piecePort), { await Self.pieces($0, service) }),
        ]
        await service.collect()
        logger.info("running a daemon", metadata: ["id": "\(service.hostID)"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await network.run() }
            group.addTask {
                let server = GRPCUnaryServer { await service.answer($0) }
                await calls.run { await network.converse(server, on: $0, of: calls.port) }
            }
            for (listener, answer) in plain {
                group.addTask {
                    await listener.run { socket in
                        await PlainServer.converse(on: socket) { request in
                            let response = await answer(request)
                            await network.carry(response.body.count, from: listener.port)
                            return response
                        }
                    }
                }
            }
            group.addTask {
                service.markServing()
                await service.announce()
                await SchedulerContainer.each(settings.announceInterval) { await service.announce() }
            }
            group.addTask { await SchedulerContainer.each(settings.collection) { await service.collect() } }
            group.addTask {
                await SchedulerContainer.each(settings.refreshInterval) {
                    // Where the file can't be read or the name has no address, the old list stays.
                    guard let addresses = try? await self.schedulers(settings) else { return }
                    _ = await service.refreshSchedulers(addresses)
                }
            }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// `IP:PORT` of the schedulers that the manager names, where there is one, or else `dynconfig.yaml`: `addrs`, or
    /// all addresses of `addr`.
    ///
    /// - Throws: where there are none, the manager does not answer, or DNS knows no address.
    private func schedulers(_ settings: DfdaemonSettings) async throws -> [String] {
        if let manager = settings.managerAddress { return try await schedulers(from: manager, settings) }
        let scheduler = try options.yaml("\(Self.directory)/dynconfig.yaml")?["scheduler"] ?? [:]
        if let addresses = scheduler["addrs"]?.strings, !addresses.isEmpty { return addresses.sorted() }
        let address = scheduler["addr"]?.stringValue ?? "dragonfly-scheduler:8002"
        guard let (host, port) = DfdaemonService.split(address) else {
            throw ScenarioFailure("scheduler.addr \(address) is not HOST:PORT")
        }
        if host.allSatisfy({ $0.isNumber || $0 == "." }) { return [address] }
        let found = try await Resolver(options.resolver).addresses(of: host, type: DNSMessage.typeA)
        return found.map { "\($0):\(port)" }.sorted()
    }

    /// What the manager hands out: rows of schedulers that it takes for dead too.
    private func schedulers(from manager: String, _ settings: DfdaemonSettings) async throws -> [String] {
        guard let (host, port) = DfdaemonService.split(manager.replacing("http://", with: "")) else {
            throw ScenarioFailure("manager.addr \(manager) is not http://HOST:PORT")
        }
        let query = DragonflySchedulersQuery(
            settings.isSeed ? .seedPeer : .peer,
            hostname: options.environment["HOSTNAME"] ?? "",
            ip: options.podIP,
            version: version,
            commit: "",
            schedulerClusterID: settings.clusterID
        )
        let list = try await PlainGRPC().call(
            DragonflyCall.listSchedulers,
            query,
            host: host,
            port: port,
            timeout: options.timeScale.requestTimeout
        )
        return list.schedulers.map { "\($0.ip):\($0.port)" }.sorted()
    }

    // MARK: Answers

    /// Gets a task for whoever asks; the answer says how that went, and has no content.
    private static func proxy(_ request: KubeRequest, _ service: DfdaemonService) async -> KubeResponse {
        guard let task = task(request, below: blobs),
            let size = request.query.first(where: { $0.name == "size" }).flatMap({ Int64($0.value) }), size > 0
        else { return KubeResponse(status: 404) }
        let download = await service.download(task, size: size)
        let status = download.error == nil ? 200 : 500
        return KubeResponse(status: status, body: (try? JSONCoding.encode(download)) ?? [])
    }

    private static func pieces(_ request: KubeRequest, _ service: DfdaemonService) async -> KubeResponse {
        guard let task = task(request, below: "/tasks/"), let bytes = await service.upload(task) else {
            return KubeResponse(status: 404)
        }
        return KubeResponse(status: 200, body: bytes)
    }

    private static func task(_ request: KubeRequest, below prefix: String) -> String? {
        guard request.path.hasPrefix(prefix) else { return nil }
        return DragonflyTaskID(request.path.dropFirst(prefix.count))?.text
    }

    private static func metrics(_ request: KubeRequest, _ service: DfdaemonService, _ version: String) -> KubeResponse {
        switch request.path {
        case "/metrics":
            let text = service.figures.metrics(
                disk: service.store.usage,
                openFiles: OpenFileCount.now,
                mostFiles: OpenFileCount.most,
                version: version
            )
            let headers = ["content-type": "text/plain; version=0.0.4"]
            return KubeResponse(status: 200, headers: headers, body: Array(text.utf8))
        case figuresPath: return KubeResponse(status: 200, body: (try? JSONCoding.encode(service.figures)) ?? [])
        default: return KubeResponse(status: 404)
        }
    }
}
