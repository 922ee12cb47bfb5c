import Testing

@testable import KubeCore

@Suite("Text from outside, for people")
struct PrintableTests {
    @Test(
        "What is no visible character is written out",
        arguments: [
            ("plain", "plain"), ("Größe 🚀 日本", "Größe 🚀 日本"), ("a\u{1B}[31mb", "a\\u{1B}[31mb"),
            ("\u{9B}2J", "\\u{9B}2J"),
            ("a\u{202E}b\u{2066}", "a\\u{202E}b\\u{2066}"), ("two\nlines\tand\r\nmore", "two lines and  more"),
            ("\u{0}\u{7F}\u{85}\u{2028}", "\\u{0}\\u{7F}\\u{85}\\u{2028}"),
            ("\u{FEFF}\u{200B}\u{E000}", "\\u{FEFF}\\u{200B}\\u{E000}"),
            ("", ""),
        ]
    )
    func shown(_ example: (text: String, shown: String)) {
        #expect(example.text.printable(atMost: 1_000) == example.shown)
        #expect(example.shown.printable(atMost: 1_000) == example.shown, "twice is once")
    }

    @Test("It is cut within its bytes, at a whole character", arguments: [3, 4, 5, 6, 7, 8, 9, 10, 100])
    func cut(limit: Int) {
        for text in ["abcdefghijk", "ääääääää", "🚀🚀🚀🚀", "\u{1B}\u{1B}\u{1B}\u{1B}"] {
            let shown = text.printable(atMost: limit)
            #expect(shown.utf8.count <= limit)
            #expect(!shown.contains("\u{FFFD}"))
            if limit == 100 { #expect(!shown.hasSuffix("…")) } else { #expect(shown.hasSuffix("…") || shown == text) }
            #expect(shown.printable(atMost: limit) == shown)
        }
    }

    @Test("Messages of errors and conditions are so")
    func messages() {
        let error = KubeError(.status, "a\u{9B}b" + String(repeating: "m", count: 10_000_000))
        #expect(error.message.utf8.count <= 2_048 && error.message.hasPrefix("a\\u{9B}b"))
        var condition = Condition(type: "Ready", status: .true, reason: "x", message: "a\u{202E}b")
        #expect(condition.message == "a\\u{202E}b")
        condition.message = "\u{1B}c" + String(repeating: "m", count: 100_000)
        #expect(condition.message.hasPrefix("\\u{1B}c") && condition.message.utf8.count <= 32_768)
    }
}
