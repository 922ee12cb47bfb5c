import Foundation
import KubeCore
import MirrorAPI
import Testing

/// Bad P2PMirrors and odd fleets: what is said of each, and that nothing is touched that must not be.
@Suite struct RefusalTests {
    /// Each row is carried out once, for its own test and for the table.
    private static let specifications = BadSpecification.all.map { row in
        (row, Task { try await RefusalRun.result(of: row) })
    }
    private static let fleets = OddFleet.all.map { row in (row, Task { try await RefusalRun.result(of: row) }) }

    @Test(arguments: BadSpecification.all)
    func `a bad specification is refused by the API server and by the operator`(_ row: BadSpecification) async throws {
        let task = try #require(Self.specifications.first { $0.0.name == row.name }?.1)
        let result = try await task.value
        let refusal = try #require(result.refusal, "it was accepted")
        #expect(refusal.code == 422)
        let fields = refusal.causes.compactMap(\.field)
        #expect(fields.contains(row.field))
        // A number out of its bounds may break a rule of what it stands in as well.
        #expect(fields.allSatisfy { row.field.hasPrefix($0) })
        #expect(refusal.causes.allSatisfy { !($0.message ?? "").isEmpty })
        let condition = try #require(result.condition(row.condition.type))
        #expect(condition.status == row.condition.status)
        #expect(condition.reason == row.condition.reason.rawValue)
        if row.condition.reason == .invalidSpec { #expect(condition.message.contains(row.path ?? row.field)) }
        Self.expectUntouched(result)
    }

    @Test(arguments: OddFleet.all)
    func `an odd fleet is told of, and only what must be touched is`(_ row: OddFleet) async throws {
        let task = try #require(Self.fleets.first { $0.0.name == row.name }?.1)
        let result = try await task.value
        for expected in row.expected {
            let condition = result.condition(expected.type)
            #expect(condition?.status == expected.status, "\(expected.type): \(condition?.message ?? "")")
            #expect(condition?.reason == expected.reason.rawValue, "\(expected.type): \(condition?.message ?? "")")
        }
        #expect(result.touched.keys.sorted() == row.touched)
        #expect(result.touched.values.allSatisfy { $0 == 1 }, "one restart each")
        #expect(result.epochs.count == row.touched.count + row.refusals)
        if row.touched.isEmpty { Self.expectUntouched(result, leases: row.refusals, holder: row.stranger ?? "") }
    }

    private static func expectUntouched(_ result: RefusalResult, leases: Int = 0, holder: String = "") {
        #expect(result.touched.isEmpty)
        #expect(result.epochs.count == leases)
        #expect(result.holder == holder)
        #expect(result.approvals.isEmpty)
    }

    @Test func `the page on refusals says what happens`() async throws {
        let start = ContinuousClock.now
        var specifications: [(BadSpecification, RefusalResult)] = []
        for (row, task) in Self.specifications { specifications.append((row, try await task.value)) }
        var fleets: [(OddFleet, RefusalResult)] = []
        for (row, task) in Self.fleets { fleets.append((row, try await task.value)) }
        print("\(specifications.count) bad specifications, \(fleets.count) odd fleets, in \(start.duration(to: .now))")
        for (row, result) in specifications {
            print(RefusalTable.brief(row.name, result.condition(row.condition.type), result))
        }
        for (row, result) in fleets {
            print(RefusalTable.brief(row.name, row.expected.first.flatMap { result.condition($0.type) }, result))
        }
        let document = RefusalTable.document(specifications, fleets)
        if ProcessInfo.processInfo.environment["RECORD_TABLE"] == "1" {
            try document.write(to: RefusalTable.file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: RefusalTable.file, encoding: .utf8)
        #expect(written.split(separator: "\n") == document.split(separator: "\n"))
    }

    @Test func `names of rows are unique`() {
        let names = BadSpecification.all.map(\.name) + OddFleet.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
