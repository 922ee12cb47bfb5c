import Foundation
import Testing

/// Units that misbehave, under a real systemd: what the agent makes of them.
@Suite(.timeLimit(.minutes(8))) struct UnitTroubleTests {
    /// Each row is carried out once, for its own test and for the page.
    private static let outcomes = Task {
        try await withThrowingTaskGroup(of: (Int, Result<Trial.Outcome, any Error>).self) { group in
            var outcomes: [Int: Result<Trial.Outcome, any Error>] = [:]
            for (index, row) in UnitTrouble.all.enumerated() {
                if index >= 4, let (done, outcome) = try await group.next() { outcomes[done] = outcome }
                group.addTask {
                    do {
                        return (index, .success(try await Trial.run(row, network: "127.82.\(index + 1)")))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            for try await (done, outcome) in group { outcomes[done] = outcome }
            return UnitTrouble.all.indices.compactMap { outcomes[$0] }
        }
    }

    @Test(arguments: UnitTrouble.all.indices)
    func `a step meets trouble as the row says`(_ index: Int) async throws {
        let row = UnitTrouble.all[index]
        let outcome = try await Self.outcomes.value[index].get()
        #expect(outcome.text == row.happened, "\(row.name): \(outcome.message)")
        #expect(row.says.isEmpty || outcome.message.contains(row.says), "\(row.name)")
    }

    @Test func `the page on units says what happens`() async throws {
        let outcomes = try await Self.outcomes.value.map { try $0.get() }
        let document = UnitTable.document(Array(zip(UnitTrouble.all, outcomes)))
        if ProcessInfo.processInfo.environment["RECORD_TABLE"] == "1" {
            try document.write(to: UnitTable.file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: UnitTable.file, encoding: .utf8)
        #expect(written == document, "the page is not what happened")
    }

    @Test func `names of rows are unique`() {
        let names = UnitTrouble.all.map(\.name)
        #expect(Set(names).count == names.count)
    }
}
