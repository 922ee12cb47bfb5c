/// What settings must be to each other, or to what was measured. Each is a row of `docs/dragonfly-settings.md`.
enum SettingRelation: String, Hashable, Sendable, CaseIterable {
    case waitBelowTimeout
    case sourceBeforeFailure
    case hostTTLOverAnnouncements
    case parentsAmongCandidates
    case smallCluster
    case clusterIdentifiers
    case marksInOrder
    case spellings
    case cleanUpBeforeEviction
    case roomBetweenCleanUps
    case foreignFiles
    case thresholdFits
    case certificatesComplete
    case certificatesOfSeeds
    case encryptedUploads
    case addressOfManager
    case overload

    /// For the table: which keys, what must hold, and what happens otherwise.
    var row: (keys: String, rule: String, effect: String) {
        switch self {
        case .waitBelowTimeout:
            (
                "retryInterval, retryBackToSourceLimit", "retryInterval x 1.25 x retryBackToSourceLimit < 10 s",
                "the daemon gives up after 10 s, before the scheduler sends it to the source"
            )
        case .sourceBeforeFailure:
            (
                "retryBackToSourceLimit, retryLimit", "retryBackToSourceLimit <= retryLimit",
                "peers fail in place of going to the source"
            )
        case .hostTTLOverAnnouncements:
            (
                "gc.hostTTL, announceInterval", "hostTTL >= 2 x the longest announceInterval",
                "peers of living hosts are dropped"
            )
        case .parentsAmongCandidates:
            (
                "candidateParentLimit, filterParentLimit", "candidateParentLimit <= filterParentLimit",
                "fewer parents than asked for"
            )
        case .smallCluster:
            (
                "filterParentLimit", "at least the number of peers, where there are 50 or fewer",
                "who is weighed as a parent is left to chance"
            )
        case .clusterIdentifiers:
            (
                "manager.schedulerClusterID, host.schedulerClusterID", "equal, with a manager",
                "daemons are told of the schedulers of another cluster"
            )
        case .marksInOrder:
            (
                "disk or dist...ThresholdPercent", "low < high",
                "the subtraction wraps: all content is removed at the high mark"
            )
        case .spellings:
            ("disk..., dist... of gc.policy", "one spelling of each", "a duplicate field: the daemon ends at its start")
        case .cleanUpBeforeEviction:
            (
                "...HighThresholdPercent, health.disk.evictAtPercent", "evictAtPercent >= high + 3",
                "the seed leaves the set before its own clean-up starts, and nothing brings it back"
            )
        case .roomBetweenCleanUps:
            (
                "gc.interval, ...HighThresholdPercent", "measured ingest x gc.interval < (100 - high) % of the volume",
                "the disk is full before the next clean-up"
            )
        case .foreignFiles:
            (
                "distThreshold", "set, where others fill the file system",
                "clean-up empties the cache and stays above the mark"
            )
        case .thresholdFits:
            ("distThreshold", "smaller than the volume", "the daemon never cleans up, and the disk fills")
        case .certificatesComplete:
            ("caCert, cert, key", "all three or none", "the port speaks plaintext, or the scheduler does not start")
        case .certificatesOfSeeds:
            (
                "seedPeer.tls of schedulers, upload.server of seeds", "both with certificates, or both without",
                "the scheduler's check of each seed's health fails, and no seed is used"
            )
        case .encryptedUploads:
            (
                "upload.server.caCert, cert, key", "unset, with clients up to 1.5.1",
                "daemons dial each other without TLS, whatever certificates they have"
            )
        case .addressOfManager:
            (
                "manager.addr", "host:port for schedulers, http://host:port for daemons",
                "the process does not find its manager"
            )
        case .overload:
            (
                "upload.server.requestRateLimit", "high enough that no seed answers code 8",
                "the kubelet ends seeds that are busy"
            )
        }
    }

    func findings(in review: SettingsReview) -> [SettingFinding] {
        switch self {
        case .waitBelowTimeout: review.waitBelowTimeout
        case .sourceBeforeFailure: review.sourceBeforeFailure
        case .hostTTLOverAnnouncements: review.hostTTLOverAnnouncements
        case .parentsAmongCandidates: review.parentsAmongCandidates
        case .smallCluster: review.smallCluster
        case .clusterIdentifiers: review.clusterIdentifiers
        case .marksInOrder: review.marksInOrder
        case .spellings: review.spellings
        case .cleanUpBeforeEviction: review.cleanUpBeforeEviction
        case .roomBetweenCleanUps: review.roomBetweenCleanUps
        case .foreignFiles: review.foreignFiles
        case .thresholdFits: review.thresholdFits
        case .certificatesComplete: review.certificatesComplete
        case .certificatesOfSeeds: review.certificatesOfSeeds
        case .encryptedUploads: review.encryptedUploads
        case .addressOfManager: review.addressOfManager
        case .overload: review.overload
        }
    }
}
