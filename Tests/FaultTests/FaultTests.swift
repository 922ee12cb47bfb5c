import Foundation
import KubeTestSupport
import Testing

/// Servers that misbehave on purpose, over TCP and over TLS: what a client with a reflector or a controller does.
@Suite(.timeLimit(.minutes(3))) struct FaultTests {
    /// Each row is carried out once over TCP and once over TLS, for its own test and for the table.
    private static let watches = Task {
        try await outcomes(of: WatchFault.all) { row, isSecure in try await row.run(isSecure: isSecure) }
    }
    private static let writes = Task {
        try await outcomes(of: WriteFault.all) { row, isSecure in try await row.run(isSecure: isSecure) }
    }

    /// What the rows come to, in their order; a few at a time, since each server takes threads.
    private static func outcomes<Row: Sendable, Outcome: Sendable>(
        of rows: [Row],
        _ run: @escaping @Sendable (Row, Bool) async throws -> Outcome
    ) async throws -> [[Outcome]] {
        try await withThrowingTaskGroup(of: (Int, [Outcome]).self) { group in
            var outcomes: [Int: [Outcome]] = [:]
            for (index, row) in rows.enumerated() {
                if index >= 4, let (done, outcome) = try await group.next() { outcomes[done] = outcome }
                group.addTask { (index, [try await run(row, false), try await run(row, true)]) }
            }
            for try await (done, outcome) in group { outcomes[done] = outcome }
            return rows.indices.map { outcomes[$0] ?? [] }
        }
    }

    @Test(arguments: WatchFault.all.indices)
    func `a fault of a list or a watch is overcome as the row says`(_ index: Int) async throws {
        let row = WatchFault.all[index]
        for outcome in try await Self.watches.value[index] {
            #expect(outcome.log == row.log, "\(row.name)")
            #expect(outcome.store == row.store, "\(row.name)")
            #expect(outcome.relists == row.relists, "\(row.name)")
        }
    }

    @Test(arguments: WriteFault.all.indices)
    func `a fault of a write is overcome as the row says`(_ index: Int) async throws {
        let row = WriteFault.all[index]
        for outcome in try await Self.writes.value[index] {
            #expect(outcome.log == row.log, "\(row.name)")
            #expect(outcome.failures == row.failures, "\(row.name)")
            #expect(outcome.keptPause == row.pause?.atLeast, "\(row.name)")
        }
    }

    @Test func `the page on faults says what happens, over TCP and over TLS alike`() async throws {
        let watches = try await Self.watches.value
        let writes = try await Self.writes.value
        let documents = [0, 1].map { way in
            FaultTable.document(
                watches: Array(zip(WatchFault.all, watches.map { $0[way] })),
                writes: Array(zip(WriteFault.all, writes.map { $0[way] }))
            )
        }
        let document = documents[0]
        #expect(Self.difference(documents[0], documents[1]) == nil, "TCP and TLS differ")
        print("\(watches.count) faults of lists and watches, \(writes.count) of writes, each over TCP and over TLS")
        if ProcessInfo.processInfo.environment["RECORD_TABLE"] == "1" {
            try document.write(to: FaultTable.file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: FaultTable.file, encoding: .utf8)
        #expect(Self.difference(written, document) == nil, "the page is not what happened")
    }

    /// The first line of `right` that is not that of `left`.
    private static func difference(_ left: String, _ right: String) -> String? {
        let (left, right) = (left.split(separator: "\n"), right.split(separator: "\n"))
        if let pair = zip(left, right).first(where: { $0 != $1 }) { return "\(pair.0) | \(pair.1)" }
        return left.count == right.count ? nil : "\(left.count) and \(right.count) lines"
    }

    @Test func `names of rows are unique`() {
        let watches = WatchFault.all.map(\.name)
        let writes = WriteFault.all.map(\.name)
        #expect(Set(watches).count == watches.count && Set(writes).count == writes.count)
    }
}
