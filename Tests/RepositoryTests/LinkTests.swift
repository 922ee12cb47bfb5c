import Testing

@Suite("Links in the documents")
struct LinkTests {
    /// Relative links of a document that lead to no file or to no heading.
    static func dead(in file: TextFile, read: (String) -> TextFile?, exists: (String) -> Bool) -> [Finding] {
        prose(file).flatMap { line, text in
            text.matches(of: /\]\(([^)\s]+)\)/).map { String($0.output.1) }
                .filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
                .compactMap { link in
                    let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                    let path = parts[0].isEmpty ? file.path : resolved(String(parts[0]), from: file.path)
                    guard exists(path) else { return Finding(path: file.path, line: line, message: "\(link): no file") }
                    guard parts.count == 2, let target = read(path), !anchors(of: target).contains(String(parts[1]))
                    else { return nil }
                    return Finding(path: file.path, line: line, message: "\(link): no heading")
                }
        }
    }

    /// Lines outside of code blocks, numbered from 1.
    private static func prose(_ file: TextFile) -> [(Int, Substring)] {
        var isCode = false
        return file.lines.enumerated().compactMap { index, line in
            if line.hasPrefix("```") { isCode.toggle() }
            return isCode ? nil : (index + 1, line)
        }
    }

    private static func resolved(_ link: String, from path: String) -> String {
        let start = link.hasPrefix("/") ? [] : Array(path.split(separator: "/").dropLast())
        return link.split(separator: "/").reduce(into: start) { parts, part in
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }.joined(separator: "/")
    }

    private static func anchors(of file: TextFile) -> Set<String> {
        Set(
            prose(file).filter { $0.1.hasPrefix("#") }.map { _, line in
                line.drop { $0 == "#" || $0 == " " }.lowercased()
                    .filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.replacing(" ", with: "-")
            }
        )
    }

    @Test("Each link leads somewhere")
    func linksResolve() throws {
        let top = try Checkout.topLevel().filter { $0.hasSuffix(".md") }.map { try Checkout.file($0) }
        let documents =
            try top + ["docs", "manifests", "crds", "hack"].flatMap { try Checkout.files(under: $0, ".md") }
        let dead = documents.flatMap {
            Self.dead(in: $0, read: { try? Checkout.file($0) }, exists: Checkout.exists)
        }
        #expect(dead == [])
    }

    @Test("A link that leads nowhere is found")
    func plantedLinkIsFound() {
        let file = TextFile(
            path: "docs/a.md",
            text: """
                # One, two
                [a](b.md) [b](../c.md) [c](#one-two) [d](#three) [e](https://example.org)
                ```
                [f](g)
                ```
                """
        )
        let found = Self.dead(
            in: file,
            read: { $0 == file.path ? file : nil },
            exists: { ["docs/a.md", "c.md"].contains($0) }
        )
        #expect(found.map(\.message) == ["b.md: no file", "#three: no heading"])
    }
}
