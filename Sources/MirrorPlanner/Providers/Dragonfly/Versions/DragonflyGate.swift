/// What releases can do from some version on. Each is read from the code of the tags on both sides of its bound.
package enum DragonflyGate: String, Hashable, Sendable, CaseIterable {
    /// Schedulers take seeds from their announcements; before, from the manager's table alone (dragonfly
    /// `scheduler/resource/standard/seed_peer.go`). Clients no longer write that table.
    case announcedSeeds
    /// A scheduler without a healthy seed sends peers to the source at once, and does not let them wait first
    /// (dragonfly `scheduler/service/service_v2.go`, `HasAvailable`).
    case sourceAtOnce
    /// Schedulers and daemons run without a manager and read `dynconfig.yaml`.
    case managerless
    /// A host is announced with a name made of its pod's namespace and name.
    case hostNames
    /// A daemon answers `StatLocalTask`.
    case localTask
    /// `server.requestRateLimit` of `scheduler.yaml`; before, the limit is fixed.
    case schedulerRateLimit
    /// `gc.policy.disk...` of `dfdaemon.yaml`; before, `dist...` alone.
    case diskSpelling
    /// `server.adaptiveRateLimit` of `dfdaemon.yaml`.
    case adaptiveLimit

    /// For a table.
    var title: String {
        switch self {
        case .announcedSeeds: "schedulers take seeds from announcements; clients no longer register with the manager"
        case .sourceAtOnce: "without a healthy seed peers are sent to the source at once, and do not wait first"
        case .managerless: "no manager is needed"
        case .hostNames: "hosts are announced with their pod's namespace and name"
        case .localTask: "`StatLocalTask`"
        case .schedulerRateLimit: "`server.requestRateLimit` of scheduler.yaml"
        case .diskSpelling: "`gc.policy.disk...` of dfdaemon.yaml, beside `dist...`"
        case .adaptiveLimit: "`server.adaptiveRateLimit` of dfdaemon.yaml"
        }
    }

    /// The first release of the server with it; nil: it does not depend on the server.
    package var server: DragonflyVersion? {
        switch self {
        case .announcedSeeds: DragonflyVersion(2, 3, 1)
        case .sourceAtOnce, .schedulerRateLimit: DragonflyVersion(2, 4, 2)
        case .managerless: DragonflyVersion(2, 5, 1)
        case .hostNames: DragonflyVersion(2, 4, 1)
        case .localTask, .diskSpelling, .adaptiveLimit: nil
        }
    }

    /// The first release of the client with it; nil: it does not depend on the client.
    package var client: DragonflyVersion? {
        switch self {
        case .announcedSeeds: DragonflyVersion(1, 0, 11)
        case .managerless: DragonflyVersion(1, 4, 3)
        case .hostNames: DragonflyVersion(1, 2, 3)
        case .localTask: DragonflyVersion(1, 1, 8)
        case .diskSpelling: DragonflyVersion(1, 1, 15)
        case .adaptiveLimit: DragonflyVersion(1, 2, 16)
        case .sourceAtOnce, .schedulerRateLimit: nil
        }
    }

    /// Whether servers of that version have it.
    package func isOpen(server version: DragonflyVersion) -> Bool { server.map { version.isAtLeast($0) } ?? true }

    /// Whether clients of that version have it.
    package func isOpen(client version: DragonflyVersion) -> Bool { client.map { version.isAtLeast($0) } ?? true }
}

/// What is known to be wrong up to some release, and may be mended in a later one.
package enum DragonflyDefect: String, Hashable, Sendable, CaseIterable {
    /// A scheduler whose last seed leaves its list goes on asking that seed (dragonflyoss/dragonfly#4960).
    case keepsLastRing
    /// A daemon dials schedulers without TLS even where it has certificates for them (client
    /// `dragonfly-client/src/grpc/scheduler.rs`): a scheduler with TLS has no clients.
    case dialsSchedulersPlain
    /// A task identifier of fewer than five bytes ends the daemon that is asked for it (client
    /// `dragonfly-client/src/grpc/scheduler.rs`; `Cargo.toml`, `panic = "abort"`).
    case endsOnShortTask

    var isOfServer: Bool { self == .keepsLastRing }

    /// For a table.
    var title: String {
        switch self {
        case .keepsLastRing: "a scheduler goes on asking the last seed after it left (dragonflyoss/dragonfly#4960)"
        case .dialsSchedulersPlain: "schedulers are dialled without TLS, whatever certificates are given"
        case .endsOnShortTask: "a task identifier of fewer than five bytes ends the daemon that is asked for it"
        }
    }

    /// The versions that have it: of the server for the first, of the client for the others.
    package var versions: ClosedRange<DragonflyVersion> {
        switch self {
        case .keepsLastRing: DragonflyVersion(2, 3, 1)...DragonflyVersion(2, 5, 1)
        case .dialsSchedulersPlain: DragonflyVersion(0, 1, 0)...DragonflyVersion(1, 5, 1)
        case .endsOnShortTask: DragonflyVersion(1, 0, 11)...DragonflyVersion(1, 5, 1)
        }
    }

    /// True: it has it. False: it came before it. Nil: it is later than all that was read, so count on it.
    package func isIn(_ version: DragonflyVersion) -> Bool? {
        version < versions.lowerBound ? false : version <= versions.upperBound ? true : nil
    }

    /// What may be sent as the identifier of a task, to any release: 64 hexadecimal digits and nothing shorter.
    package static func isSafe(taskID: String) -> Bool {
        taskID.utf8.count == 64 && taskID.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
