import Foundation
import KubeCore
import KubectlTesting
import Testing

@Suite("Rights of operator and agents", .enabled(if: Kubectl.isThere))
struct RightsTests {
    private static let table = URL(filePath: TestCluster.root + "/docs/rights.md")

    /// The rights of the table.
    private static func rows() throws -> [String] {
        try String(contentsOf: table, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
            .map { String($0.dropFirst(3).prefix { $0 != "`" }) }
    }

    private static func rights() async throws -> [Right] {
        let everything = try await TestAccounts.rendered(.withRestartAndSpegel)
        return everything.filter { $0["rules"] != nil }.flatMap { Right.all(in: $0) }.sorted()
    }

    /// Which test takes each of them away is held by `SimulationTests`, which read the files as they stand.
    @Test func `docs/rights.md has a row for each right that is rendered, and no other`() async throws {
        #expect(try Self.rows() == (try await Self.rights()).map(\.description))
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
