/// Swift text in which comments and the contents of string literals are blank, so that words in them don't count. Lines
/// and columns stay where they are.
struct SwiftCode {
    var lines: [String]

    init(_ text: String) {
        var scanner = Scanner(text: Array(text))
        lines = scanner.masked().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Lines of each function, initialiser and subscript with a body: its first line, from 1, and how many it has.
    func functions() -> [(line: Int, length: Int)] {
        lines.indices.compactMap { index in
            guard lines[index].firstMatch(of: /(^|\s)(func |init[?]?[(<]|subscript[(<])/) != nil,
                let end = endOfBody(from: index)
            else { return nil }
            return (index + 1, end - index + 1)
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

private struct Scanner {
    let text: [Character]
    var index = 0
    var output: [Character] = []

    init(text: [Character]) {
        self.text = text
    }

    mutating func masked() -> String {
        while index < text.count { step() }
        return String(output)
    }

    private mutating func step() {
        if starts(with: "//") {
            while index < text.count, !text[index].isNewline { blank() }
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
        while index < text.count, !starts(with: quotes + pounds) {
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
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            guard depth > 0 else { return blank() }
            step()
        }
    }

    private func openingHashes() -> Int? {
        var end = index
        while end < text.count, text[end] == "#" { end += 1 }
        return end < text.count && text[end] == "\"" ? end - index : nil
    }

    private func starts(with word: String) -> Bool {
        text[index...].starts(with: word)
    }

    private mutating func blank() {
        guard index < text.count else { return }
        output.append(text[index].isNewline ? text[index] : " ")
        index += 1
    }
}
