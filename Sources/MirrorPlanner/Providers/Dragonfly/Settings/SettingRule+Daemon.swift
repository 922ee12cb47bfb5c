extension SettingRule {
    private static let reading = "client dragonfly-client-config/src/dfdaemon.rs"
    static let ends = "the daemon ends at its start"

    /// Read once: all want a restart.
    static let daemon: [SettingRule] = announcing + cleaningUp + serving

    private static let announcing: [SettingRule] = [
        SettingRule(
            .daemon,
            "scheduler.announceInterval",
            bound: "none",
            code: "5m",
            chart: "seed 1m, client same",
            effect: "0 ends the process; long: a crash shows after twice this",
            source: "client dragonfly-client/src/announcer/mod.rs",
            [
                SettingCheck(.zero, .fault, ends, wanted: "5m"),
                SettingCheck(
                    .below(1),
                    .warning,
                    "each daemon announces itself so often to each scheduler",
                    wanted: "1m"
                ),
                SettingCheck(.above(600), .warning, "a daemon that died is missed after twice this", wanted: "5m"),
            ]
        ),
        SettingRule(
            .daemon,
            "scheduler.maxScheduleCount",
            bound: ">= 1",
            code: "5",
            effect: "0 ends the process",
            source: reading,
            [SettingCheck(.zero, .fault, ends, wanted: "5")]
        ),
        SettingRule(
            .daemon,
            "dynconfig.refreshInterval",
            bound: "none",
            code: "1m",
            chart: "seed same, client 5m",
            effect: "0 ends the process; long: addresses of schedulers that are gone are tried for as long",
            source: "dragonflyoss/client#1116, dragonflyoss/client#1607",
            [
                SettingCheck(.zero, .fault, ends, wanted: "1m"),
                SettingCheck(
                    .below(1),
                    .warning,
                    "the manager or the name server is asked so often by each daemon",
                    wanted: "1m"
                ),
                SettingCheck(
                    .above(300),
                    .warning,
                    "a daemon learns new addresses of schedulers only so often",
                    wanted: "1m"
                ),
            ]
        ),
        SettingRule(
            .daemon,
            "host.ip",
            bound: "an IP address",
            code: "the first local IPv4 address",
            chart: "unset",
            effect: "the address that peers are told: a wrong one is reached by nobody",
            source: "dragonflyoss/dragonfly#4221",
            [
                SettingCheck(
                    .isSet,
                    .warning,
                    "all daemons of this file announce the same address, and peers reach one of them at most",
                    wanted: nil
                )
            ]
        ),
        SettingRule(
            .daemon,
            "host.hostname",
            bound: "none",
            code: "the pod's or the node's name",
            chart: "unset",
            effect: "the same name on many hosts: they can't be told apart",
            source: reading,
            [SettingCheck(.isSet, .warning, "all daemons of this file announce the same name", wanted: nil)]
        ),
    ]

    private static let serving: [SettingRule] = [
        SettingRule(
            .daemon,
            "upload.server.requestRateLimit",
            bound: "none",
            code: "400",
            earlier: (DragonflyVersion(1, 4, 0), "4000"),
            chart: "seed same, client 200 (1.7.0; 4000 before)",
            effect: "0 ends the process; low: a busy daemon refuses health too, with code 8",
            source: "dragonflyoss/client#2069",
            [
                SettingCheck(.zero, .fault, ends, wanted: "400"),
                SettingCheck(.below(100), .warning, "health counts among the requests of a second", wanted: "400"),
            ]
        ),
        SettingRule(
            .daemon,
            "upload.server.requestBufferSize",
            bound: "none",
            code: "50",
            earlier: (DragonflyVersion(1, 4, 0), "1000"),
            chart: "misspelt as requestbufferSize, which nobody reads",
            effect: "0 ends the process; requests that wait before more are refused",
            source: reading,
            [SettingCheck(.zero, .fault, ends, wanted: "50")]
        ),
        SettingRule(
            .daemon,
            "download.server.requestBufferSize",
            bound: "none",
            code: "50",
            earlier: (DragonflyVersion(1, 4, 0), "1000"),
            chart: "misspelt as requestbufferSize, which nobody reads",
            effect: "0 ends the process; requests that wait before more are refused",
            source: reading,
            [SettingCheck(.zero, .fault, ends, wanted: "50")]
        ),
        SettingRule(
            .daemon,
            "upload.disableShared",
            bound: "none",
            code: "false",
            effect: "true: nobody is sent to this daemon for content",
            source: "dragonfly scheduler/scheduling/scheduling.go",
            [
                SettingCheck(
                    .isTrue,
                    .fault,
                    "seeds share nothing, and stay in the ring all the same",
                    wanted: "false",
                    only: .seed
                ),
                SettingCheck(
                    .isTrue,
                    .note,
                    "clients load from peers and share nothing",
                    wanted: "false",
                    only: .client
                ),
            ]
        ),
        shedding("memoryThreshold", code: "90", wanted: "90"),
        shedding("cpuThreshold", code: "100", wanted: "100"),
    ]

    private static func shedding(_ key: String, code: String, wanted: String) -> SettingRule {
        SettingRule(
            .daemon,
            "server.adaptiveRateLimit.\(key)",
            bound: "none",
            code: code,
            chart: "same (1.7.0)",
            effect: "100 and above switches that half off; above it all calls are shed for 5 s at a time, health too",
            source: "client dragonfly-client-util/src/ratelimiter/bbr.rs",
            [
                SettingCheck(
                    .below(50),
                    .warning,
                    "a busy daemon sheds all calls above so many percent, health too, for 5 s at a time",
                    wanted: wanted
                )
            ]
        )
    }

    /// Read again while the process runs; a file that can't be read then leaves the old addresses.
    static let daemonDynconfig: [SettingRule] = [
        SettingRule(
            .daemonDynconfig,
            "scheduler.addr",
            bound: "not empty, host:port",
            code: "dragonfly-scheduler:8002",
            chart: "a headless Service (1.7.5)",
            effect: "at run time the old addresses stay; at its start the daemon ends",
            source: "client dragonfly-client/src/dynconfig/local.rs",
            [
                SettingCheck(
                    .isEmpty,
                    .fault,
                    "the file is refused",
                    wanted: nil,
                    hint: "set it to the schedulers' Service with its port"
                ),
                SettingCheck(
                    .noPort,
                    .fault,
                    "the file is refused",
                    wanted: nil,
                    hint: "set it to host:port, such as dragonfly-scheduler:8002"
                ),
            ]
        ),
        SettingRule(
            .daemonDynconfig,
            "scheduler.addrs",
            bound: "each ip:port",
            code: "unset: addr holds",
            chart: "unset",
            effect: "a name in it: the whole file is refused; an address of a pod that is gone is tried for ever",
            source: "client dragonfly-client/src/dynconfig/local.rs",
            [
                SettingCheck(
                    .noSocketAddress,
                    .fault,
                    "one that is not ip:port has the whole file refused",
                    wanted: nil,
                    hint: "list addresses with ports alone, or name them by scheduler.addr"
                )
            ]
        ),
    ]
}
