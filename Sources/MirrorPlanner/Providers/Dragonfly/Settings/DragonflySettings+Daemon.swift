extension DragonflySettings {
    /// `dfdaemon.yaml` of a seed or of a client. Defaults: client `dragonfly-client-config/src/dfdaemon.rs` at v1.5.1.
    package struct DaemonFile: Hashable, Sendable {
        package struct Ports: Hashable, Sendable {
            package var upload: Int
            package var proxy: Int
            package var metrics: Int
            package var health: Int
            package var stats: Int
            package var storageTCP: Int
            package var storageQUIC: Int
        }

        /// The daemon's own clean-up of its disk.
        package struct Cleaning: Hashable, Sendable {
            /// In seconds; it also runs once at every start (client `dragonfly-client/src/gc/mod.rs`).
            package var interval: Double
            package var highPercent: Int
            package var lowPercent: Int
            /// In bytes; nil: the percentages are of the whole file system, whoever fills it.
            package var distThreshold: Double?
            /// In seconds, from the last use on.
            package var taskTTL: Double
        }

        /// What sheds requests under load, health among them.
        package struct AdaptiveLimit: Hashable, Sendable {
            package var memoryPercent: Int
            package var cpuPercent: Int
        }

        package var ports: Ports
        package var isSeed: Bool
        /// In seconds; the scheduler forgets a host after twice this.
        package var announceInterval: Double
        package var maxScheduleCount: Int
        package var schedulerClusterID: Int?
        /// Nil without a manager: schedulers are then in its `dynconfig.yaml`.
        package var managerAddress: String?
        /// In seconds.
        package var refreshInterval: Double
        package var gc: Cleaning
        package var storageDirectory: String
        package var keepsStorage: Bool
        /// Of the upload server, in requests a second.
        package var requestRateLimit: Int
        package var requestBufferSize: Int
        package var disablesSharing: Bool
        /// The address that it announces, where it is set by hand.
        package var hostIP: String?
        package var hostName: String?
        /// Whether port 4000 speaks TLS: all three of `caCert`, `cert` and `key` are given.
        package var hasTLS: Bool
        /// Whether it was given certificates for its schedulers, which its releases up to 1.5.1 dial without TLS.
        package var hasSchedulerTLS: Bool
        package var adaptiveLimit: AdaptiveLimit

        package init(text: String) throws(SettingsFault) {
            self.init(try SettingsDocument(.daemon, text: text))
        }

        package init(_ document: SettingsDocument) {
            ports = Ports(document)
            isSeed = document.bool("seedPeer.enable") ?? false
            announceInterval = document.duration("scheduler.announceInterval") ?? 300
            maxScheduleCount = document.integer("scheduler.maxScheduleCount") ?? 5
            schedulerClusterID = document.integer("host.schedulerClusterID")
            managerAddress = document.string("manager.addr")
            refreshInterval = document.duration("dynconfig.refreshInterval") ?? 60
            gc = Cleaning(document)
            storageDirectory = document.string("storage.dir") ?? "/var/lib/dragonfly/"
            keepsStorage = document.bool("storage.keep") ?? false
            requestRateLimit = document.integer("upload.server.requestRateLimit") ?? 400
            requestBufferSize = document.integer("upload.server.requestBufferSize") ?? 50
            disablesSharing = document.bool("upload.disableShared") ?? false
            hostIP = document.string("host.ip")
            hostName = document.string("host.hostname")
            hasTLS = document.hasCertificates("upload.server")
            hasSchedulerTLS = document.hasCertificates("scheduler")
            adaptiveLimit = AdaptiveLimit(
                memoryPercent: document.integer("server.adaptiveRateLimit.memoryThreshold") ?? 90,
                cpuPercent: document.integer("server.adaptiveRateLimit.cpuThreshold") ?? 100
            )
        }
    }
}

extension DragonflySettings.DaemonFile.Ports {
    fileprivate init(_ document: SettingsDocument) {
        upload = document.port("upload.server.port") ?? 4000
        proxy = document.port("proxy.server.port") ?? 4001
        metrics = document.port("metrics.server.port") ?? 4002
        health = document.port("health.server.port") ?? 4003
        stats = document.port("stats.server.port") ?? 4004
        storageTCP = document.port("storage.server.tcpPort") ?? 4005
        storageQUIC = document.port("storage.server.quicPort") ?? 4006
    }
}

extension DragonflySettings.DaemonFile.Cleaning {
    fileprivate init(_ document: SettingsDocument) {
        interval = document.duration("gc.interval") ?? 900
        highPercent = document.percent("High") ?? 80
        lowPercent = document.percent("Low") ?? 60
        let threshold = document.bytes("gc.policy.diskThreshold") ?? document.bytes("gc.policy.distThreshold")
        distThreshold = threshold.flatMap { $0 > 0 ? $0 : nil }
        taskTTL = document.duration("gc.policy.taskTTL") ?? 2_592_000
    }
}

extension SettingsDocument {
    /// `dist...` is the older spelling, an alias from client 1.1.15 on.
    fileprivate func percent(_ mark: String) -> Int? {
        integer("gc.policy.disk\(mark)ThresholdPercent") ?? integer("gc.policy.dist\(mark)ThresholdPercent")
    }

    fileprivate func hasCertificates(_ section: String) -> Bool {
        ["caCert", "cert", "key"].allSatisfy { string("\(section).\($0)") != nil }
    }
}
