package import ArgumentParser
import Glibc
import KubeClient
import KubeCore
import KubeRuntime
import Logging
import Metrics
import MirrorAPI
import MirrorOperator
import Telemetry

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The operator: one a cluster works, further ones stand by.
package struct OperatorCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(commandName: "operator", abstract: "Runs the operator.")

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var endpoints: EndpointOptions
    @OptionGroup var log: LogOptions

    @Flag(inversion: .prefixedNo, help: "Whether only the holder of a Lease works.")
    var leaderElect = true

    @Option(help: "Namespace of the operator's Leases.")
    var leaseNamespace: String = "p2pmirror-system"

    @Option(help: "Namespace of the Leases by which seeds announce themselves.")
    var announcementNamespace: String = Announcements.namespace

    @Option(help: "Objects that are kept in memory, about 1.3 kB each and up to three for each node.")
    var maxObjects = ListBounds.objects

    package init() {}

    package func validate() throws {
        guard maxObjects >= 1_000 else { throw ValidationError("--max-objects \(maxObjects): at least 1000") }
    }

    package func run() async throws { try await run(daemonTimeFactor: 1) }

    /// Runs beside simulated daemons whose time goes faster than in the world.
    package func run(daemonTimeFactor: Int) async throws {
        if let shortage = Descriptors.shortage() { throw KubeError(.configuration, shortage) }
        log.bootstrap()
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let logger = Logger(label: "operator")
        let transport = try cluster.transport(agent: "p2pmirror-operator")
        var options = OperatorOptions(
            leaseNamespace: leaseNamespace,
            announcementNamespace: announcementNamespace,
            identity: Self.identity(),
            leaderElection: leaderElect
        )
        options.objectLimit = maxObjects
        options.daemonTimeFactor = daemonTimeFactor
        let mirrorOperator = try MirrorOperator(
            transport,
            options: options,
            probes: CurlProber(userAgent: "p2pmirror/\(Release.version)"),
            peers: { url throws(KubeError) in
                let options = ClientOptions(
                    userAgent: "p2pmirror/\(Release.version)",
                    connectTimeout: .seconds(1),
                    answerLimit: PeerInspector.pageLimit
                )
                return try CurlTransport(ClusterConfiguration(server: url), options: options)
            },
            calls: CurlGRPC(userAgent: "p2pmirror/\(Release.version)"),
            logger: logger
        )
        let server = try endpoints.server(ready: mirrorOperator.readyChecks, metrics: metrics, logger: logger)
        let parts = [
            Part("endpoints") { try await server.run() },
            Part("operator") {
                async let said: Void = mirrorOperator.logStart(version: Release.version, host: transport.host)
                await mirrorOperator.run()
                await said
            },
        ]
        try await ProcessLifetime.run(parts, logger: logger)
    }

    /// Differs between two processes on one host, and between two pods.
    private static func identity() -> String {
        let environment = ProcessInfo.processInfo.environment
        let host = environment["POD_NAME"] ?? environment["HOSTNAME"] ?? ProcessInfo.processInfo.hostName
        return "\(host)_\(getpid())"
    }
}
