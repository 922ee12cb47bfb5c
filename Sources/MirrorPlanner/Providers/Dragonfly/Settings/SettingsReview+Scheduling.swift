import KubeCore

/// Relations of what decides how long a peer waits, and whom it is sent to.
extension SettingsReview {
    /// The daemon's bound on one request (client `dragonfly-client/src/grpc/mod.rs`, `REQUEST_TIMEOUT`).
    static let requestTimeout = 10.0
    /// Up to so many peers, all of them can be weighed.
    static let smallClusterPeers = 50

    var waitBelowTimeout: [SettingFinding] {
        guard let file = schedulerFile, file.retryBackToSourceLimit > 0, file.longestWait >= Self.requestTimeout else {
            return []
        }
        let limit = file.retryBackToSourceLimit
        let right = Self.interval(below: Self.requestTimeout / 1.25 / Double(limit))
        return [
            finding(
                .scheduler,
                .scheduler,
                "scheduler.retryInterval",
                value: DurationText.text(file.retryInterval),
                .fault,
                """
                scheduler.retryInterval is \(DurationText.text(file.retryInterval)) and retryBackToSourceLimit \
                \(limit): a peer without a parent waits up to \(DurationText.text(file.longestWait)) (interval x 1.25 \
                x limit), and its daemon gives up after 10s: set retryInterval to \(right)
                """,
                wanted: right,
                source: "client dragonfly-client/src/grpc/mod.rs"
            )
        ]
    }

    /// A round interval that is shorter than the bound.
    private static func interval(below bound: Double) -> String {
        let step = bound > 1 ? 0.5 : bound > 0.1 ? 0.1 : 0.001
        let steps = max(1, (bound / step).rounded(.up) - 1)
        return DurationText.text(steps * step)
    }

    var sourceBeforeFailure: [SettingFinding] {
        guard let file = schedulerFile, file.retryBackToSourceLimit > file.retryLimit, file.retryLimit > 0 else {
            return []
        }
        return [
            finding(
                .scheduler,
                .scheduler,
                "scheduler.retryBackToSourceLimit",
                value: String(file.retryBackToSourceLimit),
                .fault,
                """
                scheduler.retryBackToSourceLimit is \(file.retryBackToSourceLimit) and retryLimit \(file.retryLimit): \
                a peer without a parent fails after \(file.retryLimit) tries and is never sent to the source: set \
                retryBackToSourceLimit to \(file.retryLimit) or less
                """,
                wanted: String(file.retryLimit),
                source: "dragonfly scheduler/scheduling/scheduling.go"
            )
        ]
    }

    var hostTTLOverAnnouncements: [SettingFinding] {
        guard let file = schedulerFile,
            let slowest = daemons.max(by: { $0.file.announceInterval < $1.file.announceInterval })
        else { return [] }
        let interval = slowest.file.announceInterval
        guard file.gc.hostTTL > 0, file.gc.hostTTL < 2 * interval else { return [] }
        let right = DurationText.text(max(3600, 2 * interval))
        return [
            finding(
                .scheduler,
                .scheduler,
                "scheduler.gc.hostTTL",
                value: DurationText.text(file.gc.hostTTL),
                .fault,
                """
                scheduler.gc.hostTTL is \(DurationText.text(file.gc.hostTTL)), below twice the announce interval of \
                \(slowest.owner.plural), \(DurationText.text(interval)): peers of living hosts are dropped: set it to \
                \(right)
                """,
                wanted: right,
                source: "dragonfly scheduler/resource/standard/peer_manager.go"
            )
        ]
    }

    var parentsAmongCandidates: [SettingFinding] {
        guard let limits, limits.candidateParentLimit > limits.filterParentLimit else { return [] }
        return [
            finding(
                .scheduler,
                .schedulerDynconfig,
                "schedulerClusterConfig.candidateParentLimit",
                value: String(limits.candidateParentLimit),
                .warning,
                """
                candidateParentLimit is \(limits.candidateParentLimit) and filterParentLimit \
                \(limits.filterParentLimit): never more than \(limits.filterParentLimit) parents are found: set it to \
                \(limits.filterParentLimit) or less
                """,
                wanted: String(limits.filterParentLimit),
                source: "dragonfly scheduler/scheduling/scheduling.go"
            )
        ]
    }

    var smallCluster: [SettingFinding] {
        guard let limits, let peers, peers <= Self.smallClusterPeers, limits.filterParentLimit < peers else {
            return []
        }
        return [
            finding(
                .scheduler,
                .schedulerDynconfig,
                "schedulerClusterConfig.filterParentLimit",
                value: String(limits.filterParentLimit),
                .note,
                """
                filterParentLimit is \(limits.filterParentLimit) and there are \(peers) peers: which of them are \
                weighed as parents is left to chance, seeds too: set it to \(peers)
                """,
                wanted: String(peers),
                source: "dragonfly scheduler/scheduling/scheduling.go"
            )
        ]
    }

    /// The same number on both sides, or the manager tells daemons of other schedulers. A daemon without one is placed
    /// by its address and host name.
    var clusterIdentifiers: [SettingFinding] {
        guard let file = schedulerFile, file.managerAddress != nil else { return [] }
        return daemons.compactMap { owner, daemon in
            guard let id = daemon.schedulerClusterID, id != file.schedulerClusterID else { return nil }
            return finding(
                owner,
                .daemon,
                "host.schedulerClusterID",
                value: String(id),
                .fault,
                """
                host.schedulerClusterID of \(owner.plural) is \(id), and schedulers are in cluster \
                \(file.schedulerClusterID): the manager tells them of other schedulers: set both to the same number
                """,
                wanted: String(file.schedulerClusterID),
                source: "dragonflyoss/dragonfly#4202"
            )
        }
    }

    func finding(
        _ owner: SettingsOwner,
        _ file: SettingsFile,
        _ path: String,
        value: String,
        _ severity: SettingSeverity,
        _ message: String,
        wanted: String? = nil,
        removes: Bool = false,
        source: String
    ) -> SettingFinding {
        SettingFinding(
            owner: owner,
            file: file,
            path: path,
            value: value,
            severity: severity,
            message: message,
            remedy: wanted.map { .value($0) } ?? (removes ? .removal : nil),
            source: source
        )
    }
}
