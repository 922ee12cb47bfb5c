extension SettingKeys {
    /// `scheduler.yaml`: dragonfly `scheduler/config/config.go` and `cmd/dependency/base/option.go`, v2.2.0 to v2.5.1.
    static let scheduler = SettingKeys(
        types: [
            .text: [
                "database.redis.host", "database.redis.masterName", "database.redis.password",
                "database.redis.sentinelPassword", "database.redis.sentinelUsername", "database.redis.tls.caCert",
                "database.redis.tls.cert", "database.redis.tls.key", "database.redis.username", "host.idc",
                "host.location", "jaeger", "job.redis.host", "job.redis.masterName", "job.redis.password",
                "job.redis.sentinelPassword", "job.redis.sentinelUsername", "job.redis.tls.caCert",
                "job.redis.tls.cert", "job.redis.tls.key", "job.redis.username", "manager.addr", "manager.tls.caCert",
                "manager.tls.cert", "manager.tls.key", "metrics.addr", "peer.tls.caCert", "peer.tls.cert",
                "peer.tls.key", "scheduler.algorithm", "seedPeer.tls.caCert", "seedPeer.tls.cert", "seedPeer.tls.key",
                "server.cacheDir", "server.dataDir", "server.host", "server.logDir", "server.logLevel",
                "server.pluginDir", "server.tls.caCert", "server.tls.cert", "server.tls.key", "service-name",
                "tracing.endpoint", "tracing.path", "tracing.protocol", "tracing.service-name",
            ],
            .texts: [
                "database.redis.addrs", "job.redis.addrs",
            ],
            .map: [
                "tracing.headers"
            ],
            .address: [
                "server.advertiseIP", "server.listenIP",
            ],
            .bool: [
                "console", "database.redis.tls.insecureSkipVerify", "job.enable", "job.redis.tls.insecureSkipVerify",
                "metrics.enable", "metrics.enableHost", "network.enableIPv6", "seedPeer.enable", "verbose",
            ],
            .integer: [
                "database.redis.backendDB", "database.redis.brokerDB", "database.redis.poolSize",
                "database.redis.port", "job.redis.backendDB", "job.redis.brokerDB", "job.redis.poolSize",
                "job.redis.port", "pprof-port", "pprofPort", "scheduler.backToSourceCount",
                "scheduler.retryBackToSourceLimit", "scheduler.retryLimit", "server.advertisePort", "server.logMaxAge",
                "server.logMaxBackups", "server.logMaxSize", "server.port", "storage.bufferSize", "storage.maxBackups",
                "storage.maxSize",
            ],
            .number: [
                "server.requestRateLimit"
            ],
            .unsigned(64): [
                "job.globalWorkerNum", "job.localWorkerNum", "job.schedulerWorkerNum", "manager.schedulerClusterID",
            ],
            .duration: [
                "database.redis.poolTimeout", "dynconfig.refreshInterval", "job.redis.poolTimeout",
                "manager.keepAlive.interval", "scheduler.gc.hostGCInterval", "scheduler.gc.hostTTL",
                "scheduler.gc.peerGCInterval", "scheduler.gc.peerTTL", "scheduler.gc.pieceDownloadTimeout",
                "scheduler.gc.taskGCInterval", "scheduler.retryInterval", "seedPeer.taskDownloadTimeout",
            ],
        ],
        since: [
            DragonflyVersion(2, 2, 3): [
                "database.redis.poolSize", "database.redis.poolTimeout", "job.redis.poolSize", "job.redis.poolTimeout",
            ],
            DragonflyVersion(2, 2, 4): [
                "pprofPort", "server.logLevel", "tracing.endpoint", "tracing.headers", "tracing.path",
                "tracing.protocol", "tracing.service-name",
            ],
            DragonflyVersion(2, 4, 2): [
                "server.requestRateLimit"
            ],
            DragonflyVersion(2, 4, 4): [
                "database.redis.tls.caCert", "database.redis.tls.cert", "database.redis.tls.insecureSkipVerify",
                "database.redis.tls.key", "job.redis.tls.caCert", "job.redis.tls.cert",
                "job.redis.tls.insecureSkipVerify", "job.redis.tls.key",
            ],
        ],
        until: [
            DragonflyVersion(2, 2, 0): [
                "storage.bufferSize", "storage.maxBackups", "storage.maxSize",
            ],
            DragonflyVersion(2, 2, 3): [
                "jaeger", "pprof-port", "service-name", "verbose",
            ],
            DragonflyVersion(2, 3, 4): [
                "server.dataDir"
            ],
            DragonflyVersion(2, 4, 1): [
                "seedPeer.enable"
            ],
            DragonflyVersion(2, 5, 0): [
                "server.cacheDir"
            ],
        ]
    )
}
