/// Rows as lines for people: the first column to the left, the others to the right.
package enum TextTable {
    package static func lines(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { index, text in
                let gap = String(repeating: " ", count: widths[index] - text.count)
                return index == 0 ? text + gap : gap + text
            }.joined(separator: "   ")
        }
    }
}
