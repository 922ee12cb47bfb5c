/// Windows side by side as a table for people.
package struct WindowTable: Sendable {
    package var columns: [(title: String, window: FleetWindow)]

    package init(_ columns: [(title: String, window: FleetWindow)]) {
        self.columns = columns
    }

    package var lines: [String] {
        let names = columns.first?.window.servers.map(\.name) ?? []
        var rows: [[String]] = [[""] + columns.map(\.title)]
        rows.append(row("peer-exchange requests/s") { $0.requestsPerSecond })
        for name in names {
            rows.append(
                row("CPU of \(name), % of a core") { window in
                    window.servers.first { $0.name == name }?.processorPercent ?? 0
                }
            )
        }
        rows.append(row("log lines/s") { $0.logLinesPerSecond })
        return TextTable.lines(rows)
    }

    private func row(_ title: String, _ value: (FleetWindow) -> Double) -> [String] {
        [title] + columns.map { Self.rounded(value($0.window)) }
    }

    package static func rounded(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
