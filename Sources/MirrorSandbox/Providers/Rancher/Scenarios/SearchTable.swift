/// Windows of searches side by side as a table for people.
package enum SearchTable {
    package static func lines(_ columns: [(title: String, window: SearchWindow)], culprit: String) -> [String] {
        func row(_ title: String, _ value: (SearchWindow) -> String) -> [String] {
            [title] + columns.map { value($0.window) }
        }
        return TextTable.lines([
            [""] + columns.map(\.title),
            row("searches for peers") { "\($0.searches)" },
            row("addresses handed out") { "\($0.handedOut)" },
            row("of them \(culprit)") { "\($0.culpritHandedOut)" },
            row("dials that nobody answered") { "\($0.silent)" },
            row("pulls that failed") { "\($0.refused)" },
            row("failures") { $0.share },
            row("dials, as the listeners count") { $0.counted.map { "\($0.dials)" } ?? "-" },
            row("pulls served, as they count") { $0.counted.map { "\($0.pulls)" } ?? "-" },
            row("pulls failed, as they count") { $0.counted.map { "\($0.failedPulls)" } ?? "-" },
        ])
    }
}
