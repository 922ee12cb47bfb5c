import Foundation
import KubeCore
import KubectlTesting
import Testing

@Suite("Rights of operator and agents", .enabled(if: Kubectl.isThere))
struct RightsTests {
    private static let table = URL(filePath: TestCluster.root + "/docs/rights.md")

    /// Rows of the table: a right, and what would miss it.
    private static func rows() throws -> [(right: String, need: String)] {
        try String(contentsOf: table, encoding: .utf8).split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 2, cells[0].hasPrefix("`") else { return nil }
            return (cells[0].filter { $0 != "`" }, cells[1])
        }
    }

    private static func rights() async throws -> [Right] {
        let everything = try await TestAccounts.rendered(.withRestartAndSpegel)
        return everything.filter { $0["rules"] != nil }.flatMap { Right.all(in: $0) }.sorted()
    }

    @Test func `docs/rights.md says of each right what needs it, and of no other`() async throws {
        let rows = try Self.rows()
        #expect(rows.map(\.right) == (try await Self.rights()).map(\.description))
        let tests = try FileManager.default.subpathsOfDirectory(atPath: TestCluster.root + "/Tests")
            .filter { $0.hasSuffix(".swift") }
            .map { try String(contentsOfFile: "\(TestCluster.root)/Tests/\($0)", encoding: .utf8) }
        for row in rows {
            #expect(!row.need.isEmpty, "\(row.right)")
            guard row.need.hasPrefix("*"), let end = row.need.dropFirst().firstIndex(of: "*") else { continue }
            let name = row.need.dropFirst()[..<end]
            #expect(tests.contains { $0.contains(name) }, "\(row.right): there is no test \(name)")
        }
    }

    @Test func `what is withheld is one right and no more`() async throws {
        for role in try await TestAccounts.rendered(.withRestartAndSpegel) where role["rules"] != nil {
            let all = Right.all(in: role)
            for right in all {
                let rest = Right.all(in: right.withheld(from: role))
                #expect(rest == all.filter { $0 != right })
            }
        }
    }

    @Test func `every directory of the manifests has the ServiceAccounts and roles of the base`() async throws {
        let base = try await TestAccounts.rendered(.base)
        for manifests in TestAccounts.Manifests.allCases {
            let objects = try await TestAccounts.rendered(manifests)
            #expect(base.filter { !objects.contains($0) }.map(\.name) == [], "\(manifests)")
        }
    }
}
