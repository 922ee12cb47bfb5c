/// What `/metrics`, `/healthz` and `/readyz` answer, without a socket.
package struct TelemetryEndpoints: Sendable {
    package struct Answer: Hashable, Sendable {
        package var status: Int
        package var contentType: String
        package var body: String
    }

    static let metricsPath = "/metrics"

    private let metrics: PrometheusMetrics
    private let live: [HealthCheck]
    private let ready: [HealthCheck]

    /// - Parameters:
    ///   - live: what only a restart would cure; an empty list is always well.
    ///   - ready: what must hold before the process does its work.
    package init(metrics: PrometheusMetrics, live: [HealthCheck] = [], ready: [HealthCheck]) {
        self.metrics = metrics
        self.live = live
        self.ready = ready
    }

    /// - Parameters:
    ///   - query: the parameters' names and values; `verbose` lists every check, `exclude` leaves one out.
    package func answer(method: String, path: String, query: [(name: String, value: String)] = []) -> Answer {
        guard method == "GET" || method == "HEAD" else { return plain(405, "\(method) is not supported, use GET\n") }
        switch path {
        case Self.metricsPath:
            return Answer(
                status: 200,
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: metrics.render()
            )
        case "/healthz", "/livez": return health("healthz", live, query)
        case "/readyz": return health("readyz", ready, query)
        default: return plain(404, "there is /metrics, /healthz and /readyz\n")
        }
    }

    private func health(_ endpoint: String, _ checks: [HealthCheck], _ query: [(name: String, value: String)]) -> Answer
    {
        let excluded = Set(query.filter { $0.name == "exclude" }.map(\.value))
        let report = HealthReport(endpoint: endpoint, checks: checks, excluding: excluded)
        return plain(
            report.isHealthy ? 200 : 503,
            report.text(verbose: query.contains { $0.name == "verbose" })
        )
    }

    private func plain(_ status: Int, _ body: String) -> Answer {
        Answer(status: status, contentType: "text/plain; charset=utf-8", body: body)
    }
}
