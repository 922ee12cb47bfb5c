import KubeCore
import Testing

@Suite("JSON values become YAML text")
struct YAMLWritingTests {
    @Test("Keys are sorted, collections are blocks, empty ones are not")
    func layout() throws {
        let value: JSONValue = [
            "b": ["two": 2, "one": [1, ["x": "z", "w": nil], []]], "a": [:], "c": .double(1), "d": "text with: colon",
        ]
        let text = """
            a: {}
            b:
              one:
              - 1
              - w: null
                x: z
              - []
              two: 2
            c: 1.0
            d: 'text with: colon'

            """
        #expect(try YAMLCoding.encode(value) == text)
    }

    @Test("Lines of text become a literal block")
    func literal() throws {
        #expect(try YAMLCoding.encode(["a": "one\n  two\n"] as JSONValue) == "a: |\n  one\n    two\n")
        #expect(try YAMLCoding.encode(["a": "one\ntwo"] as JSONValue) == "a: |-\n  one\n  two\n")
    }

    static let quoted = [
        "", "true", "yes", "off", "y", "N", "null", "~", "12", "0755", "1_000", "0x1F", "1.5", "1e3", ".inf", ".NaN",
        "12:30:45", "2001-12-14", "2001-12-14T10:00:00Z", "=", "<<", " leading\nblock", "\nfirst", "tab\t", "cr\r",
        "nel\u{85}", "\u{FEFF}", "\u{0}",
    ]

    @Test("Text that would read as something else is in double quotes", arguments: quoted)
    func quotes(text: String) throws {
        #expect(try YAMLCoding.encode([.string(text)] as JSONValue).hasPrefix("- \""))
    }

    @Test(
        "Ordinary text is not quoted",
        arguments: ["abc", "10.0.0.1", "v1.2.3", "a b", "https://x:6443", "50%", "é☃"]
    )
    func plain(text: String) throws {
        #expect(try YAMLCoding.encode([.string(text)] as JSONValue) == "- \(text)\n")
    }

    @Test("Several documents are parted by a mark, and anything that can be encoded is written")
    func documents() throws {
        #expect(try YAMLCoding.encode(documents: [["a": 1], "b"]) == "a: 1\n--- b\n")
        #expect(try YAMLCoding.encode(ObjectKey(namespace: "n", name: "x").name) == "x\n")
        #expect(try YAMLCoding.encode([1, 2]) == "- 1\n- 2\n")
    }

    @Test("A number that is not finite is refused")
    func notFinite() {
        let error = #expect(throws: KubeError.self) { try YAMLCoding.encode([.double(.infinity)] as JSONValue) }
        #expect(error?.code == .encoding)
    }
}

@Suite("What is written reads back as the same value")
struct YAMLRoundTripTests {
    @Test("The text of every kind comes back, as value and as key", arguments: texts)
    func text(_ text: String) throws {
        let value: JSONValue = [
            text: .string(text), "nested": ["list": [.string(text), ["k": .string(text)], [[.string(text)]]]],
        ]
        #expect(try YAMLCoding.documents(YAMLCoding.encode(value)) == [value])
        #expect(
            try YAMLCoding.documents(YAMLCoding.encode(documents: [.string(text), value])) == [.string(text), value]
        )
    }

    @Test("Random values come back", arguments: UInt64(0)..<200)
    func random(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let value = Self.value(depth: 4, &generator)
        let text = try YAMLCoding.encode(["v": value] as JSONValue)
        #expect(try YAMLCoding.documents(text) == [["v": value]], "seed \(seed):\n\(text)")
    }

    static let texts =
        YAMLWritingTests.quoted + [
            "abc", "a: b", "- a", "# no comment", "a #b", "'single'", "\"double\"", "back\\slash", "a\nb", "a\nb\n",
            "a\n\n\n",
            "a \nb", "a\n b\n  c\n", "trailing ", " leading", "*x", "&x", "!x", "%x", "@x", "`x", "{a}", "[a]", "a,b",
            "key: |", "---", "...", "--- a", "a\n---\nb", "a\n...\nb\n", "?", "? a", ":", "::", "-", "-a", "|", ">",
            "emoji 😀",
            "日本", "\u{2028}", "a\u{2029}b", "\u{7F}", "\u{E000}", "\u{10FFFF}", "+", ".", "0x", "1.2.3.4:80",
            "fd00::1", "1:2", "#!/bin/sh\nset -e\necho \"$1\"\n", "\ta", "a\tb\nc",
            String(repeating: "long ", count: 100),
            String(repeating: "k", count: 2000), "a\r\nb", "\n", "\n\n", " \n", "a\n ",
            "-----BEGIN X-----\nabc\n-----END X-----\n",
        ]

    private static func value(depth: Int, _ generator: inout SplitMix) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .int(.random(in: .min ... .max, using: &generator))
        case 3: .double(.random(in: -1e30...1e30, using: &generator))
        case 4: .double(Double(Int.random(in: -9...9, using: &generator)) / 4)
        case 5: .string(text(&generator))
        case 6: .array((0..<Int.random(in: 0..<5, using: &generator)).map { _ in value(depth: depth - 1, &generator) })
        default:
            .object(
                (0..<Int.random(in: 0..<5, using: &generator)).reduce(into: [:]) { members, _ in
                    members[text(&generator)] = value(depth: depth - 1, &generator)
                }
            )
        }
    }

    private static func text(_ generator: inout SplitMix) -> String {
        let alphabet = Array("ab01 \n\t:-#'\"\\{}[],&*!|>%@`~.=<+_yn\r\u{85}\u{FEFF}é😀")
        return String(
            (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
        )
    }
}

/// A small seeded generator, so that a seed in a test's name is enough to run it again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
