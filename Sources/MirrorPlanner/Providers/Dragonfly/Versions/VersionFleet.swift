/// All versions that run in a release: of its schedulers and managers, and of its daemons.
package struct VersionFleet: Hashable, Sendable {
    /// Pods by version.
    package var servers: [DragonflyVersion: Int]
    package var clients: [DragonflyVersion: Int]
    package var isManagerless: Bool
    package var hasSchedulerTLS: Bool

    package init(
        servers: [DragonflyVersion: Int],
        clients: [DragonflyVersion: Int],
        isManagerless: Bool = false,
        hasSchedulerTLS: Bool = false
    ) {
        (self.servers, self.clients) = (servers, clients)
        (self.isManagerless, self.hasSchedulerTLS) = (isManagerless, hasSchedulerTLS)
    }

    /// What does not fit, worst first; one of a kind, of the pair in which it is worst.
    package var findings: [VersionFinding] {
        var found: [VersionFinding] = []
        for server in servers.keys.sorted() {
            for client in clients.keys.sorted(by: >) {
                let pair = VersionPair(server: server, client: client)
                found += pair.findings(isManagerless: isManagerless, hasSchedulerTLS: hasSchedulerTLS)
            }
        }
        found += [mixed(servers, "servers"), mixed(clients, "clients"), lastRing].compactMap { $0 } + unknown
        var kinds: [VersionFinding.Kind: VersionFinding] = [:]
        var order: [VersionFinding] = []
        for finding in found.sorted(by: { $0.severity > $1.severity }) where kinds[finding.kind] == nil {
            kinds[finding.kind] = finding
            order.append(finding)
        }
        return order
    }

    private func mixed(_ versions: [DragonflyVersion: Int], _ what: String) -> VersionFinding? {
        let minors = Set(versions.keys.map { [$0.major, $0.minor] })
        guard minors.count > 1 else { return nil }
        let list = versions.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
        return VersionFinding(
            .mixed,
            .warning,
            "\(what) of \(minors.count) minor releases run at once: \(list): finish the upgrade, or take it back",
            source: "dragonflyoss/dragonfly#4709"
        )
    }

    private var lastRing: VersionFinding? {
        guard let server = servers.keys.sorted().first(where: { DragonflyDefect.keepsLastRing.isIn($0) != false })
        else {
            return nil
        }
        let known = DragonflyDefect.keepsLastRing.isIn(server) == true
        return VersionFinding(
            .lastRing,
            .note,
            """
            version \(server) keeps an empty set's last ring\(known ? "" : " as far as is known"): a scheduler whose \
            last seed is gone goes on asking it: keep one seed, or start one
            """,
            source: "dragonflyoss/dragonfly#4960"
        )
    }

    private var unknown: [VersionFinding] {
        let late =
            servers.keys.filter { ($0.major, $0.minor) > (2, 5) }.sorted().map { "server \($0)" }
            + clients.keys.filter { $0.major == 1 && $0.minor > 5 }.sorted().map { "client \($0)" }
        guard !late.isEmpty else { return [] }
        return [
            VersionFinding(
                .unknown,
                .note,
                """
                \(late.joined(separator: ", ")): newer than server 2.5 and client 1.5, up to which releases are known \
                here
                """,
                source: "dragonfly v2.5.1, client v1.5.1"
            )
        ]
    }
}
