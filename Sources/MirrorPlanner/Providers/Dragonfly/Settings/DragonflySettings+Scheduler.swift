import KubeCore

extension DragonflySettings {
    /// `scheduler.yaml`. Defaults: dragonfly `scheduler/config/constants.go` and `config.go` (`New`) at v2.5.1.
    package struct SchedulerFile: Hashable, Sendable {
        /// What removes peers, tasks and hosts, in seconds.
        package struct Cleaning: Hashable, Sendable {
            package var pieceDownloadTimeout: Double
            package var peerGCInterval: Double
            package var peerTTL: Double
            package var taskGCInterval: Double
            package var hostGCInterval: Double
            package var hostTTL: Double
        }

        package var port: Int
        package var metricsEnabled: Bool
        package var metricsPort: Int
        /// Nil without a manager: what changes while it runs is then in its `dynconfig.yaml`.
        package var managerAddress: String?
        package var schedulerClusterID: Int
        package var algorithm: String
        package var backToSourceCount: Int
        package var retryBackToSourceLimit: Int
        package var retryLimit: Int
        /// In seconds.
        package var retryInterval: Double
        package var gc: Cleaning
        /// In seconds.
        package var refreshInterval: Double
        /// Requests in a second, health among them.
        package var requestRateLimit: Double
        /// Whether Redis has an address: jobs and persistent tasks need it.
        package var hasRedis: Bool
        /// Whether its port speaks TLS and wants a client's certificate.
        package var hasTLS: Bool
        /// Whether it speaks TLS to the seeds' port 4000, for their health and to hand them tasks.
        package var hasSeedTLS: Bool

        package init(text: String) throws(SettingsFault) {
            self.init(try SettingsDocument(.scheduler, text: text))
        }

        package init(_ document: SettingsDocument) {
            port = document.port("server.port") ?? 8002
            metricsEnabled = document.bool("metrics.enable") ?? false
            metricsPort = document.string("metrics.addr").flatMap { DragonflySettings.port(ofAddress: $0) } ?? 8000
            managerAddress = document.string("manager.addr")
            schedulerClusterID = document.integer("manager.schedulerClusterID") ?? 1
            algorithm = document.string("scheduler.algorithm") ?? "default"
            backToSourceCount = document.integer("scheduler.backToSourceCount") ?? 200
            retryBackToSourceLimit = document.integer("scheduler.retryBackToSourceLimit") ?? 4
            retryLimit = document.integer("scheduler.retryLimit") ?? 5
            retryInterval = document.duration("scheduler.retryInterval") ?? 0.5
            gc = Cleaning(document)
            refreshInterval = document.duration("dynconfig.refreshInterval") ?? 60
            requestRateLimit = document.double("server.requestRateLimit") ?? 4000
            hasRedis = ["database.redis", "job.redis"].contains { redis in
                document.strings("\(redis).addrs")?.isEmpty == false || document.string("\(redis).host") != nil
            }
            hasTLS = document["server.tls"]?.objectValue?.isEmpty == false
            hasSeedTLS = document["seedPeer.tls"]?.objectValue?.isEmpty == false
        }

        /// How long a peer without a parent waits at most before it is sent to the source, in seconds: each wait is
        /// up to a quarter longer than the interval (dragonfly `scheduler/scheduling/scheduling.go`).
        package var longestWait: Double { retryInterval * 1.25 * Double(retryBackToSourceLimit) }
    }
}

extension DragonflySettings.SchedulerFile.Cleaning {
    fileprivate init(_ document: SettingsDocument) {
        pieceDownloadTimeout = document.duration("scheduler.gc.pieceDownloadTimeout") ?? 1800
        peerGCInterval = document.duration("scheduler.gc.peerGCInterval") ?? 10
        peerTTL = document.duration("scheduler.gc.peerTTL") ?? 86_400
        taskGCInterval = document.duration("scheduler.gc.taskGCInterval") ?? 1800
        hostGCInterval = document.duration("scheduler.gc.hostGCInterval") ?? 300
        hostTTL = document.duration("scheduler.gc.hostTTL") ?? 3600
    }
}
