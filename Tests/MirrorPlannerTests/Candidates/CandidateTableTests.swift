import MirrorAPI
import Testing

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("What happens to a candidate set is what docs/candidates.md says")
struct CandidateTableTests {
    private static let isRecording = ProcessInfo.processInfo.environment["RECORD_GOLDEN"] == "1"
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// One row of the table.
    struct Row: CustomTestStringConvertible {
        var scenario: String
        var at: Int
        var moment: SetPlay.Moment

        var testDescription: String { "\(scenario) at \(at) s" }
    }

    private static func rows() throws -> [Row] {
        let page = folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "docs/candidates.md"
        )
        let text = String(decoding: try Data(contentsOf: page), as: UTF8.self)
        return text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { cell in String(cell.trimmingPrefix(" ")).trimmed }
            guard cells.count == 5, let at = Int(cells[1]), let published = Int(cells[2]) else { return nil }
            return Row(
                scenario: cells[0],
                at: at,
                moment: SetPlay.Moment(published: published, available: cells[3], storm: cells[4])
            )
        }
    }

    @Test("A scenario goes as the table says, and breaks no rule", arguments: SetScenario.all.map(\.name))
    func table(_ name: String) throws {
        let scenario = try #require(SetScenario.all.first { $0.name == name })
        let rows = try Self.rows().filter { $0.scenario == name }
        #expect(!rows.isEmpty, "docs/candidates.md has no row of \(name)")
        let play = SetPlay(scenario, settings: CandidateSettings(P2PMirrorSpec(provider: .rke2)))
        for row in rows { #expect(play.moment(at: row.at) == row.moment, "\(row.testDescription)") }
        #expect(play.rules.violations == [])
        let file = Self.folder.appendingPathComponent("Golden/candidates/\(name).txt")
        let transcript = play.lines.joined(separator: "\n") + "\n"
        if Self.isRecording { try Data(transcript.utf8).write(to: file) }
        #expect(transcript == String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }

    @Test("Each row of the table is of a scenario")
    func everyRowIsPlayed() throws {
        let names = Set(SetScenario.all.map(\.name))
        #expect(try Self.rows().map(\.scenario).filter { !names.contains($0) } == [])
        #expect(try Self.rows().count > 40)
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
