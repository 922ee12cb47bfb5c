/// How an instance finds its first peers: the decisions, without the network.
///
/// Source: `pkg/routing/bootstrap.go`, `pkg/routing/p2p.go` and `internal/resilient/retry.go` of spegel v0.7.4.
package enum SpegelBootstrap {
    /// The time that all dials of one attempt have together.
    package static let attemptTime = Duration.seconds(30)
    /// The time of one dial of a private address, handshake included (go-libp2p `p2p/net/swarm/swarm.go`,
    /// `defaultDialTimeoutLocal`).
    package static let dialTime = Duration.seconds(5)
    /// How often a connected instance looks whether it still is (`WithConnectivityCheckOnlineInterval`).
    package static let onlineCheck = Duration.seconds(30)

    /// The wait after an attempt that failed: 50 ms, twice that, and so on up to 10 s.
    ///
    /// - Parameter attempts: those that failed so far, at least 1.
    package static func backoff(after attempts: Int) -> Duration {
        // Beyond the tenth it is the limit in any case.
        let doubled = Duration.milliseconds(50 << min(max(1, attempts) - 1, 10))
        return min(doubled, .seconds(10))
    }

    /// The addresses that are tried: the lowest ones, whoever they belong to.
    package static func candidates(_ addresses: [String], limit: Int) -> [String] {
        Array(
            addresses.compactMap { address in number(address).map { ($0, address) } }
                .sorted { $0.0 < $1.0 }.prefix(limit).map(\.1)
        )
    }

    /// An IPv4 address as a number.
    package static func number(_ address: String) -> UInt32? {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Why an attempt has failed; nil where it has not.
    ///
    /// - Parameters:
    ///   - tried: how many addresses DNS gave, own ones included.
    ///   - errors: of the dials that failed.
    ///   - peers: size of the routing table afterwards.
    package static func failure(tried: Int, errors: [String], peers: Int) -> String? {
        // As upstream counts: where DNS gives nothing, nothing has failed either.
        if errors.count == tried, tried > 0 { return errors.joined(separator: "\n") }
        if tried == 0 { return peers == 0 ? "bootstrap completed but connectivity has not been reached" : nil }
        return peers == 0 ? "routing table is empty after bootstrapping" : nil
    }
}
