import Foundation
import Synchronization
import Testing

/// Each credential fault, through libcurl and over TLS, against a server and plugins that misbehave on purpose.
@Suite("Faults of credentials", .serialized, .timeLimit(.minutes(3)))
struct CredentialFaultTests {
    /// Each row is carried out once, by its own test or by that of the page.
    private static let results = Mutex<[String: Task<String, any Error>]>([:])

    private static func result(of row: CredentialFault) async throws -> String {
        let task = results.withLock { results in
            let task = results[row.name] ?? Task { try await row.happens(FaultBench()) }
            results[row.name] = task
            return task
        }
        return try await task.value
    }

    @Test(arguments: CredentialFault.all)
    func `a fault comes to what is expected`(_ row: CredentialFault) async throws {
        #expect(try await Self.result(of: row).isEmpty == false)
    }

    @Test func `the page on faults says what happens`() async throws {
        var results: [(CredentialFault, String)] = []
        for row in CredentialFault.all { results.append((row, try await Self.result(of: row))) }
        let document = CredentialFaultPage.document(results)
        if ProcessInfo.processInfo.environment["RECORD_TABLE"] == "1" {
            try document.write(to: CredentialFaultPage.file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: CredentialFaultPage.file, encoding: .utf8)
        let lines = (written.split(separator: "\n"), document.split(separator: "\n"))
        #expect(lines.0.count == lines.1.count)
        for (written, happened) in zip(lines.0, lines.1) { #expect(written == happened) }
    }

    @Test func `names of rows are unique`() {
        #expect(Set(CredentialFault.all.map(\.name)).count == CredentialFault.all.count)
    }
}

/// `docs/faults/credentials.md`, made from what the rows came to.
enum CredentialFaultPage {
    static let file = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/faults/credentials.md")

    static func document(_ rows: [(CredentialFault, String)]) -> String {
        let sections = CredentialFault.Group.allCases.map { group in
            """
            ## \(group.rawValue)

            | Fault | What is expected | What happened |
            |---|---|---|
            \(rows.filter { $0.0.group == group }.map(line).joined(separator: "\n"))
            """
        }
        return """
            # Faults of credentials

            What the client does when tokens, certificates and credential plugins fail. A test makes this page from what
            libcurl, a server over TLS and real child processes really did (`RECORD_TABLE=1 swift test --filter
            CredentialFaultTests` writes it anew), so it is true for this release. *Requests* are told as the server saw
            them: the status that it gave, and the token or the client certificate that came.

            \(sections.joined(separator: "\n\n"))

            """
    }

    private static func line(_ row: CredentialFault, _ happened: String) -> String {
        let cells = [row.name, row.expected, happened].map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }
        return "| \(cells.joined(separator: " | ")) |"
    }
}
