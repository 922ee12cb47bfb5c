import KubeCore
import Testing

@Suite struct JSONParserTests {
    @Test(
        arguments: [
            ("null", JSONValue.null), ("true", true), (" [ ] ", []), ("{}", [:]), ("0", 0), ("-0", 0),
            ("9223372036854775807", 9_223_372_036_854_775_807), ("1.5", .double(1.5)), ("-2e3", .double(-2000)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)),
            (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{C}\n\r\t")), (#""\u00e4\ud83d\ude00""#, "ä😀"),
            (#"{"a":{"b":[1,"x",null]},"a2":false}"#, ["a": ["b": [1, "x", nil]], "a2": false]),
        ] as [(String, JSONValue)]
    )
    func `it reads what RFC 8259 allows`(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONCoding.decode(JSONValue.self, from: Array(text.utf8)) == value)
    }

    @Test(arguments: [
        "", " ", "tru", "nul", "[1", "[1,]", "{", #"{"a"}"#, #"{"a":}"#, #"{a:1}"#, "01", "1.", "1e", "-", "+1", ".5",
        "[1] 2",
        #"""#, #""\x""#, #""\u12g4""#, #""\ud83d""#, #""\ud83d\u0041""#, #""\udc00""#, "\"a\nb\"", "1e999",
        #"{"a":1,}"#, "\u{FEFF}1",
    ])
    func `it refuses what is no JSON`(_ text: String) {
        #expect(throws: KubeError.self) { try JSONCoding.decode(JSONValue.self, from: Array(text.utf8)) }
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        #expect(throws: KubeError.self) { try JSONCoding.decode(JSONValue.self, from: [0x22, 0xFF, 0x22]) }
    }

    @Test func `nesting without end is refused, not followed`() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: KubeError.self) { try JSONCoding.decode(JSONValue.self, from: Array(text.utf8)) }
    }

    @Test func `what is written is read again`() throws {
        let value: JSONValue = ["a": [1, 2.5.json, "ü\u{1}\"", nil, true], "b": [:], "c": []]
        #expect(try JSONCoding.decode(JSONValue.self, from: JSONCoding.encode(value)) == value)
    }
}

extension Double {
    fileprivate var json: JSONValue { .double(self) }
}
