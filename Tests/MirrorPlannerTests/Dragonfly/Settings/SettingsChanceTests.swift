import KubeCore
import Testing

@testable import MirrorPlanner

/// Whatever stands in a file, reading and checking it ends, twice with the same.
@Suite struct SettingsChanceTests {
    /// Scalars that are near to what keys want, and far from it.
    private static let scalars = [
        "0", "-1", "3", "256", "1e300", "9223372036854775807", "18446744073709551615", "true", "~", "\"\"", "2s", "900",
        "-5m", "50GB", "100GiB", "1h 30m", "99999999999999h", "[]", "{}", "[1, {a: b}]", "10.0.0.1", "\"[::]:1\"", "x",
        ".5", "\"-----BEGIN\"", "99999999999999999999999999999d", "é", "\":\"", "\"http://\"", "\"http://:1\"", "0x7f",
    ]

    private static func value(_ dice: inout Dice, depth: Int) -> String {
        if depth > 0, dice.roll(30) {
            return "{" + (0..<dice.below(4)).map { "k\($0): \(value(&dice, depth: depth - 1))" }.joined(separator: ", ")
                + "}"
        }
        return dice.pick(scalars)
    }

    /// Keys that the reader knows, now and then in another case or with a letter more.
    private static func text(_ file: SettingsFile, _ dice: inout Dice) -> String {
        let paths = SettingKeys.keys(of: file).types.keys.sorted()
        var root = JSONValue.object([:])
        for _ in 0..<dice.below(12) {
            var path = dice.pick(paths).split(separator: ".").map { String($0.prefix { $0 != "[" }) }
            if dice.roll(20) { path[dice.below(path.count)] += "x" }
            if dice.roll(20) { path = path.map { (key: String) in key.lowercased() } }
            if path.count > 1, dice.roll(10) { path.removeLast() }
            let parsed = try? YAMLCoding.documents("v: " + value(&dice, depth: 2)).first?["v"]
            put(parsed ?? .null, path[...], into: &root)
        }
        return (try? YAMLCoding.encode(root)) ?? ""
    }

    private static func put(_ value: JSONValue, _ path: ArraySlice<String>, into root: inout JSONValue) {
        guard let key = path.first else {
            root = value
            return
        }
        var member = root[key] ?? [:]
        put(value, path.dropFirst(), into: &member)
        root[key] = member
    }

    @Test(arguments: 0..<16) func `random files are read and checked`(_ seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        for _ in 0..<25 {
            var review = SettingsReview()
            review.scheduler = try SettingsDocument(.scheduler, text: Self.text(.scheduler, &dice))
            review.seed = try SettingsDocument(.daemon, text: Self.text(.daemon, &dice))
            review.client = try SettingsDocument(.daemon, text: Self.text(.daemon, &dice))
            review.schedulerDynconfig = try SettingsDocument(
                .schedulerDynconfig,
                text: Self.text(.schedulerDynconfig, &dice)
            )
            review.clientDynconfig = try SettingsDocument(.daemonDynconfig, text: Self.text(.daemonDynconfig, &dice))
            review.evictAtPercent = dice.below(120) - 10
            review.peers = dice.below(100)
            review.storage = .init(
                volumeBytes: dice.pick([0, -1, 1, 1e9, 1e18, .infinity, .nan]),
                usedPercent: dice.pick([nil, 0, 50, 200, -5, .nan, .infinity]),
                contentBytes: dice.pick([nil, 0, 1e9, 1e300, .nan]),
                ingestBytesPerSecond: dice.pick([nil, 0, -1, 1e6, 1e300, .nan, 1e-300])
            )
            review.isOverloaded = dice.roll(50)
            let findings = review.findings
            #expect(findings == review.findings, "seed \(seed)")
            #expect(findings.allSatisfy { !$0.message.isEmpty && $0.message.utf8.count <= 700 }, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<8) func `bytes that are no YAML are a fault and nothing worse`(_ seed: Int) {
        var dice = Dice(seed: UInt64(seed))
        for _ in 0..<100 {
            let letters = Array(":{}[]-*&!|>'\"\n\t #%@`,?abc01é")
            let text = String((0..<dice.below(40)).map { _ in dice.pick(letters) })
            for file in SettingsFile.allCases {
                _ = try? SettingsDocument(file, text: text)
            }
            let masked = SettingsSecrets.masked(text)
            #expect(SettingsSecrets.masked(masked) == masked, "seed \(seed): \(text)")
        }
    }
}
