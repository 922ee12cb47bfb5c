import KubeCore
import Testing

@testable import MirrorPlanner

/// A value that trips a rule, and what it is to be found as.
struct RuleRow: Sendable, CustomTestStringConvertible {
    var file: SettingsFile
    var path: String
    /// As YAML, with the severity of each.
    var wrong: [(value: String, severity: SettingSeverity)]
    var right: [String]
    var owner: SettingsOwner

    init(
        _ file: SettingsFile,
        _ path: String,
        _ owner: SettingsOwner = .scheduler,
        wrong: [(String, SettingSeverity)],
        right: [String]
    ) {
        (self.file, self.path, self.owner, self.right) = (file, path, owner, right)
        self.wrong = wrong.map { (value: $0.0, severity: $0.1) }
    }

    var testDescription: String { "\(file.title) \(path) of \(owner.plural)" }

    /// Of that file alone, in the hands of the row's owner.
    func review(_ document: SettingsDocument) -> SettingsReview {
        var review = SettingsReview()
        switch (file, owner) {
        case (.scheduler, _): review.scheduler = document
        case (.schedulerDynconfig, _): review.schedulerDynconfig = document
        case (.daemon, .seed): review.seed = document
        case (.daemon, _): review.client = document
        case (.daemonDynconfig, .seed): review.seedDynconfig = document
        case (.daemonDynconfig, _): review.clientDynconfig = document
        }
        return review
    }
}

extension RuleRow {
    static let all: [RuleRow] = scheduler + daemon + dynconfig

    private static let scheduler: [RuleRow] = [
        RuleRow(
            .scheduler,
            "scheduler.retryBackToSourceLimit",
            wrong: [("0", .fault), ("-1", .fault)],
            right: ["3", "\"4\""]
        ),
        RuleRow(.scheduler, "scheduler.retryLimit", wrong: [("0", .fault), ("-5", .fault)], right: ["5", "1"]),
        RuleRow(
            .scheduler,
            "scheduler.retryInterval",
            wrong: [("0", .fault), ("0s", .fault), ("-2s", .fault), ("1", .fault), ("5ms", .fault)],
            right: ["1.5s", "500ms"]
        ),
        RuleRow(
            .scheduler,
            "scheduler.backToSourceCount",
            wrong: [("0", .fault), ("-1", .fault), ("2", .warning)],
            right: ["200", "10"]
        ),
        RuleRow(.scheduler, "scheduler.algorithm", wrong: [("\"\"", .fault), ("plugin", .note)], right: ["default"]),
        RuleRow(
            .scheduler,
            "server.requestRateLimit",
            wrong: [("0", .fault), ("-1", .fault), ("50", .warning)],
            right: ["4000.5"]
        ),
        RuleRow(.scheduler, "manager.schedulerClusterID", wrong: [("0", .fault)], right: ["1"]),
        RuleRow(
            .scheduler,
            "manager.keepAlive.interval",
            wrong: [("0", .fault), ("-5s", .fault), ("1m", .warning)],
            right: ["5s"]
        ),
        RuleRow(
            .scheduler,
            "dynconfig.refreshInterval",
            wrong: [("0s", .fault), ("-1m", .fault), ("1h", .warning)],
            right: ["1m"]
        ),
        gc("peerTTL", "24h"), gc("hostTTL", "1h"), gc("pieceDownloadTimeout", "30m"), gc("peerGCInterval", "10s"),
        gc("taskGCInterval", "30m"), gc("hostGCInterval", "5m", [("6h", .warning)]),
    ]

    private static func gc(_ key: String, _ right: String, _ more: [(String, SettingSeverity)] = []) -> RuleRow {
        RuleRow(
            .scheduler,
            "scheduler.gc.\(key)",
            wrong: [("0", .fault), ("-1h", .fault), ("30", .fault), ("10ms", .warning)] + more,
            right: [right]
        )
    }

    private static let daemon: [RuleRow] = [
        RuleRow(
            .daemon,
            "scheduler.announceInterval",
            .seed,
            wrong: [("0s", .fault), ("60", .fault), ("100ms", .warning), ("1h", .warning)],
            right: ["1m", "5min", "5m"]
        ),
        RuleRow(.daemon, "scheduler.maxScheduleCount", .seed, wrong: [("0", .fault), ("-1", .fault)], right: ["5"]),
        RuleRow(
            .daemon,
            "dynconfig.refreshInterval",
            .client,
            wrong: [("0s", .fault), ("500ms", .warning), ("30m", .warning)],
            right: ["3s", "5m"]
        ),
        RuleRow(
            .daemon,
            "host.ip",
            .client,
            wrong: [("10.0.0.1", .warning), ("seed.local", .fault), ("5", .fault)],
            right: ["~"]
        ),
        RuleRow(.daemon, "host.hostname", .client, wrong: [("n1", .warning), ("5", .fault)], right: ["\"\""]),
        RuleRow(
            .daemon,
            "gc.interval",
            .seed,
            wrong: [("0s", .fault), ("900", .fault), ("1d 2x", .fault), ("1ms", .warning), ("2h", .warning)],
            right: ["900s", "15m"]
        ),
        RuleRow(
            .daemon,
            "gc.policy.taskTTL",
            .seed,
            wrong: [("0s", .fault), ("7200", .fault), ("5m", .warning)],
            right: ["30days"]
        ),
        high("disk"), high("dist"), low("disk"), low("dist"),
        RuleRow(
            .daemon,
            "gc.policy.distThreshold",
            .seed,
            wrong: [("lots", .fault), ("-5", .fault)],
            right: ["50GB", "100GiB"]
        ),
        RuleRow(.daemon, "gc.policy.diskThreshold", .seed, wrong: [("lots", .fault)], right: ["50GB", "0"]),
        RuleRow(
            .daemon,
            "storage.keep",
            .seed,
            wrong: [("false", .warning), ("~", .warning), ("5", .fault)],
            right: ["true"]
        ),
        RuleRow(
            .daemon,
            "upload.server.requestRateLimit",
            .seed,
            wrong: [("0", .fault), ("-1", .fault), ("20", .warning)],
            right: ["400"]
        ),
        RuleRow(
            .daemon,
            "upload.server.requestBufferSize",
            .seed,
            wrong: [("0", .fault), ("-50", .fault)],
            right: ["50"]
        ),
        RuleRow(.daemon, "download.server.requestBufferSize", .seed, wrong: [("0", .fault)], right: ["50"]),
        RuleRow(
            .daemon,
            "upload.disableShared",
            .seed,
            wrong: [("true", .fault), ("\"true\"", .fault)],
            right: ["false"]
        ),
        RuleRow(.daemon, "upload.disableShared", .client, wrong: [("true", .note)], right: ["false"]),
        RuleRow(
            .daemon,
            "server.adaptiveRateLimit.memoryThreshold",
            .seed,
            wrong: [("10", .warning), ("300", .fault)],
            right: ["90", "100"]
        ),
        RuleRow(.daemon, "server.adaptiveRateLimit.cpuThreshold", .seed, wrong: [("10", .warning)], right: ["100"]),
    ]

    private static func high(_ word: String) -> RuleRow {
        RuleRow(
            .daemon,
            "gc.policy.\(word)HighThresholdPercent",
            .seed,
            wrong: [("0", .fault), ("101", .fault), ("256", .fault), ("-1", .fault), ("97", .warning)],
            right: ["80", "90"]
        )
    }

    private static func low(_ word: String) -> RuleRow {
        RuleRow(
            .daemon,
            "gc.policy.\(word)LowThresholdPercent",
            .client,
            wrong: [("100", .fault), ("999", .fault), ("0", .warning)],
            right: ["60", "70"]
        )
    }

    private static let dynconfig: [RuleRow] = [
        RuleRow(
            .schedulerDynconfig,
            "schedulerClusterConfig.candidateParentLimit",
            wrong: [("-1", .fault), ("many", .fault), ("21", .warning)],
            right: ["0", "3", "15"]
        ),
        RuleRow(
            .schedulerDynconfig,
            "schedulerClusterConfig.filterParentLimit",
            wrong: [("-1", .fault), ("2000", .warning)],
            right: ["15", "1000"]
        ),
        RuleRow(
            .daemonDynconfig,
            "scheduler.addr",
            .client,
            wrong: [("\"\"", .fault), ("scheduler", .fault), ("8002", .fault)],
            right: ["scheduler:8002"]
        ),
        RuleRow(
            .daemonDynconfig,
            "scheduler.addrs",
            .seed,
            wrong: [("[scheduler:8002]", .fault), ("[10.0.0.1]", .fault), ("scheduler:8002", .fault)],
            right: ["[\"10.0.0.1:8002\"]", "[\"[fd00::1]:8002\"]", "[]"]
        ),
    ]
}

/// Every row of the settings table trips on what it says, and on nothing else.
@Suite struct SettingRuleTests {
    private static func findings(_ row: RuleRow, _ value: String) throws -> [SettingFinding] {
        var text = SettingsText.yaml(row.path, value)
        // Nobody reads the manager's keys where there is none.
        if row.path.hasPrefix("manager.") {
            text = "{manager: {addr: \"m:65003\", " + text.dropFirst("{manager: {".count)
        }
        let document = try SettingsDocument(row.file, text: text)
        return row.review(document).findings.filter { $0.path == row.path }
    }

    @Test(arguments: RuleRow.all) func `a wrong value is found, once or more, and named`(_ row: RuleRow) throws {
        for (value, severity) in row.wrong {
            let findings = try Self.findings(row, value)
            #expect(findings.first?.severity == severity, "\(value): \(findings)")
            for finding in findings {
                #expect(finding.owner == row.owner && finding.file == row.file && !finding.source.isEmpty)
                #expect(finding.message.contains(row.path.split(separator: ".").last ?? ""), "\(finding)")
            }
        }
    }

    @Test(arguments: RuleRow.all) func `a right value is not`(_ row: RuleRow) throws {
        for value in row.right {
            #expect(try Self.findings(row, value).isEmpty, "\(value)")
        }
    }

    @Test func `each rule has its row, and each of its checks trips in one`() throws {
        for rule in SettingRule.all {
            let rows = RuleRow.all.filter { $0.file == rule.file && $0.path == rule.path }
            #expect(!rows.isEmpty, "\(rule.path)")
            for check in rule.checks {
                let trips = try rows.contains { row in
                    try check.applies(to: row.owner)
                        && row.wrong.contains {
                            try Self.findings(row, $0.value).contains { $0.message.contains(check.effect) }
                        }
                }
                #expect(trips, "\(rule.path): \(check.condition)")
            }
        }
    }

    @Test func `each rule's key is one that the reader knows, and its defaults are right by its own checks`() throws {
        for rule in SettingRule.all {
            #expect(SettingKeys.keys(of: rule.file).types[rule.path] != nil, "\(rule.path)")
            #expect(![rule.bound, rule.codeDefault, rule.chart, rule.effect, rule.source].contains(""), "\(rule.path)")
        }
        #expect(Set(SettingRule.all.map { "\($0.file) \($0.path)" }).count == SettingRule.all.count)
    }
}
