/// A change of images that is about to begin: from a pair that runs to a pair that is wanted.
package struct VersionUpgrade: Hashable, Sendable {
    /// Which side goes first. The other pair of the two that meet on the way may break.
    package enum Order: String, Hashable, Sendable {
        case serversFirst
        case clientsFirst
    }

    package var from: VersionPair
    package var to: VersionPair
    package var isManagerless: Bool
    package var hasSchedulerTLS: Bool

    package init(from: VersionPair, to: VersionPair, isManagerless: Bool = false, hasSchedulerTLS: Bool = false) {
        (self.from, self.to) = (from, to)
        (self.isManagerless, self.hasSchedulerTLS) = (isManagerless, hasSchedulerTLS)
    }

    /// The pair that meets between the two halves.
    package func middle(_ order: Order) -> VersionPair {
        switch order {
        case .serversFirst: VersionPair(server: to.server, client: from.client)
        case .clientsFirst: VersionPair(server: from.server, client: to.client)
        }
    }

    /// The order in which nothing breaks on the way; servers first where both do, because upstream serves older clients
    /// longer than the other way round. Nil where each of them breaks: a pair in between is needed.
    package var order: Order? {
        let orders: [Order] = [.serversFirst, .clientsFirst]
        let safe = orders.filter { !breaks(middle($0)) }
        return safe.min { skew(middle($0)) < skew(middle($1)) }
    }

    /// What breaks at its end, what breaks on the way in each order, and releases that are left out.
    package var findings: [VersionFinding] {
        var found = to.findings(isManagerless: isManagerless, hasSchedulerTLS: hasSchedulerTLS)
        if order == nil {
            found += [Order.serversFirst, .clientsFirst].flatMap { order in
                middle(order).findings(isManagerless: isManagerless, hasSchedulerTLS: hasSchedulerTLS)
                    .filter { $0.severity == .fault }
            }
        }
        if let leap { found.append(leap) }
        var seen: Set<VersionFinding> = []
        return found.filter { seen.insert($0).inserted }.sorted { $0.severity > $1.severity }
    }

    private func breaks(_ pair: VersionPair) -> Bool {
        pair.breaks(isManagerless: isManagerless, hasSchedulerTLS: hasSchedulerTLS)
    }

    private func skew(_ pair: VersionPair) -> Int {
        pair.client.serverMinorOfClient.map { abs(pair.server.minor - $0) } ?? 0
    }

    private var leap: VersionFinding? {
        guard from.server.major == to.server.major, abs(from.server.minor - to.server.minor) > 1 else { return nil }
        let step = from.server.minor < to.server.minor ? from.server.minor + 1 : from.server.minor - 1
        return VersionFinding(
            .skew,
            .warning,
            """
            the server goes from \(from.server) to \(to.server), past \(abs(from.server.minor - to.server.minor) - 1) \
            minor releases, and its database may not follow: go to \(to.server.major).\(step) first
            """,
            source: "dragonflyoss/dragonfly#4709"
        )
    }
}
