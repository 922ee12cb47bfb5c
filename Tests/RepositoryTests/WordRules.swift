/// Words that the code does without, and what to write instead.
enum WordRules {
    struct Ban {
        /// An identifier that stands in every match; looked for first, because a regular expression takes its time.
        var word: String
        var pattern: Regex<Substring>
        var instead: String
        /// Whether it stands in these files all the same.
        var isAllowed: (TextFile) -> Bool = { _ in false }
    }

    private static func code() -> [Ban] {
        [
            Ban(word: "try", pattern: /\btry!/, instead: "throw, or handle the error"),
            Ban(word: "as", pattern: /\bas!/, instead: "as?, and say what to do without"),
            Ban(word: "fatalError", pattern: /\bfatalError\(/, instead: "a typed error: input never ends the process"),
            Ban(
                word: "preconditionFailure",
                pattern: /\bpreconditionFailure\(/,
                instead: "a typed error: input never ends the process"
            ),
            Ban(word: "unowned", pattern: /\bunowned\b/, instead: "weak, or a value"),
            Ban(
                word: "detached",
                pattern: /\bTask\.detached\b/,
                instead: "a task group, so that somebody waits for it"
            ),
            Ban(word: "unsafe", pattern: /\bnonisolated\(unsafe\)/, instead: "a Mutex or an actor"),
            Ban(word: "sleep", pattern: /\bThread\.sleep\b/, instead: "a clock that is an input"),
            Ban(word: "print", pattern: #/(?:^|[^.\w])print\(/#, instead: "the logger, or the output of a command") {
                mayPrint($0)
            },
            Ban(word: "Date", pattern: /\bDate\(\)/, instead: "the time as an input") { mayAskTheTime($0) },
        ]
    }

    /// In comments and strings too.
    private static func text() -> [Ban] {
        [
            Ban(word: "TODO", pattern: /\bTODO\b/, instead: "do it, or open an issue") { isThisFile($0) },
            Ban(word: "FIXME", pattern: /\bFIXME\b/, instead: "do it, or open an issue") { isThisFile($0) },
            Ban(word: "(s)", pattern: /[a-z]\(s\)/, instead: "the form that fits the number (Sentences.count)") {
                isThisFile($0) || isColumnOfKubectl($0)
            },
        ]
    }

    private static func isThisFile(_ file: TextFile) -> Bool { file.path.hasPrefix("Tests/RepositoryTests/") }

    // The column is called "Port(s)" there.
    private static func isColumnOfKubectl(_ file: TextFile) -> Bool {
        file.path == "Sources/MirrorSandbox/APIServer/Wire/BuiltInTable+Workloads.swift"
    }

    private static func mayPrint(_ file: TextFile) -> Bool {
        ["MirrorCommands", "SandboxCommands", "MirrorSandbox", "p2pmirror", "bench"].contains(file.target)
            || file.path.hasPrefix("Tests/")
    }

    // The clock of the wall is read in one place.
    private static func mayAskTheTime(_ file: TextFile) -> Bool {
        file.path == "Sources/KubeCore/Objects/WallClock.swift" || file.path.hasPrefix("Tests/")
    }

    static func findings(_ file: TextFile) -> [Finding] {
        let code = code().filter { file.code.words.contains($0.word) }
        let text = text().filter { file.text.contains($0.word) }
        return matches(of: code, in: file.code.lines, file) + matches(of: text, in: file.lines, file)
            + reasonlessFindings(file)
    }

    private static func reasonlessFindings(_ file: TextFile) -> [Finding] {
        guard file.code.words.contains("unchecked") else { return [] }
        return zip(file.code.lines, file.lines).enumerated().compactMap { index, lines in
            guard lines.0.contains("@unchecked Sendable"), !lines.1.contains("/*"), !lines.1.contains("//")
            else { return nil }
            return Finding(
                path: file.path,
                line: index + 1,
                message: "@unchecked Sendable needs its reason in a comment on the same line"
            )
        }
    }

    private static func matches(of bans: [Ban], in lines: [some StringProtocol], _ file: TextFile) -> [Finding] {
        bans.filter { !$0.isAllowed(file) }.flatMap { ban in
            lines.enumerated().compactMap { index, line in
                guard let match = String(line).firstMatch(of: ban.pattern) else { return nil }
                return Finding(path: file.path, line: index + 1, message: "\(match.output): \(ban.instead)")
            }
        }
    }
}
