/// What a simulated Spegel counts.
package struct SpegelFigures: Codable, Hashable, Sendable {
    /// Lookups of the bootstrap domain.
    package var lookups = 0
    /// Dials of addresses that DNS gave, those that are done.
    package var dials = 0
    /// Those of them that failed.
    package var failedDials = 0
    /// Attempts to bootstrap that failed.
    package var failedAttempts = 0
    /// Size of the routing table.
    package var peers = 0
    /// Connections that others opened to it, and those that it opened.
    package var inbound = 0
    package var outbound = 0
    /// Seconds from its start to its first peer; nil while it has had none.
    package var connectedAfter: Double?
    /// Seconds since its start.
    package var age = 0.0
    /// Why the last attempt failed.
    package var lastError: String?

    package init() {}

    /// The figures as `/metrics` shows them, under the names that the real one has.
    ///
    /// Source: go-libp2p `p2p/net/swarm/swarm_metrics.go` and `p2p/host/resource-manager/stats.go`, spegel
    /// `pkg/metrics/metrics.go`.
    package var metricsText: String {
        let connection =
            #"transport="tcp",security="/tls/1.0.0",muxer="/yamux/1.0.0",early_muxer="true",ip_version="ip4""#
        return """
            # TYPE libp2p_rcmgr_connections gauge
            libp2p_rcmgr_connections{dir="inbound",scope="system"} \(inbound)
            libp2p_rcmgr_connections{dir="outbound",scope="system"} \(outbound)
            # TYPE libp2p_swarm_connections_opened_total counter
            libp2p_swarm_connections_opened_total{dir="inbound",\(connection)} \(inbound)
            libp2p_swarm_connections_opened_total{dir="outbound",\(connection)} \(outbound)
            # TYPE libp2p_swarm_dial_errors_total counter
            libp2p_swarm_dial_errors_total{transport="tcp",error="deadline",ip_version="ip4"} \(failedDials)
            # TYPE spegel_mirror_last_success_timestamp_seconds gauge
            spegel_mirror_last_success_timestamp_seconds 0

            """
    }
}
