import Testing

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `docs/dragonfly-settings.md`, made from what checks the settings.
@Suite struct SettingsTableTests {
    private static let marker = "<!-- What follows is made by a test. -->\n\n"

    private static var page: URL {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        return (0..<4).reduce(folder) { url, _ in url.deletingLastPathComponent() }.appendingPathComponent(
            "docs/dragonfly-settings.md"
        )
    }

    @Test func `the page has the tables that the code makes; RECORD_TABLE=1 writes them anew`() throws {
        let text = String(decoding: try Data(contentsOf: Self.page), as: UTF8.self)
        let start = try #require(text.firstRange(of: Self.marker)).upperBound
        if ProcessInfo.processInfo.environment["RECORD_TABLE"] == "1" {
            try Data((text[..<start] + SettingsTable.markdown).utf8).write(to: Self.page)
        } else {
            #expect(text[start...] == SettingsTable.markdown)
        }
    }

    @Test func `each rule, relation, gate and defect has its row, and rows are whole`() {
        let lines = SettingsTable.markdown.split(separator: "\n")
        for (path, rules) in Dictionary(grouping: SettingRule.all, by: \.path) {
            #expect(lines.count { $0.hasPrefix("| `\(path)` |") } == rules.count, "\(path)")
        }
        for relation in SettingRelation.allCases {
            #expect(lines.contains { $0.hasPrefix("| \(relation.row.keys) |") })
        }
        for gate in DragonflyGate.allCases { #expect(lines.contains { $0.hasPrefix("| \(gate.title) |") }) }
        for defect in DragonflyDefect.allCases { #expect(lines.contains { $0.hasPrefix("| \(defect.title) |") }) }
        #expect(!SettingsTable.markdown.contains("|  |"))
    }
}
