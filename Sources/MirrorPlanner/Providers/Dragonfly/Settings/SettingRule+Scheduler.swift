extension SettingRule {
    private static let validation = "dragonfly scheduler/config/config.go"
    private static let scheduling = "dragonfly scheduler/scheduling/scheduling.go"
    private static let exits = "the scheduler does not start"

    /// Read once: all want a restart.
    static let scheduler: [SettingRule] = [
        SettingRule(
            .scheduler,
            "scheduler.retryBackToSourceLimit",
            bound: "not 0",
            code: "4",
            earlier: (DragonflyVersion(2, 2, 0), "5"),
            chart: "3 (1.4.0; 5 before)",
            effect: "0 ends the process; below 0 every peer goes to the source at once",
            source: scheduling,
            [
                SettingCheck(.zero, .fault, exits, wanted: "3"),
                SettingCheck(
                    .negative,
                    .fault,
                    "every peer goes to the source at once, so none is served by peers",
                    wanted: "3"
                ),
            ]
        ),
        SettingRule(
            .scheduler,
            "scheduler.retryLimit",
            bound: "> 0",
            code: "5",
            chart: "5 (1.4.0; 7 before)",
            effect: "below retryBackToSourceLimit peers fail where they would go to the source",
            source: scheduling,
            [SettingCheck(.below(1), .fault, exits, wanted: "5")]
        ),
        SettingRule(
            .scheduler,
            "scheduler.retryInterval",
            bound: "> 0",
            code: "500ms",
            chart: "2s (1.5.3; 1s from 1.4.0, 700ms before)",
            effect: "a bare 2 is 2 ns, a loop without a pause; a bare 1 ends releases up to 2.5.1",
            source: "dragonfly pkg/time/delay.go",
            [
                SettingCheck(.zero, .fault, exits, wanted: "1s"),
                SettingCheck(.negative, .fault, exits, wanted: "1s"),
                SettingCheck(
                    .below(0.01),
                    .fault,
                    "the scheduler looks for parents in a loop without a pause",
                    wanted: "1s"
                ),
            ]
        ),
        SettingRule(
            .scheduler,
            "scheduler.backToSourceCount",
            bound: "not 0",
            code: "200",
            effect: "small: later peers of a task end in an error; below 0 none may go to the source",
            source: scheduling,
            [
                SettingCheck(.zero, .fault, exits, wanted: "200"),
                SettingCheck(
                    .negative,
                    .fault,
                    "no peer may go to the source, so each fails without a parent",
                    wanted: "200"
                ),
                SettingCheck(
                    .below(10),
                    .warning,
                    "of peers without a parent only so many of a task may go to the source, others fail",
                    wanted: "200"
                ),
            ]
        ),
        SettingRule(
            .scheduler,
            "scheduler.algorithm",
            bound: "not empty",
            code: "default",
            effect: "plugin without its .so file in server.pluginDir ends the process",
            source: "dragonfly scheduler/scheduling/evaluator",
            [
                SettingCheck(.isEmpty, .fault, exits, wanted: "default"),
                SettingCheck(
                    .equals("plugin"),
                    .note,
                    "the scheduler does not start without d7y-scheduler-plugin-evaluator.so in server.pluginDir",
                    wanted: nil,
                    hint: "set it to default where there is none"
                ),
            ]
        ),
        gc(
            "peerTTL",
            code: "24h",
            chart: "720h (1.4.0; 48h, 24h before)",
            effect: "short: content is forgotten that is still on disks"
        ),
        gc(
            "hostTTL",
            code: "1h",
            chart: "same",
            effect: "below twice the announce interval peers of living hosts are dropped"
        ),
        gc("pieceDownloadTimeout", code: "30m", chart: "same", effect: "short: peers of slow downloads are dropped"),
        gc("peerGCInterval", code: "10s", chart: "5m (1.4.0)", effect: "long: peers that are gone stay candidates"),
        gc(
            "hostGCInterval",
            code: "5m",
            chart: "same (6h in 1.2.0)",
            effect: "a host that dies without a word stays a candidate for this and twice its announce interval",
            [
                SettingCheck(
                    .above(900),
                    .warning,
                    "a host that dies without a word stays a candidate for this and twice its announce interval",
                    wanted: "5m"
                )
            ]
        ),
        gc("taskGCInterval", code: "30m", chart: "same", effect: "long: tasks without peers stay in memory"),
        SettingRule(
            .scheduler,
            "server.requestRateLimit",
            bound: "> 0",
            code: "4000 (from 2.4.2; fixed before)",
            effect: "too low: health is refused too, and the kubelet ends the pod",
            source: validation,
            [
                SettingCheck(.zero, .fault, exits, wanted: "4000"),
                SettingCheck(.negative, .fault, exits, wanted: "4000"),
                SettingCheck(
                    .below(100),
                    .warning,
                    "health counts among the requests of a second, so the kubelet ends a busy scheduler",
                    wanted: "4000"
                ),
            ]
        ),
        SettingRule(
            .scheduler,
            "manager.schedulerClusterID",
            bound: "not 0, with a manager",
            code: "1",
            effect: "another than that of the daemons: peers are in another cluster",
            source: validation,
            [SettingCheck(.zero, .fault, exits, wanted: "1")]
        ),
        SettingRule(
            .scheduler,
            "manager.keepAlive.interval",
            bound: "> 0, with a manager",
            code: "5s",
            effect: "the manager counts a scheduler as gone after three of its own 5 s",
            source: validation,
            [
                SettingCheck(.zero, .fault, exits, wanted: "5s"),
                SettingCheck(.negative, .fault, exits, wanted: "5s"),
                SettingCheck(.above(15), .warning, "the manager counts the scheduler as gone after 15 s", wanted: "5s"),
            ]
        ),
        SettingRule(
            .scheduler,
            "dynconfig.refreshInterval",
            bound: "> 0",
            code: "1m",
            effect: "long: changes of the cluster's settings arrive late",
            source: validation,
            [
                SettingCheck(.zero, .fault, exits, wanted: "1m"),
                SettingCheck(.negative, .fault, exits, wanted: "1m"),
                SettingCheck(
                    .above(300),
                    .warning,
                    "changes of the cluster's settings arrive only so often",
                    wanted: "1m"
                ),
            ]
        ),
    ]

    private static func gc(
        _ key: String,
        code: String,
        chart: String,
        effect: String,
        _ more: [SettingCheck] = []
    ) -> SettingRule {
        SettingRule(
            .scheduler,
            "scheduler.gc.\(key)",
            bound: "> 0",
            code: code,
            chart: chart,
            effect: effect,
            source: validation,
            [
                SettingCheck(.zero, .fault, exits, wanted: code), SettingCheck(.negative, .fault, exits, wanted: code),
                SettingCheck(.below(1), .warning, "far too short: it was meant in another unit", wanted: code),
            ] + more
        )
    }

    /// Read again while the process runs; a file that can't be read then means the defaults.
    static let schedulerDynconfig: [SettingRule] = [
        SettingRule(
            .schedulerDynconfig,
            "schedulerClusterConfig.candidateParentLimit",
            bound: "none (1 to 20 by the manager's API)",
            code: "3",
            earlier: (DragonflyVersion(2, 3, 4), "4"),
            effect: "below 0 or a text: the whole file is refused, and all of it is at its defaults",
            source: "dragonfly scheduler/config/dynconfig_local.go",
            [
                SettingCheck(
                    .above(20),
                    .warning,
                    "a manager allows 1 to 20, and each parent costs connections",
                    wanted: "3"
                )
            ]
        ),
        SettingRule(
            .schedulerDynconfig,
            "schedulerClusterConfig.filterParentLimit",
            bound: "none (10 to 1000 by the manager's API)",
            code: "15",
            effect: "below the number of peers of a small cluster: good parents are left out by chance",
            source: "dragonfly scheduler/config/dynconfig_local.go",
            [
                SettingCheck(
                    .above(1000),
                    .warning,
                    "a manager allows 10 to 1000, and each candidate costs the scheduler time",
                    wanted: "15"
                )
            ]
        ),
    ]
}
