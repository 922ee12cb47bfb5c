import Testing

@Suite("The layout of the repository")
struct LayoutTests {
    private static let allowed: Set<String> = [
        ".ci", ".dockerignore", ".git", ".gitignore", ".swift-format", "CHANGELOG.md", "CONTRIBUTING.md", "Dockerfile",
        "LICENSE", "Package.swift", "README.md", "Sources", "Tests", "crds", "docs", "hack", "manifests",
    ]

    /// Names that stand at the top and should not; `ignored` are the lines of `.gitignore`.
    static func strangers(_ names: [String], ignored: [Substring]) -> [String] {
        names.filter { name in
            !allowed.contains(name) && !ignored.contains { matches(name, $0) }
        }
    }

    private static func matches(_ name: String, _ pattern: Substring) -> Bool {
        let pattern = pattern.hasSuffix("/") ? pattern.dropLast() : pattern
        if pattern.hasPrefix("*") { return name.hasSuffix(pattern.dropFirst()) }
        if pattern.hasSuffix("*") { return name.hasPrefix(pattern.dropLast()) }
        return name == pattern
    }

    @Test("Only known names stand at the top")
    func topLevel() throws {
        let ignored = try Checkout.file(".gitignore").lines.filter { !$0.isEmpty }
        #expect(Self.strangers(try Checkout.topLevel(), ignored: ignored) == [])
    }

    @Test("A stranger at the top is found, and what git ignores is none")
    func plantedStrangerIsFound() {
        let names = ["Sources", ".build", ".build-x", "a.xcodeproj", "notes.txt"]
        #expect(Self.strangers(names, ignored: [".build/", ".build-*/", "*.xcodeproj"]) == ["notes.txt"])
    }

    @Test("Each target has tests, and each folder of tests a target")
    func everyTargetHasTests() throws {
        let package = try Checkout.file("Package.swift").text
        let suites = Set(package.matches(of: /tests\(\s*"(\w+)"/).map { String($0.output.1) })
        // What several suites use.
        let shared = Set(package.matches(of: /testSupport\(\s*"(\w+)"/).map { String($0.output.1) })
        let folders = Set(try Checkout.files(under: "Tests", ".swift").map { String($0.path.split(separator: "/")[1]) })
        #expect(suites.union(shared) == folders)
        // Their logic is that of the other targets.
        let programs: Set = ["p2pmirror", "p2pmirror-sandbox", "MirrorCommands", "SandboxCommands", "bench"]
        for target in LayerRules.allowed.keys where !programs.contains(target) {
            #expect(suites.contains("\(target)Tests"))
        }
    }
}

@Suite("Reasons")
struct ReasonTests {
    /// Reasons of the list that no other source file gives. One whose name is declared elsewhere too counts only where
    /// a reason stands.
    static func unused(in list: TextFile, by files: [TextFile]) -> [String] {
        let names = (list.text.split(separator: "enum Reason").last ?? "")
            .matches(of: /case (\w+) = "\w+"/).map { String($0.output.1) }
        let others = files.filter { $0.path != list.path }
        let shared = Set(names).intersection(others.reduce(into: Set()) { $0.formUnion(declared(in: $1)) })
        let use = ReasonUse(files)
        var used: Set<String> = []
        for file in others {
            guard names.contains(where: file.code.words.contains) else { continue }
            for line in file.code.lines where line.contains(".") {
                let parts = line.split(separator: ".", omittingEmptySubsequences: false).dropFirst()
                let words = parts.map { String($0.prefix { $0.isLetter || $0.isNumber }) }
                used.formUnion(words.filter { !shared.contains($0) })
            }
            used.formUnion(use.given(shared.subtracting(used), in: file))
        }
        return names.filter { !used.contains($0) }
    }

    /// Names of cases, properties and functions that the file declares.
    private static func declared(in file: TextFile) -> Set<String> {
        var names: Set<String> = []
        for line in file.code.lines {
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
            guard let keyword = words.firstIndex(where: { ["case", "var", "let", "func"].contains($0) }) else {
                continue
            }
            let rest = words[(keyword + 1)...]
            names.formUnion((words[keyword] == "case" ? rest : rest.prefix(1)).map(String.init))
        }
        return names
    }

    @Test("Each reason is given somewhere")
    func everyReasonIsUsed() throws {
        let list = try Checkout.file("Sources/MirrorAPI/ConditionTypes.swift")
        #expect(Self.unused(in: list, by: try Checkout.sources()) == [])
    }

    @Test("A reason that nothing gives is found, also where another enum has its name")
    func plantedReasonIsFound() {
        let names = ["a", "b", "idle", "full", "slow", "lost", "late", "gone"]
        let cases = names.map { " case \($0) = \"\($0.uppercased())\"" }.joined(separator: "\n")
        let list = TextFile(path: "A.swift", text: "enum Reason {\n\(cases)\n}")
        let user = TextFile(
            path: "B.swift",
            text: """
                enum Phase { case idle, full, slow, lost, late, gone }
                struct Verdict {
                    init(_ reason: Reason, _ message: String) {}
                }
                func rest(_ reason: Reason, _ phase: Phase) {}
                func play(_ phase: Phase) {
                    note(.a) // .b
                    play(.idle)
                    if phase == .idle || phase == Phase.idle { self.idle = [.idle] }
                    rest(
                        phase == .gone ? .full : .slow,
                        phase: .idle
                    )
                    let verdict = Verdict(.lost, "")
                }
                var reason: Reason {
                    switch self {
                    case .gone: .late
                    }
                }
                """
        )
        #expect(Self.unused(in: list, by: [list, user]) == ["b", "idle", "gone"])
    }
}
