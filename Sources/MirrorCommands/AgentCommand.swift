import ArgumentParser
import KubeClient
import KubeCore
import KubeRuntime
import Logging
import Metrics
import MirrorAPI
import MirrorAgent
import Telemetry

/// The agent of one node.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Runs the agent of one node.",
        discussion: """
            Writes the node's configuration and restarts its service when the operator has approved a change. Without \
            --restart it restarts nothing and says what an administrator has to run.
            """
    )

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var endpoints: EndpointOptions
    @OptionGroup var log: LogOptions

    @Option(help: "Name of the Node that this runs on.")
    var nodeName: String

    @Option(help: "Where the host's root directory is mounted.")
    var hostRoot: String = "/host"

    @Option(help: "Namespace of the operator's Leases.")
    var leaseNamespace: String = "p2pmirror-system"

    @Option(help: "Namespace in which seeds announce themselves; the operator must be told the same one.")
    var announcementNamespace: String = Announcements.namespace

    @Option(help: "Seconds between two looks at how the host of a seed fares.")
    var figureInterval: Int = 30

    func validate() throws {
        guard (1...3600).contains(figureInterval) else {
            throw ValidationError("--figure-interval \(figureInterval) is not between 1 and 3600 seconds")
        }
    }

    @Flag(inversion: .prefixedNo, help: "Whether the agent may restart the host's services.")
    var restart = false

    @Option(help: "Command that stands for systemctl on the host, its arguments parted by spaces.")
    var systemctl: String?

    func run() async throws {
        if let shortage = Descriptors.shortage() { throw KubeError(.configuration, shortage) }
        log.bootstrap()
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let command = systemctl.map(SystemdServiceManager.command) ?? SystemdServiceManager.defaultCommand
        let logger = Logger(label: "agent")
        let transport = try cluster.transport(agent: "p2pmirror-agent")
        let memory = ServerMemory()
        let api = KubeAPI(ReportingTransport(transport, memory: memory, logger: logger))
        let mirrorNodes = WatchedMirrorNodes(api, node: nodeName, server: memory, logger: logger)
        let host = HostRoot(hostRoot)
        let agent = NodeAgent(
            api: api,
            mirrorNodes: mirrorNodes,
            files: host,
            measures: host,
            services: SystemdServiceManager(command: command),
            probes: try CurlProber(userAgent: "p2pmirror-agent/\(Release.version)"),
            options: AgentOptions(
                nodeName: nodeName,
                leaseNamespace: leaseNamespace,
                announcementNamespace: announcementNamespace,
                mayRestart: restart,
                version: Release.version,
                figureInterval: .seconds(figureInterval)
            ),
            bootTime: { BootTime.now() },
            log: logger
        )
        let server = try endpoints.server(
            ready: [
                HealthCheck(name: "passes") { agent.health.failure },
                HealthCheck(name: "watch") { mirrorNodes.staleness },
            ],
            metrics: metrics,
            logger: logger
        )
        let parts = [
            Part("endpoints") { try await server.run() },
            Part("watch") { await mirrorNodes.run() },
            Part("agent") {
                async let said: Void = agent.logStart(host: transport.host)
                await agent.run(
                    clock: ContinuousClock(),
                    now: { WallClock.now().timestamp },
                    jitter: { Double.random(in: 0...1) }
                )
                await said
            },
        ]
        try await ProcessLifetime.run(parts, logger: logger)
    }
}
