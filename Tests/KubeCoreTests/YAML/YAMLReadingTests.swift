import KubeCore
import Testing

@Suite("YAML text becomes JSON values")
struct YAMLReadingTests {
    static let scalars: [(String, JSONValue)] = [
        ("", .null), ("~", .null), ("null", .null), ("NULL", .null), ("\"\"", ""), ("''", ""),
        ("true", true), ("True", true), ("yes", true), ("on", true), ("y", true), ("YES", true),
        ("false", false), ("no", false), ("off", false), ("N", false), ("\"yes\"", "yes"), ("yEs", "yEs"),
        ("0", 0), ("-0", 0), ("12", 12), ("+12", 12), ("-7", -7), ("1_000", 1000), ("0755", 493), ("0o17", 15),
        ("0x1F", 31), ("-0x1f", -31), ("0b101", 5), ("08", .double(8)), ("9223372036854775807", .int(.max)),
        ("-9223372036854775808", .int(.min)), ("18446744073709551615", .double(18_446_744_073_709_551_616)),
        ("1.0", .double(1)), ("1e3", .double(1000)), ("-.5", .double(-0.5)), (".5", .double(0.5)), ("1.", .double(1)),
        ("1e999", "1e999"), ("+", "+"), ("-+1", "-+1"), (".", "."), ("1.2.3", "1.2.3"), ("10.0.0.1", "10.0.0.1"),
        ("12:30:45", "12:30:45"), ("2001-12-14", "2001-12-14"), ("0x", "0x"), ("1e", "1e"), ("abc", "abc"),
        ("!!str 12", "12"), ("!!str yes", "yes"), ("!!int \"12\"", 12), ("!!float 3", .double(3)), ("! 12", "12"),
        ("!mine 12", "12"), ("!!timestamp 2001-01-01", "2001-01-01"), ("[]", []), ("{}", [:]),
    ]

    @Test("A scalar means what it means to kubectl", arguments: scalars)
    func scalar(text: String, value: JSONValue) throws {
        #expect(try YAMLCoding.documents("- \(text)\n") == [.array([value])])
    }

    @Test("Keys that are no text become their canonical text")
    func keys() throws {
        let text = "1: a\non: b\n0x10: c\n1.5: e\n2.0: f\n"
        #expect(try YAMLCoding.documents(text) == [["1": "a", "true": "b", "16": "c", "1.5": "e", "2": "f"]])
    }

    @Test("Block scalars, folded text and quoted escapes are read")
    func strings() throws {
        let text = """
            literal: |
              one
                two

            kept: |+
              a

            stripped: |-
              b
            folded: >
              c
              d
            quoted: "tab\\t snow \\u2603 \\x41"
            single: 'it''s'
            """
        let expected: JSONValue = [
            "literal": "one\n  two\n", "kept": "a\n\n", "stripped": "b", "folded": "c d\n",
            "quoted": "tab\t snow \u{2603} A", "single": "it's",
        ]
        #expect(try YAMLCoding.documents(text) == [expected])
    }

    @Test("Several documents are read in order, and empty ones are left out")
    func manyDocuments() throws {
        let text = "---\na: 1\n---\n# nothing\n---\nnull\n...\n---\nb: 2\n--- three\n"
        #expect(try YAMLCoding.documents(text) == [["a": 1], ["b": 2], "three"])
        #expect(try YAMLCoding.documents("") == [])
        #expect(try YAMLCoding.documents("\u{FEFF}a: 1\r\nb: 2\r\n") == [["a": 1, "b": 2]])
    }

    @Test("Aliases repeat their anchor, and merge keys give way to a mapping's own keys")
    func aliases() throws {
        let text = """
            base: &base {a: 1, b: 2}
            other: &other {b: 3, c: 4}
            name: &name x
            copy: *base
            one: {<<: *base, b: 9}
            two: {<<: [*base, *other], d: 5}
            *name : z
            """
        let expected: JSONValue = [
            "base": ["a": 1, "b": 2], "other": ["b": 3, "c": 4], "name": "x", "copy": ["a": 1, "b": 2],
            "one": ["a": 1, "b": 9], "two": ["a": 1, "b": 2, "c": 4, "d": 5], "x": "z",
        ]
        #expect(try YAMLCoding.documents(text) == [expected])
    }

    private static let quoting = "quote the value if it is meant as text"

    static let faults: [(String, String)] = [
        ("token: *S3cret\n", "line 1, column 8: the alias has no anchor before it: \(quoting)"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: the key \"a\" is there twice"),
        ("1: x\n\"1\": y\n", "line 2, column 1: the key \"1\" is there twice"),
        ("a:\n  - b: c: d\n", "line 2, column 9: mapping values are not allowed in this context"),
        ("a: [1, 2\n", "line 2, column 1: did not find expected ',' or ']'"),
        ("a: *b\n", "line 1, column 4: the alias has no anchor before it: \(quoting)"),
        ("a: &a [*a]\n", "line 1, column 8: the alias has no anchor before it: \(quoting)"),
        ("--- &a 1\n--- *a\n", "line 2, column 5: the alias has no anchor before it: \(quoting)"),
        ("a: .nan\n", "line 1, column 4: .nan is no number of JSON: quote it if it is meant as text"),
        ("a: !!binary aGk=\n", "line 1, column 4: !!binary is not supported: write the base64 text without the tag"),
        ("a: !!int x\n", "line 1, column 4: the value is tagged !!int and is not one"),
        ("? [a]\n: b\n", "line 1, column 3: a key must be a text, a number or a boolean"),
        ("~: b\n", "line 1, column 1: a key must be a text, a number or a boolean"),
        ("<<: 1\n", "line 1, column 5: << needs a mapping or a list of mappings"),
        ("a: b\n\tc: d\n", "line 2, column 1: found a tab character that violates indentation"),
    ]

    @Test("A fault is told with its line and column", arguments: faults)
    func fault(text: String, message: String) {
        #expect(throws: KubeError(.decoding, message)) { try YAMLCoding.documents(text) }
    }

    @Test("Bytes that are no UTF-8 are refused at their place")
    func invalidBytes() {
        let error = #expect(throws: KubeError.self) {
            try YAMLCoding.documents(Array("a: 1\nb: ".utf8) + [0xFF, 0x0A])
        }
        #expect(error?.code == .decoding)
        #expect(error?.message.hasPrefix("line 2, column 4: ") == true)
    }

    @Test("A document that grows without bounds through aliases is refused")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            text +=
                "a\(level): &a\(level) [" + repeatElement("*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
        }
        let error = #expect(throws: KubeError.self) { try YAMLCoding.documents(text) }
        #expect(error?.message.contains("aliases add more than") == true)
    }

    @Test("Nesting without bounds is refused")
    func depth() {
        let text = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        let error = #expect(throws: KubeError.self) { try YAMLCoding.documents(text) }
        #expect(error?.message.contains("nested deeper than 200 levels") == true)
    }

    @Test("A chain of aliases nests as brackets do")
    func aliasDepth() throws {
        let chain = { (levels: Int) in
            "a0: &a0 [x]\n" + (1..<levels).map { "a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
        }
        #expect(try YAMLCoding.documents(chain(150)).count == 1)
        let error = #expect(throws: KubeError.self) { try YAMLCoding.documents(chain(250)) }
        #expect(error?.message.contains("nested deeper than 200 levels") == true)
    }

    @Test("Lines of %TAG, of which each is compared with all before it, have a bound for each document")
    func directives() throws {
        let lines = { (count: Int) in (0..<count).map { "%TAG !a\($0)! tag:x\n" }.joined() }
        #expect(try YAMLCoding.documents("\(lines(64))---\na: 1\n...\n\(lines(64))---\nb: 2\n").count == 2)
        for lineBreak in ["\n", "\r", "\u{85}", "\u{2028}"] {
            let text = lines(65).replacing("\n", with: lineBreak) + "---\na: 1\n"
            let error = #expect(throws: KubeError.self) { try YAMLCoding.documents(text) }
            #expect(error?.message.contains("more than 64 %TAG lines before a document") == true)
        }
    }

    @Test("JSON is YAML")
    func json() throws {
        let text = "{\n\t\"a\": [1, 2.5, true, null, \"x\\ny\\/\\u00e9\"],\n\t\"b\": {}\n}"
        let expected: JSONValue = ["a": [1, .double(2.5), true, nil, "x\ny/é"], "b": [:]]
        #expect(try YAMLCoding.documents(text) == [expected])
    }

    @Test("A typed value is read from exactly one document")
    func typed() throws {
        struct Server: Decodable, Equatable {
            var name: String
            var port: Int?
        }
        #expect(try YAMLCoding.decode(Server.self, from: "name: a\nport: 80\n") == Server(name: "a", port: 80))
        let none = #expect(throws: KubeError.self) { try YAMLCoding.decode(Server.self, from: "# empty\n") }
        #expect(none?.message == "one YAML document is needed, not 0")
        let two = #expect(throws: KubeError.self) {
            try YAMLCoding.decode(Server.self, from: "name: a\n---\nname: b\n")
        }
        #expect(two?.message == "one YAML document is needed, not 2")
        let wrong = #expect(throws: KubeError.self) { try YAMLCoding.decode(Server.self, from: "name: a\nport: x\n") }
        #expect(wrong?.message.contains("port is not an integer") == true)
    }
}
