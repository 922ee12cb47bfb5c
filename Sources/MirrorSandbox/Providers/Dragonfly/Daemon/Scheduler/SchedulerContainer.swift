import KubeCore
import Logging

/// A simulated scheduler, in a process of its own.
struct SchedulerContainer: SimulatedContainer {
    /// Where its figures are, beside the metrics.
    static let figuresPath = "/sandbox/figures"

    private static let directory = "/etc/dragonfly"

    private let options: ContainerOptions
    private let line: SchedulerLine
    private let logger: Logger

    /// Nil where the image is none of a scheduler.
    init?(_ options: ContainerOptions, logger: Logger) {
        guard options.image.contains("/scheduler:"), let line = SchedulerLine(image: options.image) else { return nil }
        self.options = options
        self.line = line
        self.logger = logger
    }

    private func settings() throws -> SchedulerSettings {
        SchedulerSettings(
            scheduler: try options.yaml("\(Self.directory)/scheduler.yaml") ?? [:],
            dynconfig: (try? options.yaml("\(Self.directory)/dynconfig.yaml")) ?? [:]
        )
    }

    func run() async throws {
        let settings = try settings()
        let scale = options.timeScale
        let service = SchedulerService(line, settings, scale, transport: PlainGRPC(), logger: logger)
        let network = try await ContainerNetwork(address: options.podIP, orders: options.orders)
        let calls = try network.listen(settings.port)
        let metrics = try network.listen(settings.metricsPort)
        logger.info("running a scheduler", metadata: ["factor": "\(scale.factor)"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await network.run() }
            group.addTask {
                let server = GRPCUnaryServer { await service.answer($0) }
                await calls.run { await network.converse(server, on: $0, of: calls.port) }
            }
            group.addTask {
                await metrics.run { await PlainServer.converse(on: $0) { Self.answer($0, service.figures) } }
            }
            group.addTask { await Self.each(scale.ringRefresh) { await service.refreshRing() } }
            group.addTask { await Self.each(settings.hostCollection) { service.collectHosts() } }
            group.addTask { await Self.each(settings.peerCollection) { service.collectPeers() } }
            group.addTask {
                // A file that is broken while it runs gives the defaults, and ends nothing.
                await Self.each(scale.scaled(.seconds(60))) {
                    service.reload((try? self.settings()) ?? SchedulerSettings())
                }
            }
            await group.next()
            group.cancelAll()
        }
        try Task.checkCancellation()
    }

    /// Does something again and again, the first time after a period.
    static func each(_ period: Duration, _ body: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: period)
            if !Task.isCancelled { await body() }
        }
    }

    private static func answer(_ request: KubeRequest, _ figures: SchedulerFigures) -> KubeResponse {
        switch request.path {
        case "/metrics":
            KubeResponse(
                status: 200,
                headers: ["content-type": "text/plain; version=0.0.4"],
                body: Array(figures.metrics.utf8)
            )
        case figuresPath: KubeResponse(status: 200, body: (try? JSONCoding.encode(figures)) ?? [])
        default: KubeResponse(status: 404)
        }
    }
}

extension SchedulerFigures {
    /// The metrics, under the names of dragonflyoss/dragonfly `scheduler/metrics/metrics.go`.
    var metrics: String {
        let name = "dragonfly_scheduler"
        func normal(_ metric: String) -> String {
            #"\#(name)_\#(metric){priority="0",task_type="0",host_type="normal"}"#
        }
        func traffic(_ type: String, _ host: String) -> String {
            #"\#(name)_traffic{type="\#(type)",task_type="0",host_type="\#(host)"}"#
        }
        return PrometheusText.of([
            ("\(name)_announce_host_total", "counter", "\(announcements)"),
            ("\(name)_leave_host_total", "counter", "\(departures)"),
            ("\(name)_list_hosts_total", "counter", "\(listings)"),
            (normal("register_peer_total"), "counter", "\(registered)"),
            (normal("download_peer_back_to_source_started_total"), "counter", "\(backToSource)"),
            (traffic("BACK_TO_SOURCE", "normal"), "counter", "\(sourceBytes)"),
            (traffic("BACK_TO_SOURCE", "super"), "counter", "\(seedBytes)"),
            (traffic("REMOTE_PEER", "normal"), "counter", "\(peerBytes)"),
            ("process_open_fds", "gauge", "\(OpenFileCount.now)"),
            ("process_max_fds", "gauge", "\(OpenFileCount.most)"),
        ])
    }
}
