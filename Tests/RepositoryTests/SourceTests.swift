import Testing

@Suite("Source files follow the rules of the repository")
struct SourceTests {
    @Test("Files, functions and lines are short")
    func sizes() throws {
        let files = try Checkout.swift() + yamlAndScripts()
        #expect(files.count > 30)
        #expect(files.flatMap(SizeRules.findings) == [])
    }

    private func yamlAndScripts() throws -> [TextFile] {
        try Checkout.files(under: "crds", ".yaml") + Checkout.files(under: "manifests", ".yaml")
            + Checkout.files(under: "hack", "")
    }

    @Test("Dependencies point one way, and the planner is pure")
    func layers() throws {
        #expect(try Checkout.sources().flatMap(LayerRules.findings) == [])
    }

    @Test("Examples need the three Kube libraries alone, and fit on one screen")
    func examples() throws {
        let examples = try Checkout.files(under: "docs/examples", ".swift")
        #expect(!examples.isEmpty)
        let allowed: Set<Substring> = ["Foundation", "KubeClient", "KubeCore", "KubeRuntime", "Logging"]
        for example in examples {
            let imports = example.lines.filter { $0.hasPrefix("import ") }.map { $0.dropFirst("import ".count) }
            #expect(Set(imports).subtracting(allowed) == [], "\(example.path)")
            #expect(example.lines.count <= 61, "\(example.path)")
        }
    }

    @Test("Words that the code does without are absent")
    func words() throws {
        let found = try Checkout.swift().flatMap(WordRules.findings)
        #expect(found == [], "\(found)")
    }

    @Test("A line, a function or a file that is too long is found")
    func plantedLengthsAreFound() {
        let body = Array(repeating: "    work()", count: 69).joined(separator: "\n")
        let file = TextFile(
            path: "Sources/KubeCore/A.swift",
            text: "func a(\n    b: Int = { 1 }()\n) {\n\(body)\n}\n" + String(repeating: "//\n", count: 440)
                + String(repeating: "x", count: 121) + "\n"
        )
        #expect(
            SizeRules.findings(file).map(\.message) == [
                "the line has 121 columns, not 120", "the function has 73 lines, not at most 70",
                "the file has 514 lines, not at most 500",
            ]
        )
        let short = TextFile(path: "A.swift", text: "protocol P {\n    func a()\n    func b() -> Int\n}\n")
        #expect(SizeRules.findings(short) == [])
        #expect(SwiftCode(short.text).functions().isEmpty)
    }

    @Test(
        "An import against the layers is found",
        arguments: [
            ("MirrorOperator", "import KubeClient", 1), ("MirrorAgent", "package import KubeClient", 1),
            ("MirrorPlanner", "import Logging", 1), ("KubeCore", "import Glibc", 1), ("Unheard", "", 1),
            ("KubeCore", "public import struct KubeRuntime.Store", 1), ("KubeCore", "// import KubeRuntime", 0),
            ("MirrorPlanner", "import MirrorAPI", 0), ("KubeClient", "@preconcurrency import CCurl", 0),
        ]
    )
    func plantedImportsAreFound(target: String, line: String, count: Int) {
        #expect(LayerRules.findings(TextFile(path: "Sources/\(target)/A.swift", text: line)).count == count)
    }

    @Test(
        "An effect in the planner is found",
        arguments: [
            ("func plan() async {}", 1), ("let now = Date()", 1), ("let clock = ContinuousClock()", 1),
            ("nodes.randomElement()", 1), ("// not async", 0), (#"let text = "await""#, 0),
            (#"let text = "\(await plan())""#, 1), ("let updatedDates = 1", 0),
        ]
    )
    func plantedEffectsAreFound(line: String, count: Int) {
        #expect(LayerRules.findings(TextFile(path: "Sources/MirrorPlanner/A.swift", text: line)).count == count)
    }

    @Test(
        "A banned word is found",
        arguments: [
            ("KubeCore", "try! a()", 1), ("KubeCore", "fatalError(\"\")", 1), ("KubeCore", "print(1)", 1),
            ("MirrorCommands", "print(1)", 0), ("KubeCore", "pretty.print(1)", 0), ("KubeCore", "let a = Date()", 1),
            ("KubeCore", "Task.detached {}", 1), ("KubeCore", "class A: @unchecked Sendable {", 1),
            ("KubeCore", "class A: @unchecked Sendable /* mutex */ {", 0), ("KubeCore", "// TODO later", 1),
            ("KubeCore", "/* a\n try! b */", 0), ("KubeCore", "let a = \"\"\"\n try! b\n \"\"\"", 0),
            ("KubeCore", #""\(n) node(s) wait""#, 1), ("KubeCore", #""\(s) waits""#, 0),
            ("KubeCore", ##"let a = #"try! \(b)"#"##, 0), ("KubeCore", "let a = \"\\(try! b(\"c\"))\"", 1),
        ]
    )
    func plantedWordsAreFound(target: String, line: String, count: Int) {
        #expect(WordRules.findings(TextFile(path: "Sources/\(target)/A.swift", text: line)).count == count)
    }
}
