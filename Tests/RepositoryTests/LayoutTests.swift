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
    /// Reasons of the list that no other source file uses.
    static func unused(in list: TextFile, by files: [TextFile]) -> [String] {
        let names = (list.text.split(separator: "enum Reason").last ?? "")
            .matches(of: /case (\w+) = "\w+"/).map { String($0.output.1) }
        let used = files.filter { $0.path != list.path }.reduce(into: Set<String>()) { words, file in
            guard names.contains(where: file.code.words.contains) else { return }
            for line in file.code.lines where line.contains(".") {
                let parts = line.split(separator: ".", omittingEmptySubsequences: false).dropFirst()
                words.formUnion(parts.map { String($0.prefix { $0.isLetter || $0.isNumber }) })
            }
        }
        return names.filter { !used.contains($0) }
    }

    @Test("Each reason is given somewhere")
    func everyReasonIsUsed() throws {
        let list = try Checkout.file("Sources/MirrorAPI/ConditionTypes.swift")
        #expect(Self.unused(in: list, by: try Checkout.sources()) == [])
    }

    @Test("A reason that nothing gives is found")
    func plantedReasonIsFound() {
        let list = TextFile(path: "A.swift", text: "enum Reason {\n case a = \"A\"\n case b = \"B\"\n}")
        let user = TextFile(path: "B.swift", text: "note(.a) // .b")
        #expect(Self.unused(in: list, by: [list, user]) == ["b"])
    }
}
