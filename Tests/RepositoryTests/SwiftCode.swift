/// Swift text in which comments and the contents of string literals are blank, so that words in them don't count. Lines
/// stay where they are.
struct SwiftCode {
    var lines: [String]
    /// Every identifier, keyword and number: what is not among them stands in no line.
    var words: Set<String>

    init(_ text: String) {
        var scanner = Scanner(text: Array(text.utf8))
        let masked = scanner.masked()
        words = Set(masked.split { !Self.isInWord[Int($0)] }.map { String(decoding: $0, as: UTF8.self) })
        lines = masked.split(separator: newline, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static let isInWord = (0...255).map { byte in
        let character = Character(Unicode.Scalar(UInt8(byte)))
        return byte > 127 || character.isLetter || character.isNumber || character == "_"
    }

    /// Lines of each function, initialiser and subscript with a body: its first line, from 1, and how many it has.
    func functions() -> [(line: Int, length: Int)] {
        lines.indices.compactMap { index in
            guard Self.declaresFunction(lines[index]), let end = endOfBody(from: index)
            else { return nil }
            return (index + 1, end - index + 1)
        }
    }

    // No regular expression: a literal is compiled each time that it is reached.
    private static func declaresFunction(_ line: String) -> Bool {
        guard ["func ", "init", "subscript"].contains(where: line.contains) else { return false }
        return line.split(separator: " ").contains { word in
            word == "func" || ["init(", "init?(", "init<", "subscript(", "subscript<"].contains(where: word.hasPrefix)
        }
    }

    private func endOfBody(from start: Int) -> Int? {
        var depth = 0
        var parentheses = 0
        for index in start..<lines.count {
            // A declaration without a body ends before the next one begins.
            if index > start, depth == 0, parentheses == 0, lines[index].contains("func ") { return nil }
            for character in lines[index] {
                switch character {
                case "(": parentheses += 1
                case ")": parentheses -= 1
                case "{": depth += 1
                case "}":
                    depth -= 1
                    if depth < 0 { return nil }
                    if depth == 0, parentheses == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }
}

// Plain numbers: `UInt8(ascii:)` is called anew each time in a build without optimisation.
private let newline: UInt8 = 0x0A
private let slash: UInt8 = 0x2F
private let pound: UInt8 = 0x23
private let quote: UInt8 = 0x22
private let backslash: UInt8 = 0x5C
private let opening: UInt8 = 0x28
private let closing: UInt8 = 0x29
private let space: UInt8 = 0x20

private struct Scanner {
    let text: [UInt8]
    var index = 0
    var output: [UInt8] = []

    init(text: [UInt8]) {
        self.text = text
    }

    mutating func masked() -> [UInt8] {
        while index < text.count { step() }
        return output
    }

    private mutating func step() {
        let byte = text[index]
        // Most bytes begin nothing; they are passed on without a closer look.
        guard byte == slash || byte == pound || byte == quote else {
            output.append(byte)
            index += 1
            return
        }
        if starts(with: "//") {
            while index < text.count, text[index] != newline { blank() }
        } else if starts(with: "/*") {
            comment()
        } else if let hashes = openingHashes() {
            string(hashes: hashes)
        } else {
            output.append(text[index])
            index += 1
        }
    }

    private mutating func comment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1; blank(); blank()
            } else if starts(with: "*/") {
                depth -= 1
                blank()
                blank()
            } else {
                blank()
            }
        } while depth > 0 && index < text.count
    }

    private mutating func string(hashes: Int) {
        let pounds = String(repeating: "#", count: hashes)
        for _ in 0..<hashes { blank() }
        let quotes = starts(with: "\"\"\"") ? "\"\"\"" : "\""
        for _ in quotes { blank() }
        let end = quotes + pounds
        while index < text.count, text[index] != quote || !starts(with: end) {
            guard text[index] == backslash else {
                blank()
                continue
            }
            if starts(with: "\\\(pounds)(") {
                for _ in 0..<(hashes + 2) { blank() }
                interpolation()
            } else if starts(with: "\\\(pounds)") {
                for _ in 0..<(hashes + 2) where index < text.count { blank() }
            } else {
                blank()
            }
        }
        for _ in 0..<(quotes.count + hashes) where index < text.count { blank() }
    }

    // What is interpolated is code, and may hold strings of its own.
    private mutating func interpolation() {
        var depth = 1
        while index < text.count {
            if text[index] == opening { depth += 1 }
            if text[index] == closing { depth -= 1 }
            guard depth > 0 else { return blank() }
            step()
        }
    }

    private func openingHashes() -> Int? {
        var end = index
        while end < text.count, text[end] == pound { end += 1 }
        return end < text.count && text[end] == quote ? end - index : nil
    }

    private func starts(with word: String) -> Bool {
        text[index...].starts(with: word.utf8)
    }

    private mutating func blank() {
        guard index < text.count else { return }
        output.append(text[index] == newline ? newline : space)
        index += 1
    }
}
