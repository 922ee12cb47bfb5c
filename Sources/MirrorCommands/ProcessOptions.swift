public import ArgumentParser
package import KubeClient
package import KubeCore
public import Logging
import MirrorAPI
import Telemetry

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Where the API server is.
package struct ClusterOptions: ParsableArguments {
    @Option(help: "Kubeconfig file. Default: KUBECONFIG, ~/.kube/config, or the pod's service account.")
    package var kubeconfig: String?

    @Option(help: "Context of the kubeconfig. Default: its current one.")
    package var context: String?

    package init() {}

    /// - Parameter agent: who asks, by which an audit log tells our processes apart.
    package func transport(agent: String) throws(KubeError) -> CurlTransport {
        let configuration = try ClusterConfiguration.load(
            explicitKubeconfig: kubeconfig,
            context: context,
            environment: ProcessInfo.processInfo.environment
        )
        return try CurlTransport(
            configuration,
            options: ClientOptions(userAgent: "\(agent)/\(Release.version)")
        )
    }
}

/// How a process of ours writes its log.
struct LogOptions: ParsableArguments {
    @Option(help: "Least level that is logged: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    @Option(help: "Form of the log: json or text.")
    var logFormat: LogFormat = .json

    func bootstrap() {
        let (level, format) = (logLevel, logFormat)
        Descriptors.outliveReaders()
        let output = LogOutput.standardError(format)
        LoggingSystem.bootstrap { StructuredLogHandler(label: $0, level: level, format: format, output: output) }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}

/// Where metrics and health are served.
struct EndpointOptions: ParsableArguments {
    @Option(help: "Address of /metrics, /healthz and /readyz; port 0 takes a free one.")
    var httpBind: String = "0.0.0.0:8080"

    /// A server that listens already: a process whose address is taken does nothing else.
    func server(
        ready: [HealthCheck],
        metrics: PrometheusMetrics,
        logger: Logger
    ) throws(KubeError) -> TelemetryServer {
        var address = try BindAddress(httpBind)
        let server = try TelemetryServer(address, TelemetryEndpoints(metrics: metrics, ready: ready))
        address.port = server.port
        logger.info("Serving metrics and health", metadata: ["address": "\(address)"])
        return server
    }
}
