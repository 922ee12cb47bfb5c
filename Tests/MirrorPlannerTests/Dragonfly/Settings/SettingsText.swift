import KubeCore
import Testing

@testable import MirrorPlanner

/// Files of tests.
enum SettingsText {
    /// A file with one key: `a.b: 1` as nested mappings.
    static func yaml(_ path: String, _ value: String) -> String {
        let parts = path.split(separator: ".")
        return parts.map { "{\($0): " }.joined() + value + String(repeating: "}", count: parts.count)
    }

    static func scheduler(_ more: String = "") -> String {
        """
        server: {advertisePort: 8002, listenIP: 0.0.0.0, port: 8002, requestRateLimit: 4000}
        scheduler:
          algorithm: default
          backToSourceCount: 200
          retryBackToSourceLimit: 3
          retryLimit: 5
          retryInterval: 2s
          gc:
            pieceDownloadTimeout: 30m
            peerGCInterval: 5m
            peerTTL: 720h
            taskGCInterval: 30m
            hostGCInterval: 5m
            hostTTL: 1h
        dynconfig: {refreshInterval: 1m}
        metrics: {enable: true, addr: ":8000", enableHost: false}
        console: true
        \(more)
        """
    }

    static let schedulerManager = """
        database: {redis: {addrs: ["redis.system.svc:6379"], password: hunter2}}
        manager: {addr: "manager.system.svc:65003", schedulerClusterID: 1, keepAlive: {interval: 5s}}
        """

    /// What the charts write for a seed or a client.
    static func daemon(_ owner: SettingsOwner, rate: Int, buffer: Int, adaptive: Bool, manager: Bool) -> String {
        let isSeed = owner == .seed
        return """
            host: {schedulerClusterID: 1, idc: "", location: ""}
            \(adaptive ? "server: {adaptiveRateLimit: {cpuThreshold: 100, memoryThreshold: 90, shedCooldown: 5s}}" : "")
            upload:
              server: {port: 4000, requestRateLimit: \(rate), requestbufferSize: \(buffer)}
              bandwidthLimit: 50GB
            \(manager ? "manager: {addr: \"http://manager.system.svc:65003\"}" : "")
            scheduler: {announceInterval: \(isSeed ? "1m" : "5m"), scheduleTimeout: 3h, maxScheduleCount: 5}
            \(isSeed ? "seedPeer: {enable: true, type: super}" : "")
            dynconfig: {refreshInterval: \(isSeed ? "1m" : "5m")}
            storage: {server: {tcpPort: 4005, quicPort: 4006}, dir: /var/lib/dragonfly/, keep: true}
            gc:
              interval: 900s
              policy:
                taskTTL: 720h
                persistentTaskTTL: 24h
                persistentCacheTaskTTL: 24h
                distHighThresholdPercent: 90
                distLowThresholdPercent: 70
            proxy: {server: {port: 4001}, rules: [{regex: "blobs/sha256.*"}]}
            health: {server: {port: 4003}}
            metrics: {server: {port: 4002}}
            stats: {server: {port: 4004}}
            """
    }
}

/// What a release of the chart sets.
struct ChartSettings: Sendable, CustomTestStringConvertible {
    var chart: String
    var server: DragonflyVersion
    var client: DragonflyVersion
    var hasManager: Bool
    var rates: (seed: Int, client: Int)
    var buffers: (seed: Int, client: Int)

    var testDescription: String { chart }

    static let all = [
        ChartSettings(
            chart: "1.6.20",
            server: DragonflyVersion(2, 4, 3),
            client: DragonflyVersion(1, 3, 0),
            hasManager: true,
            rates: (4000, 4000),
            buffers: (1000, 1000)
        ), newest,
        ChartSettings(
            chart: "1.8 without manager",
            server: DragonflyVersion(2, 5, 1),
            client: DragonflyVersion(1, 5, 1),
            hasManager: false,
            rates: (400, 200),
            buffers: (50, 1000)
        ),
    ]

    static let newest = ChartSettings(
        chart: "1.7.4",
        server: DragonflyVersion(2, 5, 0),
        client: DragonflyVersion(1, 4, 0),
        hasManager: true,
        rates: (400, 200),
        buffers: (50, 1000)
    )

    func review() throws -> SettingsReview {
        var review = SettingsReview()
        review.scheduler = try SettingsDocument(
            .scheduler,
            text: SettingsText.scheduler(hasManager ? SettingsText.schedulerManager : "")
        )
        review.seed = try daemon(.seed, rate: rates.seed, buffer: buffers.seed)
        review.client = try daemon(.client, rate: rates.client, buffer: buffers.client)
        if !hasManager {
            review.schedulerDynconfig = try SettingsDocument(
                .schedulerDynconfig,
                text: """
                    seedPeerClusterConfig: {loadLimit: 2000}
                    schedulerClusterConfig: {candidateParentLimit: 3, filterParentLimit: 15}
                    schedulerClusterClientConfig: {loadLimit: 200}
                    """
            )
            let addresses = "scheduler: {addr: \"dragonfly-scheduler-headless.system.svc:8002\"}"
            review.seedDynconfig = try SettingsDocument(.daemonDynconfig, text: addresses)
            review.clientDynconfig = try SettingsDocument(.daemonDynconfig, text: addresses)
        }
        review.serverVersion = server
        review.clientVersion = client
        review.evictAtPercent = 85
        return review
    }

    private func daemon(_ owner: SettingsOwner, rate: Int, buffer: Int) throws -> SettingsDocument {
        let text = SettingsText.daemon(
            owner,
            rate: rate,
            buffer: buffer,
            adaptive: client >= DragonflyVersion(1, 4, 0),
            manager: hasManager
        )
        return try SettingsDocument(.daemon, text: text)
    }
}
