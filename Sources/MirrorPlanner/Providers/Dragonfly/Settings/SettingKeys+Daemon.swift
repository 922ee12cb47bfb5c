extension SettingKeys {
    /// `dfdaemon.yaml`: client `dragonfly-client-config/src/dfdaemon.rs`, v0.2.0 to v1.5.1.
    static let daemon = SettingKeys(
        types: [
            .text: [
                "download.protocol", "download.server.socketPath", "host.hostname", "host.idc", "host.location",
                "manager.addr", "manager.caCert", "manager.cert", "manager.key", "proxy.registryMirror.addr",
                "proxy.registryMirror.cert", "proxy.rules[].redirect", "proxy.rules[].regex",
                "proxy.server.basicAuth.password", "proxy.server.basicAuth.username", "proxy.server.caCert",
                "proxy.server.caKey", "scheduler.caCert", "scheduler.cert", "scheduler.key", "seedPeer.type",
                "server.cacheDir", "server.pluginDir", "storage.dir", "storage.server.protocol", "tracing.addr",
                "tracing.endpoint", "tracing.path", "tracing.protocol", "upload.client.caCert", "upload.client.cert",
                "upload.client.key", "upload.server.caCert", "upload.server.cert", "upload.server.key",
            ],
            .texts: [
                "proxy.rules[].filteredQueryParams"
            ],
            .map: [
                "backend.requestHeader", "tracing.headers",
            ],
            .address: [
                "health.server.ip", "host.ip", "metrics.server.ip", "proxy.server.ip", "stats.server.ip",
                "storage.server.ip", "upload.server.ip",
            ],
            .bool: [
                "backend.enableCacheTemporaryRedirect", "backend.enableHickoryDNS", "download.parentSelector.enable",
                "network.enableIpv6", "network.enableIPv6", "proxy.disableBackToSource", "proxy.prefetch",
                "proxy.registryMirror.enableTaskIdBasedBlobDigest", "proxy.registryMirror.enableTaskIDBasedBlobDigest",
                "proxy.rules[].useTLS", "security.enable", "seedPeer.enable", "storage.keep",
                "storage.server.tcpFastopen", "tracing.flamegraph", "upload.disableShared",
            ],
            .unsigned(8): [
                "gc.policy.diskHighThresholdPercent", "gc.policy.diskLowThresholdPercent",
                "gc.policy.distHighThresholdPercent", "gc.policy.distLowThresholdPercent",
                "server.adaptiveRateLimit.cpuThreshold", "server.adaptiveRateLimit.memoryThreshold",
            ],
            .unsigned(16): [
                "health.server.port", "metrics.server.port", "proxy.server.port", "stats.server.port",
                "storage.server.quicPort", "storage.server.tcpPort", "upload.server.port",
            ],
            .unsigned(32): [
                "backend.maxRetries", "backend.putConcurrentChunkCount", "download.concurrentPieceCount",
                "scheduler.maxScheduleCount", "server.adaptiveRateLimit.bucketCount",
            ],
            .unsigned(64): [
                "download.parentSelector.capacity", "download.server.requestBufferSize",
                "download.server.requestRateLimit", "host.schedulerClusterID", "proxy.cacheCapacity",
                "proxy.readBufferSize", "proxy.server.requestRateLimit", "seedPeer.clusterID",
                "storage.readBufferSize", "storage.writeBufferSize", "upload.server.requestBufferSize",
                "upload.server.requestRateLimit",
            ],
            .duration: [
                "backend.cacheTemporaryRedirectTTL", "backend.putTimeout", "download.collectedPieceTimeout",
                "download.parentSelector.syncInterval", "download.pieceTimeout", "dynconfig.refreshInterval",
                "gc.interval", "gc.policy.pageCacheIdleTimeout", "gc.policy.persistentCacheTaskTTL",
                "gc.policy.persistentTaskTTL", "gc.policy.taskTTL", "scheduler.announceInterval",
                "scheduler.scheduleTimeout", "seedPeer.keepaliveInterval", "server.adaptiveRateLimit.bucketInterval",
                "server.adaptiveRateLimit.collectInterval", "server.adaptiveRateLimit.shedCooldown",
                "storage.writePieceTimeout",
            ],
            .size: [
                "backend.putChunkSize", "download.backToSourceBandwidthLimit", "download.bandwidthLimit",
                "download.rateLimit", "gc.policy.diskThreshold", "gc.policy.distThreshold",
                "proxy.prefetchBandwidthLimit", "proxy.prefetchRateLimit", "storage.cacheCapacity",
                "upload.bandwidthLimit", "upload.rateLimit",
            ],
        ],
        since: [
            DragonflyVersion(0, 2, 1): [
                "download.parentSelector.capacity", "download.parentSelector.enable",
                "download.parentSelector.syncInterval",
            ],
            DragonflyVersion(0, 2, 5): [
                "storage.cacheCapacity"
            ],
            DragonflyVersion(0, 2, 12): [
                "download.server.requestRateLimit", "upload.server.requestRateLimit",
            ],
            DragonflyVersion(0, 2, 27): [
                "storage.writePieceTimeout"
            ],
            DragonflyVersion(0, 2, 35): [
                "gc.policy.distThreshold", "tracing.headers",
            ],
            DragonflyVersion(0, 2, 37): [
                "tracing.endpoint", "tracing.protocol",
            ],
            DragonflyVersion(0, 2, 39): [
                "download.collectedPieceTimeout"
            ],
            DragonflyVersion(0, 2, 40): [
                "tracing.path"
            ],
            DragonflyVersion(1, 0, 4): [
                "host.schedulerClusterID"
            ],
            DragonflyVersion(1, 0, 22): [
                "download.protocol", "storage.server.ip", "storage.server.quicPort", "storage.server.tcpPort",
            ],
            DragonflyVersion(1, 0, 28): [
                "storage.server.tcpFastopen"
            ],
            DragonflyVersion(1, 1, 2): [
                "backend.requestHeader"
            ],
            DragonflyVersion(1, 1, 4): [
                "proxy.registryMirror.enableTaskIdBasedBlobDigest"
            ],
            DragonflyVersion(1, 1, 8): [
                "backend.cacheTemporaryRedirectTTL", "backend.enableCacheTemporaryRedirect", "backend.putChunkSize",
                "backend.putConcurrentChunkCount", "proxy.registryMirror.enableTaskIDBasedBlobDigest",
            ],
            DragonflyVersion(1, 1, 10): [
                "backend.putTimeout", "gc.policy.persistentCacheTaskTTL", "gc.policy.persistentTaskTTL",
            ],
            DragonflyVersion(1, 1, 15): [
                "gc.policy.diskHighThresholdPercent", "gc.policy.diskLowThresholdPercent", "gc.policy.diskThreshold",
            ],
            DragonflyVersion(1, 2, 5): [
                "network.enableIPv6"
            ],
            DragonflyVersion(1, 2, 8): [
                "download.backToSourceBandwidthLimit", "download.bandwidthLimit", "proxy.prefetchBandwidthLimit",
                "upload.bandwidthLimit",
            ],
            DragonflyVersion(1, 2, 9): [
                "download.server.requestBufferSize", "upload.server.requestBufferSize",
            ],
            DragonflyVersion(1, 2, 11): [
                "backend.enableHickoryDNS"
            ],
            DragonflyVersion(1, 2, 16): [
                "server.adaptiveRateLimit.bucketCount", "server.adaptiveRateLimit.bucketInterval",
                "server.adaptiveRateLimit.collectInterval", "server.adaptiveRateLimit.cpuThreshold",
                "server.adaptiveRateLimit.memoryThreshold", "server.adaptiveRateLimit.shedCooldown",
            ],
            DragonflyVersion(1, 3, 8): [
                "backend.maxRetries"
            ],
            DragonflyVersion(1, 4, 1): [
                "proxy.server.requestRateLimit"
            ],
            DragonflyVersion(1, 4, 9): [
                "gc.policy.pageCacheIdleTimeout"
            ],
        ],
        until: [
            DragonflyVersion(0, 2, 16): [
                "tracing.flamegraph"
            ],
            DragonflyVersion(0, 2, 19): [
                "proxy.cacheCapacity"
            ],
            DragonflyVersion(0, 2, 36): [
                "tracing.addr"
            ],
            DragonflyVersion(1, 0, 10): [
                "seedPeer.clusterID", "seedPeer.keepaliveInterval",
            ],
            DragonflyVersion(1, 0, 21): [
                "storage.server.protocol"
            ],
            DragonflyVersion(1, 1, 1): [
                "download.parentSelector.capacity", "download.parentSelector.enable",
                "download.parentSelector.syncInterval",
            ],
            DragonflyVersion(1, 1, 7): [
                "proxy.registryMirror.enableTaskIdBasedBlobDigest"
            ],
            DragonflyVersion(1, 2, 4): [
                "network.enableIpv6"
            ],
            DragonflyVersion(1, 2, 7): [
                "download.rateLimit", "proxy.prefetchRateLimit", "upload.rateLimit",
            ],
        ]
    )
}
