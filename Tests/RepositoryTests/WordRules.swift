/// Words that the code does without, and what to write instead.
enum WordRules {
    struct Ban {
        var pattern: Regex<Substring>
        var instead: String
        /// Whether it stands in these files all the same.
        var isAllowed: (TextFile) -> Bool = { _ in false }
    }

    private static func code() -> [Ban] {
        [
            Ban(pattern: /\btry!/, instead: "throw, or handle the error"),
            Ban(pattern: /\bas!/, instead: "as?, and say what to do without"),
            Ban(pattern: /\bfatalError\(/, instead: "a typed error: input never ends the process"),
            Ban(pattern: /\bpreconditionFailure\(/, instead: "a typed error: input never ends the process"),
            Ban(pattern: /\bunowned\b/, instead: "weak, or a value"),
            Ban(pattern: /\bTask\.detached\b/, instead: "a task group, so that somebody waits for it"),
            Ban(pattern: /\bnonisolated\(unsafe\)/, instead: "a Mutex or an actor"),
            Ban(pattern: /\bThread\.sleep\b/, instead: "a clock that is an input"),
            Ban(pattern: #/(?:^|[^.\w])print\(/#, instead: "the logger, or the output of a command") {
                mayPrint($0)
            },
            Ban(pattern: /\bDate\(\)/, instead: "the time as an input") { mayAskTheTime($0) },
        ]
    }

    /// In comments and strings too.
    private static func text() -> [Ban] {
        [
            Ban(pattern: /\b(?:TODO|FIXME|XXX)\b/, instead: "do it, or open an issue") { isThisFile($0) },
            Ban(pattern: #/(?:^|[^\w.])/work//#, instead: "a path that every machine has") { isThisFile($0) },
        ]
    }

    private static func isThisFile(_ file: TextFile) -> Bool { file.path.hasPrefix("Tests/RepositoryTests/") }

    private static func mayPrint(_ file: TextFile) -> Bool {
        ["MirrorCommands", "MirrorSandbox", "p2pmirror"].contains(file.target) || file.path.hasPrefix("Tests/")
    }

    // The clock of the wall is read at the edge, once for each target that has an edge.
    private static func mayAskTheTime(_ file: TextFile) -> Bool {
        let name = file.path.split(separator: "/").last ?? ""
        return name == "SystemTime.swift" || name == "WallClock.swift" || file.path.hasPrefix("Tests/")
    }

    static func findings(_ file: TextFile) -> [Finding] {
        let masked = SwiftCode(file.text).lines
        let raw = file.lines.map(String.init)
        return matches(of: code(), in: masked, file) + matches(of: text(), in: raw, file)
            + zip(masked, raw).enumerated().compactMap { index, lines in
                guard lines.0.contains("@unchecked Sendable"), !lines.1.contains("/*"), !lines.1.contains("//")
                else { return nil }
                return Finding(
                    path: file.path,
                    line: index + 1,
                    message: "@unchecked Sendable needs its reason in a comment on the same line"
                )
            }
    }

    private static func matches(of bans: [Ban], in lines: [String], _ file: TextFile) -> [Finding] {
        bans.filter { !$0.isAllowed(file) }.flatMap { ban in
            lines.enumerated().compactMap { index, line in
                guard let match = line.firstMatch(of: ban.pattern) else { return nil }
                return Finding(path: file.path, line: index + 1, message: "\(match.output): \(ban.instead)")
            }
        }
    }
}
