/// One server and one client that meet.
package struct VersionPair: Hashable, Sendable {
    /// Of the scheduler.
    package var server: DragonflyVersion
    /// Of a daemon, seed or not.
    package var client: DragonflyVersion

    package init(server: DragonflyVersion, client: DragonflyVersion) {
        (self.server, self.client) = (server, client)
    }

    /// What does not fit between the two.
    ///
    /// - Parameters:
    ///   - isManagerless: whether the release runs without a manager, or is to.
    ///   - hasSchedulerTLS: whether schedulers are given `server.tls`.
    package func findings(isManagerless: Bool = false, hasSchedulerTLS: Bool = false) -> [VersionFinding] {
        if client.major >= 2 { return [goDaemon] }
        return [
            seeds, isManagerless ? manager : nil, hasSchedulerTLS ? schedulerTLS : nil, skew, hostNames,
        ].compactMap { $0 }
    }

    /// Whether peers find no seeds, or each other, in this pair.
    package func breaks(isManagerless: Bool = false, hasSchedulerTLS: Bool = false) -> Bool {
        findings(isManagerless: isManagerless, hasSchedulerTLS: hasSchedulerTLS).contains { $0.severity == .fault }
    }

    private var seeds: VersionFinding? {
        let gate = DragonflyGate.announcedSeeds
        guard !gate.isOpen(server: server), gate.isOpen(client: client) else { return nil }
        return VersionFinding(
            .noSeeds,
            .fault,
            """
            server \(server) finds seeds through the manager only (up to 2.3.0), and client \(client) does not \
            register there (from 1.0.11), so no seed is ever used: upgrade the server to 2.3.1 or later or clients \
            back to 1.0.10
            """,
            source: "dragonflyoss/dragonfly#4364, scheduler/resource/standard/seed_peer.go"
        )
    }

    private var manager: VersionFinding? {
        let gate = DragonflyGate.managerless
        let late = [
            gate.isOpen(server: server) ? nil : "server \(server) needs a manager (up to 2.5.0)",
            gate.isOpen(client: client) ? nil : "client \(client) needs a manager (up to 1.4.2)",
        ].compactMap { $0 }
        guard !late.isEmpty else { return nil }
        return VersionFinding(
            .managerNeeded,
            .fault,
            """
            \(late.joined(separator: ", and ")), and there is none: upgrade to server 2.5.1 and client 1.4.3 or later, \
            or set manager.addr
            """,
            source: "scheduler/config/config.go, dragonfly-client-config/src/dfdaemon.rs"
        )
    }

    private var schedulerTLS: VersionFinding? {
        let isIn = DragonflyDefect.dialsSchedulersPlain.isIn(client)
        guard isIn != false else { return nil }
        let isKnown = isIn == true
        let known = "client \(client) dials schedulers without TLS (all up to 1.5.1)"
        let unknown = "clients up to 1.5.1 dial schedulers without TLS, and nothing is known of client \(client)"
        return VersionFinding(
            .schedulerTLS,
            isKnown ? .fault : .warning,
            """
            \(isKnown ? known : unknown), and the schedulers of \(server) have server.tls, which wants a certificate \
            of each caller: remove server.tls from scheduler.yaml
            """,
            source: "dragonflyoss/client#1859, dragonfly-client/src/grpc/scheduler.rs"
        )
    }

    /// Upstream tests a release against the one before, and tells people to upgrade minor by minor.
    private var skew: VersionFinding? {
        guard server.major == 2, let expected = client.serverMinorOfClient, abs(server.minor - expected) > 1 else {
            return nil
        }
        let distance = abs(server.minor - expected)
        let late = server.minor > expected ? "clients" : "servers"
        return VersionFinding(
            .skew,
            .warning,
            """
            client \(client) came out for server 2.\(expected), and the server is \(server): \(distance) minor \
            releases apart, where upstream tests one at most: upgrade the \(late), one minor release at a time
            """,
            source: "dragonflyoss/dragonfly#4709, .github/workflows/e2e-compatibility.yml"
        )
    }

    private var hostNames: VersionFinding? {
        let gate = DragonflyGate.hostNames
        guard !gate.isOpen(server: server) || !gate.isOpen(client: client) else { return nil }
        return VersionFinding(
            .noHostNames,
            .note,
            """
            hosts have no name in server \(server) with client \(client) (from 2.4.1 with 1.2.3): they are matched \
            with pods by address
            """,
            source: "scheduler/service/service_v2.go, dragonfly-client-config/src/lib.rs"
        )
    }

    private var goDaemon: VersionFinding {
        VersionFinding(
            .goDaemon,
            .fault,
            """
            daemon \(client) is the Go daemon, which ended with 2.3.4: it has other ports and other files, and nothing \
            is known of it here beside server \(server): replace it by client \(replacement)
            """,
            source: "dragonfly commit 4001a4ce5"
        )
    }

    private var replacement: String {
        server.minor <= 2 ? "0.2" : server.minor <= 5 ? "1.\((server.minor - 3) * 2)" : "1.5"
    }
}
