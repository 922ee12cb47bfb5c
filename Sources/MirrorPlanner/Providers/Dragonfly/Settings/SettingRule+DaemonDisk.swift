import KubeCore

extension SettingRule {
    private static let cleaning = "client dragonfly-client/src/gc/mod.rs"

    /// The daemon's own clean-up, and what it cleans.
    static let cleaningUp: [SettingRule] = [
        SettingRule(
            .daemon,
            "gc.interval",
            bound: "none",
            code: "900s",
            effect: "0 ends the process; long: the disk fills between two passes",
            source: cleaning,
            [
                SettingCheck(.zero, .fault, ends, wanted: "900s"),
                SettingCheck(.below(1), .warning, "the daemon walks its tasks without a pause", wanted: "900s"),
                SettingCheck(.above(3600), .warning, "a full disk is not cleaned for as long", wanted: "900s"),
            ]
        ),
        SettingRule(
            .daemon,
            "gc.policy.taskTTL",
            bound: "none",
            code: "720h",
            earlier: (DragonflyVersion(1, 2, 1), "6h"),
            chart: "720h (1.4.0; 168h before)",
            effect: "counts from the last use, uploads too: short, and content is loaded again and again",
            source: cleaning,
            [
                SettingCheck(.zero, .fault, "content is removed at each pass, used or not", wanted: "720h"),
                SettingCheck(.below(3600), .warning, "content is removed so soon after its last use", wanted: "720h"),
            ]
        ),
        mark("diskHighThresholdPercent", code: "80", chart: "90 (1.5.3; 80 before)"),
        mark("distHighThresholdPercent", code: "80", chart: "90 (1.5.3; 80 before)"),
        mark("diskLowThresholdPercent", code: "60", chart: "70 (1.5.3; 60 before)"),
        mark("distLowThresholdPercent", code: "60", chart: "70 (1.5.3; 60 before)"),
        threshold("diskThreshold"),
        threshold("distThreshold"),
        SettingRule(
            .daemon,
            "storage.keep",
            bound: "none",
            code: "false",
            chart: "true (1.4.0; false before)",
            effect: "false: all content is wiped at each start",
            absent: false,
            source: "client dragonfly-client-storage/src/lib.rs",
            [
                SettingCheck(
                    .isFalse,
                    .warning,
                    "a seed wipes all its content at each start",
                    wanted: "true",
                    only: .seed
                )
            ]
        ),
    ]

    /// Declared as 1 to 99, and never checked: the struct around it lacks the mark that would have it done.
    private static func mark(_ key: String, code: String, chart: String) -> SettingRule {
        let isHigh = key.contains("High")
        let checks =
            isHigh
            ? [
                SettingCheck(.zero, .fault, "content is removed at each pass", wanted: code),
                SettingCheck(.above(100), .fault, "the daemon never cleans up", wanted: code),
                SettingCheck(
                    .above(95),
                    .warning,
                    "the daemon cleans up when the disk is as good as full",
                    wanted: code
                ),
            ]
            : [
                SettingCheck(.above(99), .fault, "the daemon removes everything once it cleans up", wanted: code),
                SettingCheck(.zero, .warning, "the daemon removes everything once it cleans up", wanted: code),
            ]
        return SettingRule(
            .daemon,
            "gc.policy.\(key)",
            bound: "1 to 99 declared, never checked; above 255 ends the process",
            code: code,
            chart: key.hasPrefix("dist") ? chart : "unset",
            effect: isHigh
                ? "above 100 it never cleans up" : "above the high mark the subtraction wraps, and everything goes",
            source: cleaning,
            checks
        )
    }

    private static func threshold(_ key: String) -> SettingRule {
        SettingRule(
            .daemon,
            "gc.policy.\(key)",
            bound: "none",
            code: "0: the whole file system",
            chart: "unset",
            effect: "percentages are of this; larger than the volume it never cleans up; small, it keeps nothing",
            source: "dragonflyoss/client#1184",
            []
        )
    }
}
