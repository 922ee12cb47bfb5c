import Testing

@testable import MirrorPlanner

@Suite("TOML is read as its specification has it, and what is none ends in an error with its line")
struct TOMLReaderTests {
    private func read(_ text: String) throws -> TOMLTable { try TOMLReader.read(Array(text.utf8)) }

    @Test(
        "Each form of a value",
        arguments: [
            (#""a\tb\"\u00e9""#, .string("a\tb\"é")), (#"'a\tb'"#, .string(#"a\tb"#)), ("\"\"", .string("")),
            ("\"\"\"\none\n\"two\" \\\n   three\"\"\"\"", .string("one\n\"two\" three\"")),
            ("'''\none\\\ntwo'''", .string("one\\\ntwo")), ("12_000", .integer(12000)), ("-7", .integer(-7)),
            ("+7", .integer(7)), ("0xdead_BEEF", .integer(0xDEAD_BEEF)), ("0o755", .integer(493)),
            ("0b101", .integer(5)), ("1.5", .float(1.5)), ("-2e3", .float(-2000)), ("inf", .float(.infinity)),
            ("true", .boolean(true)), ("false", .boolean(false)), ("1979-05-27", .time("1979-05-27")),
            ("1979-05-27 07:32:00Z", .time("1979-05-27 07:32:00Z")), ("07:32:00", .time("07:32:00")),
            ("[]", .array([])),
            ("[1, # one\n 'two',\n]", .array([.integer(1), .string("two")])),
            ("{}", .table(TOMLTable())),
        ] as [(String, TOMLValue)]
    )
    func values(_ text: String, _ expected: TOMLValue) throws {
        #expect(try read("key = \(text) # comment")["key"] == expected)
    }

    @Test("Tables, dotted keys, inline tables and lists of tables are one tree, in the order in which they are written")
    func tables() throws {
        let table = try read(
            """
            title = "x"
            a.b.c = 1
            inline = { z = 1, y.w = [ { v = 2 } ] }
            [host.'http://10.0.0.5:30020']
            capabilities = ['pull']
            [host."http://10.0.0.5:30021".header]
            x = 'y'
            [[unpack]]
            n = 1
            [[unpack]]
            n = 2
            [unpack.more]
            m = 3
            [host]
            """
        )
        #expect(table.keys == ["title", "a", "inline", "host", "unpack"])
        #expect(table[path: "a", "b", "c"] == .integer(1))
        #expect(table["host"]?.table?.keys == ["http://10.0.0.5:30020", "http://10.0.0.5:30021"])
        #expect(table[path: "inline", "y", "w"]?.array?.first?.table?["v"] == .integer(2))
        #expect(table["unpack"]?.array?.compactMap { $0.table?["n"]?.integer } == [1, 2])
        #expect(table["unpack"]?.array?.last?.table?[path: "more", "m"] == .integer(3))
    }

    @Test("Ends of lines of Windows and a byte order mark are no fault")
    func lineEnds() throws {
        #expect(try read("\u{feff}a = 1\r\n[b]\r\nc = '''\r\nd'''\r\n")[path: "b", "c"] == .string("d"))
    }

    @Test(
        "What the readers of containerd's releases take differently",
        arguments: [
            ("\u{feff}a = 1", true, false), ("[a.b]\nc = 1\n[a]\nb.d = 2", true, false),
            ("[a]\nb.c = 1\n[a.b]\nd = 2", true, false), ("a = 01", true, false), ("a = -007", true, false),
            ("a = 0", true, true), ("a = 0x0", true, true), ("[a]\n[a]", false, false),
            ("a = {b = 1}\n[a.c]", false, false),
            ("[a.b]\n[a]\nc.d = 1", true, true),
        ]
    )
    func dialects(_ text: String, _ inFirst: Bool, _ inSecond: Bool) {
        #expect(((try? TOMLReader.read(Array(text.utf8), .first)) != nil) == inFirst)
        #expect(((try? TOMLReader.read(Array(text.utf8), .second)) != nil) == inSecond)
    }

    @Test("A backslash in a table's name stands for itself in containerd 1")
    func rawNames() throws {
        let text = Array("[a.\"\\u0062\"]\n\"\\u0063\" = 1".utf8)
        #expect(try TOMLReader.read(text, .first)[path: "a", "\\u0062", "c"] == .integer(1))
        #expect(try TOMLReader.read(text, .second)[path: "a", "b", "c"] == .integer(1))
    }

    @Test(
        "What is no TOML",
        arguments: [
            ("a", 1), ("a =", 1), ("a = b", 1), ("\na = 'x", 2), ("a = \"x\ny\"", 1), ("a = \"\\q\"", 1),
            ("a = \"\\u12\"", 1), ("a = \"\\ud800\"", 1), ("a = 1 b = 2", 1), ("a = 1\na = 2", 2),
            ("[a]\n[a]", 2), ("a = 1\n[a]", 2), ("a = 1\n[a.b]", 2), ("a = {b = 1}\n[a.c]", 2), ("[a", 1), ("[]", 1),
            ("[[a]", 1), ("a = [1", 1), ("a = [1 2]", 1), ("a = {b = 1", 1), ("a = {b = 1\n}", 1), ("= 1", 1),
            ("a. = 1", 1), ("a = 1__2", 1), ("a = 0x", 1), ("a = 0x-1", 1), ("a = '''x", 1), ("[a]\nb.c = 1\n[a.b]", 3),
            ("a = '''''''''", 1), ("a = 99999999999999999999", 1),
        ]
    )
    func malformed(_ text: String, _ line: Int) {
        #expect { try read(text) } throws: { ($0 as? TOMLFault)?.line == line }
    }

    @Test("Neither deep nesting nor long keys take more than their bound")
    func depth() {
        let many = 200_000
        for text in [
            "a = " + String(repeating: "[", count: many), "a = " + String(repeating: "{a=", count: many),
            Array(repeating: "a", count: many).joined(separator: ".") + " = 1", String(repeating: "[", count: many),
        ] {
            #expect(throws: TOMLFault.self) { try read(text) }
        }
    }

    @Test("No bytes whatever end the process, and equal bytes give equal answers", arguments: [1, 2, 3, 4])
    func randomBytes(seed: UInt64) {
        var dice = Dice(seed: seed)
        let pieces = [
            "[", "]", "{", "}", "=", "'", "\"", "\\", ".", ",", "\n", "\r", "#", "a", "b", "0x", "1", "-", ":", "_",
            " ",
            "'''", "\"\"\"", "true", "\u{0}", "é", "[[", "]]", "imports", "version = 2\n", "1979-05-27", "\\u00e9",
        ].map { Array($0.utf8) }
        for _ in 0..<4000 {
            var bytes: [UInt8] = []
            for _ in 0..<dice.below(24) {
                bytes += dice.roll(5) ? [UInt8(truncatingIfNeeded: dice.next())] : dice.pick(pieces)
            }
            let first = try? TOMLReader.read(bytes)
            #expect(first == (try? TOMLReader.read(bytes)))
            _ = try? HostsFile(content: bytes)
            _ = try? ContainerdFile(path: "/etc/containerd/config.toml", content: bytes)
        }
    }

    @Test("A fault repeats nothing of the document")
    func faultsKeepSecrets() {
        #expect { try read("[host.'http://x'.header]\nAuthorization = 'Basic c2VjcmV0' oops") } throws: {
            !"\($0)".contains("c2VjcmV0")
        }
    }
}
