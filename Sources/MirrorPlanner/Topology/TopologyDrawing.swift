/// Server topologies as text for a terminal.
package enum TopologyDrawing {
    /// A ring: each name asks the next one, the last one asks the first.
    package static func ring(_ names: [String]) -> String {
        let chain = names.joined(separator: " ──▶ ")
        guard names.count > 1 else { return "\(chain) ──▶ itself" }
        let last = names.last?.count ?? 0
        let span = chain.count - 1 - last / 2 - 1
        return """
             \(chain)
               ▲\(String(repeating: " ", count: max(0, span - 3)))│
               └\(String(repeating: "─", count: max(0, span - 3)))┘
            """
    }

    /// A star or a tree: the root, and below each server those that point to it.
    package static func tree(root: String, children: [String: [String]]) -> String {
        var lines = [root]
        var seen: Set = [root]
        append(children[root] ?? [], children, indent: "", to: &lines, seen: &seen)
        return lines.joined(separator: "\n")
    }

    private static func append(
        _ names: [String],
        _ children: [String: [String]],
        indent: String,
        to lines: inout [String],
        seen: inout Set<String>
    ) {
        let names = names.sorted()
        for (index, name) in names.enumerated() {
            let isLast = index == names.count - 1
            lines.append("\(indent)\(isLast ? "└── " : "├── ")\(name)")
            // A cycle would never end.
            guard seen.insert(name).inserted else { continue }
            append(children[name] ?? [], children, indent: indent + (isLast ? "    " : "│   "), to: &lines, seen: &seen)
        }
    }
}
