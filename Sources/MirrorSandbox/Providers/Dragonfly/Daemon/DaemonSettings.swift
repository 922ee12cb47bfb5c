import KubeCore

/// A duration as Go's and Rust's settings write it: `30m`, `1h 30m`, `900s`, `500ms`, `30days`.
enum DaemonDuration {
    private static let units: [(names: [String], nanoseconds: Int64)] = [
        (["ns", "nsec"], 1), (["us", "usec", "µs"], 1_000), (["ms", "msec"], 1_000_000),
        (["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
        (["m", "min", "mins", "minute", "minutes"], 60_000_000_000),
        (["h", "hr", "hour", "hours"], 3_600_000_000_000), (["d", "day", "days"], 86_400_000_000_000),
    ]

    /// Nil where it is none. A number without a unit is nanoseconds, as in Go.
    static func parse(_ value: JSONValue?) -> Duration? {
        if let number = value?.intValue { return .nanoseconds(number) }
        guard let text = value?.stringValue, !text.isEmpty else { return nil }
        var rest = text[...]
        var total = Duration.zero
        while !rest.isEmpty {
            rest = rest.drop { $0 == " " }
            let number = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let value = Double(number),
                let known = units.first(where: { $0.names.contains(String(unit)) })
            else { return nil }
            let nanoseconds = value * Double(known.nanoseconds)
            guard nanoseconds < 9e18 else { return nil }
            total += .nanoseconds(Int64(nanoseconds.rounded()))
        }
        return total
    }
}

/// What a scheduler reads of `scheduler.yaml` and `dynconfig.yaml`, with the defaults of its code.
///
/// Source: dragonflyoss/dragonfly `scheduler/config/constants.go`, `config.go` and `dynconfig_local.go`.
struct SchedulerSettings: Hashable, Sendable {
    var port: UInt16 = 8_002
    var metricsPort: UInt16 = 8_000
    var retryLimit = 5
    var retryBackToSourceLimit = 4
    var retryInterval = Duration.milliseconds(500)
    var hostCollection = Duration.seconds(300)
    var peerCollection = Duration.seconds(10)
    var candidateParents = 3
    var filteredParents = 15

    init() {}

    init(scheduler: JSONValue, dynconfig: JSONValue) {
        let settings = scheduler["scheduler"] ?? [:]
        if let value = scheduler.at(["server", "port"])?.intValue { port = UInt16(clamping: value) }
        if let value = settings["retryLimit"]?.intValue { retryLimit = Int(value) }
        if let value = settings["retryBackToSourceLimit"]?.intValue { retryBackToSourceLimit = Int(value) }
        retryInterval = DaemonDuration.parse(settings["retryInterval"]) ?? retryInterval
        hostCollection = DaemonDuration.parse(settings.at(["gc", "hostGCInterval"])) ?? hostCollection
        peerCollection = DaemonDuration.parse(settings.at(["gc", "peerGCInterval"])) ?? peerCollection
        let cluster = dynconfig["schedulerClusterConfig"] ?? [:]
        if let value = cluster["candidateParentLimit"]?.intValue, value > 0 { candidateParents = Int(value) }
        if let value = cluster["filterParentLimit"]?.intValue, value > 0 { filteredParents = Int(value) }
    }
}

/// What a daemon reads of `dfdaemon.yaml`, with the defaults of its code.
///
/// Source: dragonflyoss/client `dragonfly-client-config/src/dfdaemon.rs`.
struct DfdaemonSettings: Hashable, Sendable {
    var isSeed = false
    var uploadPort: UInt16 = 4_000
    var proxyPort: UInt16 = 4_001
    var metricsPort: UInt16 = 4_002
    var healthPort: UInt16 = 4_003
    var piecePort: UInt16 = 4_005
    var announceInterval = Duration.seconds(300)
    var refreshInterval = Duration.seconds(60)
    var maxScheduleCount = 5
    var disableShared = false
    var keepsStorage = false
    var directory = "/var/lib/dragonfly/"
    var collection = Duration.seconds(900)
    var taskTTL = Duration.seconds(720 * 3_600)
    var highPercent = 80
    var lowPercent = 60
    /// The address that it announces; nil for its own.
    var announcedIP: String?
    var clusterID: UInt64 = 1
    /// `http://HOST:PORT` of the manager; nil without one.
    var managerAddress: String?

    init() {}

    init(_ yaml: JSONValue) {
        func port(_ path: [String], _ standard: UInt16) -> UInt16 {
            yaml.at(path)?.intValue.map { UInt16(clamping: $0) } ?? standard
        }
        isSeed = yaml.at(["seedPeer", "enable"])?.boolValue ?? false
        uploadPort = port(["upload", "server", "port"], uploadPort)
        proxyPort = port(["proxy", "server", "port"], proxyPort)
        metricsPort = port(["metrics", "server", "port"], metricsPort)
        healthPort = port(["health", "server", "port"], healthPort)
        piecePort = port(["storage", "server", "tcpPort"], piecePort)
        announceInterval = DaemonDuration.parse(yaml.at(["scheduler", "announceInterval"])) ?? announceInterval
        refreshInterval = DaemonDuration.parse(yaml.at(["dynconfig", "refreshInterval"])) ?? refreshInterval
        if let value = yaml.at(["scheduler", "maxScheduleCount"])?.intValue { maxScheduleCount = Int(value) }
        disableShared = yaml.at(["upload", "disableShared"])?.boolValue ?? false
        keepsStorage = yaml.at(["storage", "keep"])?.boolValue ?? false
        directory = yaml.at(["storage", "dir"])?.stringValue ?? directory
        collection = DaemonDuration.parse(yaml.at(["gc", "interval"])) ?? collection
        let policy = yaml.at(["gc", "policy"]) ?? [:]
        taskTTL = DaemonDuration.parse(policy["taskTTL"]) ?? taskTTL
        if let value = (policy["distHighThresholdPercent"] ?? policy["diskHighThresholdPercent"])?.intValue {
            highPercent = Int(value)
        }
        if let value = (policy["distLowThresholdPercent"] ?? policy["diskLowThresholdPercent"])?.intValue {
            lowPercent = Int(value)
        }
        announcedIP = yaml.at(["host", "ip"])?.stringValue
        managerAddress = yaml.at(["manager", "addr"])?.stringValue
        clusterID = UInt64(clamping: yaml.at(["host", "schedulerClusterID"])?.intValue ?? 1)
    }
}
