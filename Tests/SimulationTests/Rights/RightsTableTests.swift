import Foundation
import KubectlTesting
import Testing

/// `docs/rights.md`, made from the lives in which rights are taken away.
@Suite struct RightsTableTests {
    private static let file = Definitions.checkout.appending(path: "docs/rights.md")
    private static let head = "| right | the test that takes it away |\n|---|---|\n"

    private static var rows: String {
        Life.allCases.flatMap { life in life.needed.map { ($0, life.test) } }.sorted { $0.0 < $1.0 }
            .map { "| `\($0.0)` | *\($0.1)* |\n" }.joined()
    }

    @Test func `each right of the manifests is needed in one life, and no other is`() throws {
        let needed = Life.allCases.flatMap(\.needed)
        #expect(needed.sorted() == (try SimulatedAccounts.rights(of: SimulatedAccounts.Part.allCases)))
        #expect(Set(needed).count == needed.count)
    }

    @Test func `the table has a row for each right, with the test that takes it away`() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        let start = try #require(text.range(of: Self.head)).upperBound
        if ProcessInfo.processInfo.environment["RECORD_TABLE"] == "1" {
            try (text[..<start] + Self.rows).write(to: Self.file, atomically: true, encoding: .utf8)
        } else {
            #expect(text[start...] == Self.rows)
        }
    }

    @Test(arguments: Life.allCases)
    func `there is a test of that name, which takes away what the table says`(_ life: Life) throws {
        let directory = Definitions.checkout.appending(path: "Tests/SimulationTests/Rights")
        let tests = try ["RightsTests", "RunningRightsTests"].map { name in
            try String(contentsOf: directory.appending(path: "\(name).swift"), encoding: .utf8)
        }
        let head = "@Test(arguments: Life.\(life).needed)\n    func `\(life.test)`("
        #expect(tests.count { $0.contains(head) } == 1)
    }
}
