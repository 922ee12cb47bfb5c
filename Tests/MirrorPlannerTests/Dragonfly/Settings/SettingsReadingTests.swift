import KubeCore
import Testing

@testable import MirrorPlanner

/// Dragonfly's files read as its processes read them.
@Suite struct SettingsReadingTests {
    @Test func `an empty scheduler file has the defaults of the code`() throws {
        let file = try DragonflySettings.SchedulerFile(text: "")
        #expect(file.port == 8002)
        #expect(!file.metricsEnabled && file.metricsPort == 8000)
        #expect(file.managerAddress == nil)
        #expect(file.schedulerClusterID == 1)
        #expect([file.backToSourceCount, file.retryBackToSourceLimit, file.retryLimit] == [200, 4, 5])
        #expect(file.retryInterval == 0.5)
        #expect(
            [file.gc.peerGCInterval, file.gc.peerTTL, file.gc.hostGCInterval, file.gc.hostTTL] == [
                10, 86_400, 300, 3600,
            ]
        )
        #expect([file.gc.taskGCInterval, file.gc.pieceDownloadTimeout, file.refreshInterval] == [1800, 1800, 60])
        #expect(file.requestRateLimit == 4000)
        #expect(!file.hasRedis && !file.hasTLS)
    }

    @Test func `an empty daemon file has the defaults of the code`() throws {
        let file = try DragonflySettings.DaemonFile(text: "")
        #expect(
            file.ports
                == .init(
                    upload: 4000,
                    proxy: 4001,
                    metrics: 4002,
                    health: 4003,
                    stats: 4004,
                    storageTCP: 4005,
                    storageQUIC: 4006
                )
        )
        #expect(!file.isSeed && !file.keepsStorage && !file.disablesSharing && !file.hasTLS && !file.hasSchedulerTLS)
        #expect(file.announceInterval == 300 && file.refreshInterval == 60)
        #expect(
            file.gc == .init(interval: 900, highPercent: 80, lowPercent: 60, distThreshold: nil, taskTTL: 2_592_000)
        )
        #expect(file.adaptiveLimit == .init(memoryPercent: 90, cpuPercent: 100))
        #expect(file.schedulerClusterID == nil && file.managerAddress == nil && file.hostIP == nil)
        #expect(file.storageDirectory == "/var/lib/dragonfly/" && file.requestRateLimit == 400)
    }

    @Test func `the scheduler reads its keys in any case, the daemon does not`() throws {
        let scheduler = try DragonflySettings.SchedulerFile(
            text: "Scheduler: {RETRYLIMIT: 9}\ndynConfig: {refreshinterval: 3m}"
        )
        #expect(scheduler.retryLimit == 9 && scheduler.refreshInterval == 180)
        let daemon = try DragonflySettings.DaemonFile(
            text: "GC: {interval: 60s}\nupload: {server: {requestbufferSize: 7}}"
        )
        #expect(daemon.gc.interval == 900 && daemon.requestBufferSize == 50)
    }

    @Test func `a bare number is nanoseconds to the scheduler and nothing to the daemon`() throws {
        #expect(try DragonflySettings.SchedulerFile(text: "scheduler: {retryInterval: 2}").retryInterval == 2e-9)
        #expect(try DragonflySettings.DaemonFile(text: "gc: {interval: 60}").gc.interval == 900)
    }

    @Test(arguments: ["dist", "disk"]) func `both spellings of the marks are read`(_ word: String) throws {
        let text =
            "gc: {policy: {\(word)HighThresholdPercent: 70, \(word)LowThresholdPercent: 50, \(word)Threshold: 50GB}}"
        let gc = try DragonflySettings.DaemonFile(text: text).gc
        #expect(gc.highPercent == 70 && gc.lowPercent == 50 && gc.distThreshold == 50e9)
    }

    @Test func `dynconfig files are read with their defaults`() throws {
        let text = "schedulerClusterConfig: {candidateParentLimit: 5, filterParentLimit: 0}"
        let scheduler = try DragonflySettings.SchedulerDynconfig(text: text)
        #expect(scheduler.candidateParentLimit == 5 && scheduler.filterParentLimit == 15)
        let empty = try DragonflySettings.DaemonDynconfig(text: "")
        #expect(empty.address == "dragonfly-scheduler:8002" && empty.addresses.isEmpty && !empty.hasBlockList)
        let daemon = try DragonflySettings.DaemonDynconfig(
            text:
                """
                scheduler: {addr: s:8002, addrs: [10.0.0.1:8002]}
                clientConfig: {blockList: {task: {download: {urls: [x]}}}}
                """
        )
        #expect(daemon.address == "s:8002" && daemon.addresses == ["10.0.0.1:8002"] && daemon.hasBlockList)
    }

    @Test(
        arguments: [
            ("700ms", 0.7), ("1h30m", 5400), ("-1.5s", -1.5), ("0", 0), ("100us", 1e-4), ("2", nil), ("1d", nil),
            ("", nil),
            ("1 s", nil), (".5s", 0.5), ("9999999h", nil), (".s", nil), ("1..s", nil),
        ] as [(String, Double?)]
    )
    func `durations of the scheduler are Go's`(_ text: String, _ seconds: Double?) {
        #expect(DurationText.go(text) == seconds)
    }

    @Test(
        arguments: [
            ("900s", 900), ("1h 30m", 5400), ("30days", 2_592_000), ("1.5s", 1.5), ("2 weeks", 1_209_600), ("0", 0),
            ("5", nil), ("-5s", nil), ("", nil), ("5x", nil), ("1month", 2_630_016), ("1M", 2_630_016), ("1m", 60),
        ] as [(String, Double?)]
    )
    func `durations of the daemon are humantime's`(_ text: String, _ seconds: Double?) {
        #expect(DurationText.human(text) == seconds)
    }

    @Test(
        arguments: [
            ("50GB", 50e9), ("100GiB", 107_374_182_400), ("8MiB", 8_388_608), ("512", 512), ("1.5 tb", 1.5e12),
            ("x", nil),
            ("5 parsecs", nil), ("-1GB", nil), ("", nil),
        ] as [(String, Double?)]
    )
    func `sizes are bytesize's`(_ text: String, _ bytes: Double?) {
        #expect(SizeText.bytes(text) == bytes)
    }

    @Test(arguments: [
        (0.0, "0s"), (2, "2s"), (0.7, "700ms"), (1.25, "1.25s"), (900, "15m"), (3600, "1h"), (2_592_000, "720h"),
        (2e-9, "2ns"),
        (90, "90s"),
    ])
    func `durations are written so that both read them again`(_ seconds: Double, _ text: String) {
        #expect(DurationText.text(seconds) == text)
        #expect(DurationText.go(text) == seconds)
    }
}
