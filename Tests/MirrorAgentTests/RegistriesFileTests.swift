import KubeCore
import MirrorPlanner
import Testing

@Suite("registries.yaml is edited by single lines")
struct RegistriesFileTests {
    struct Edit: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var before: String?
        var after: String
    }

    private static let added = "  \"quay.io\": # added by p2pmirror\n"

    @Test(
        "a registry is added, and all else stays as it was written",
        arguments: [
            Edit(
                testDescription: "no file",
                before: nil,
                after: "# Written by p2pmirror: registries whose images the nodes of this cluster give to each other.\n"
                    + "# Endpoints and credentials may be added by hand, here and anywhere; they are kept.\n"
                    + "mirrors: # added by p2pmirror\n\(added)"
            ),
            Edit(
                testDescription: "a comment and credentials",
                before: "# mine\nmirrors:   # these\n  # the first\n  docker.io:\n    endpoint: ['https://m']\n"
                    + "configs:\n  m: {auth: {password: p}}\n",
                after: "# mine\nmirrors:   # these\n\(added)  # the first\n  docker.io:\n    endpoint: ['https://m']\n"
                    + "configs:\n  m: {auth: {password: p}}\n"
            ),
            Edit(
                testDescription: "an indentation of four, and no line break at the end",
                before: "mirrors:\n\n    docker.io:",
                after: "mirrors:\n    \"quay.io\": # added by p2pmirror\n\n    docker.io:"
            ),
            Edit(testDescription: "no value", before: "mirrors:", after: "mirrors:\n\(added)"),
            Edit(
                testDescription: "no mirrors",
                before: "configs:\n  a: {}",
                after: "configs:\n  a: {}\nmirrors: # added by p2pmirror\n\(added)"
            ),
            Edit(
                testDescription: "line breaks of Windows",
                before: "mirrors:\r\n  a.example:\r\n",
                after: "mirrors:\r\n  \"quay.io\": # added by p2pmirror\r\n  a.example:\r\n"
            ),
            Edit(
                testDescription: "a byte order mark before mirrors",
                before: "\u{FEFF}mirrors:\n  a.example:\n",
                after: "\u{FEFF}mirrors:\n\(added)  a.example:\n"
            ),
            Edit(
                testDescription: "both kinds of line breaks",
                before: "mirrors:\n  a.example:\r\n",
                after: "mirrors:\n\(added)  a.example:\r\n"
            ),
            Edit(
                testDescription: "quoted keys, and an anchor elsewhere",
                before: "\"mirrors\":\n  \"*\":\nconfigs:\n  a: &a {auth: {username: u}}\n  b: *a\n",
                after: "\"mirrors\":\n\(added)  \"*\":\nconfigs:\n  a: &a {auth: {username: u}}\n  b: *a\n"
            ),
        ]
    )
    func adds(_ edit: Edit) throws {
        let before = edit.before.map { Array($0.utf8) }
        let after = try RegistriesFile.edit(before, adding: ["quay.io"])
        #expect(after.map { String(decoding: $0, as: UTF8.self) } == edit.after)
        #expect(try RegistriesFile.registries(in: after).contains("quay.io"))
        // Asked again nothing changes, and taken back it is what it was.
        #expect(try RegistriesFile.edit(after, adding: ["quay.io"]) == after)
        let back = try RegistriesFile.edit(after, removing: ["quay.io"])
        let end = edit.before.map { $0 + (["mirrors:", "configs:\n  a: {}"].contains($0) ? "\n" : "") }
        #expect(back.map { String(decoding: $0, as: UTF8.self) } == end)
    }

    @Test(
        "a file in a style that single lines can't change is refused, and nothing of it is repeated",
        arguments: [
            "mirrors: {docker.io: {}}\n", "{mirrors: {docker.io: }}\n", "mirrors: &a\n  docker.io:\nother: *a\n",
            "mirrors: !!map\n  docker.io:\n", "mirrors:\n  - hunter2\n", "mirrors: hunter2\n", "- hunter2\n",
            "mirrors:\n\tdocker.io:\n", "mirrors:\n  a: [hunter2\n", "a: 1\n---\nmirrors:\n",
            "mirrors:\n  a:\n...\n# x\n",
            "  mirrors:\n    docker.io:\n", "a: |\n  hunter2", "hunter2: 1\nhunter2: 2\n", "mirrors: *hunter2\n",
            "a: 'x\nmirrors:\n y'\n",
        ]
    )
    func refuses(text: String) {
        // What ends a document may stand behind it: then the line is added within.
        if let after = try? RegistriesFile.edit(Array(text.utf8), adding: ["quay.io"]) {
            #expect(text.contains("..."))
            #expect(throws: Never.self) { try RegistriesFile.registries(in: after) }
            return
        }
        let fault = #expect(throws: RegistriesFile.Fault.self) {
            try RegistriesFile.edit(Array(text.utf8), adding: ["quay.io"])
        }
        #expect(fault?.message.contains("hunter2") == false)
    }

    @Test("what YAML reads and the editor of lines does not is named")
    func namesWhatItCannotEdit() throws {
        let wide = "\u{FEFF}mirrors:\n  a.example:\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let fault = #expect(throws: RegistriesFile.Fault.self) { try RegistriesFile.edit(wide, adding: ["quay.io"]) }
        #expect(fault?.message.contains("UTF-16") == true, "\(fault?.message ?? "")")
        let old = Array("mirrors:\r  a.example:\r".utf8)
        #expect(try RegistriesFile.registries(in: old) == ["a.example"])
        let other = #expect(throws: RegistriesFile.Fault.self) { try RegistriesFile.edit(old, adding: ["quay.io"]) }
        #expect(other?.message.contains("a carriage return alone") == true, "\(other?.message ?? "")")
    }

    @Test("what has a value is somebody's: it is neither added again nor removed")
    func keepsWhatHasAValue() throws {
        let text = Array("mirrors:\n  \"quay.io\":\n    endpoint: [\"https://m\"]\n  ghcr.io:\n".utf8)
        #expect(try RegistriesFile.edit(text, adding: ["quay.io", "ghcr.io"]) == text)
        #expect(try RegistriesFile.bare(["quay.io", "ghcr.io"], in: text) == ["ghcr.io"])
        #expect(try RegistriesFile.edit(text, removing: ["quay.io"]) == text)
    }

    @Test("only names of registries come out, and none that is the host itself")
    func namesRegistries() throws {
        let text =
            "mirrors:\n  docker.io:\n  'https://u:hunter2@a':\n  localhost:5000:\n  127.0.0.1:\n  '*':\n  b:5000:\n"
        #expect(try RegistriesFile.registries(in: Array(text.utf8)) == ["*", "b:5000", "docker.io"])
        #expect(try RegistriesFile.registries(in: nil) == [])
        #expect(throws: RegistriesFile.Fault.self) { try RegistriesFile.registries(in: Array("a: [".utf8)) }
    }

    @Test("a file that is too large for the journal is refused")
    func refusesLargeFiles() {
        let text = "# " + String(repeating: "x", count: RegistriesFile.sizeLimit) + "\nmirrors:\n"
        #expect(throws: RegistriesFile.Fault.self) { try RegistriesFile.edit(Array(text.utf8), adding: ["quay.io"]) }
    }

    @Test("random files: what is added is all that differs, and taken back nothing does")
    func randomFiles() throws {
        var edited = 0
        for seed in 0..<200 as Range<UInt64> where try addsAndTakesBack(seed) { edited += 1 }
        print("random registries.yaml, seeds 0 to 199: \(edited) edited, \(200 - edited) refused")
        #expect(edited > 100)
    }

    /// Answers whether the file of that seed could be edited.
    private func addsAndTakesBack(_ seed: UInt64) throws -> Bool {
        var random = Seeded(seed)
        let text = Self.randomFile(&random)
        let before = Array(text.utf8)
        let names = ["a.example", "quay.io", "*", "b:5000"].filter { _ in random.next() % 2 == 0 }
        guard let after = try? RegistriesFile.edit(before, adding: names) else { return false }
        let missing = try names.filter { try !RegistriesFile.registries(in: before).contains($0) }
        #expect(
            try RegistriesFile.registries(in: after) == (RegistriesFile.registries(in: before) + missing).sorted(),
            "seed \(seed)"
        )
        let back = try RegistriesFile.edit(after, removing: missing)
        let difference = String(decoding: back ?? [], as: UTF8.self).dropFirst(text.count)
        #expect(back?.starts(with: before) == true || text.isEmpty, "seed \(seed)")
        #expect(difference.isEmpty || difference == "\n", "seed \(seed)")
        return true
    }

    private static func randomFile(_ random: inout Seeded) -> String {
        let space = String(repeating: " ", count: 1 + Int(random.next() % 4))
        var lines: [String] = []
        func pick(_ choices: [String]) -> String { choices[Int(random.next() % UInt64(choices.count))] }
        if random.next() % 2 == 0 {
            lines.append(pick(["# comment", "", "configs:\n  x: {auth: {password: 'a: b'}}"]))
        }
        if random.next() % 4 != 0 {
            lines.append(pick(["mirrors:", "mirrors: # all", "\"mirrors\":", "mirrors:  "]))
            for name in ["docker.io", "a.example", "c:5000", "'*'"] where random.next() % 2 == 0 {
                let value = pick(["", "", " {}", "\n\(space)\(space)endpoint:\n\(space)\(space)- https://e", " # c"])
                lines.append("\(space)\(name):\(value)")
                if random.next() % 4 == 0 { lines.append(pick(["", "# outside", "\(space)# inside"])) }
            }
        }
        if random.next() % 2 == 0 { lines.append(pick(["other: |\n  mirrors:\n    a.example:", "other: [1, 2]"])) }
        return lines.joined(separator: "\n") + (random.next() % 4 == 0 ? "" : "\n")
    }

    /// SplitMix64.
    struct Seeded: RandomNumberGenerator {
        private var state: UInt64

        init(_ seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
