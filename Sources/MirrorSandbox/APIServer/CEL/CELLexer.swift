/// The words of an expression of CEL (google/cel-spec, doc/langdef.md, syntax).
struct CELLexer {
    enum Word: Hashable {
        case name(String)
        case int(Int64)
        case double(Double)
        case string(String)
        case symbol(String)
        case end
    }

    struct Token: Hashable {
        var word: Word
        var offset: Int
    }

    /// Words that name nothing (k8s.io/apiserver, pkg/cel/escaping.go).
    static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]

    private static let symbols = [
        "&&", "||", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[",
        "]", "{", "}",
    ]

    private let scalars: [Unicode.Scalar]
    private var place = 0

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// All words of a text and the end.
    static func tokens(_ text: String) throws(CELFault) -> [Token] {
        var lexer = CELLexer(text)
        var tokens: [Token] = []
        repeat {
            tokens.append(try lexer.next())
        } while tokens.last?.word != .end
        return tokens
    }

    private var here: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private func fault(_ message: String, at offset: Int) -> CELFault { CELFault(offset: offset, message: message) }

    private mutating func next() throws(CELFault) -> Token {
        skipBlanks()
        let start = place
        guard let first = here else { return Token(word: .end, offset: start) }
        if first == "\"" || first == "'" { return Token(word: .string(try quoted(isRaw: false)), offset: start) }
        if Self.isDigit(first) { return Token(word: try number(), offset: start) }
        if Self.isLetter(first) { return try word(start) }
        for symbol in Self.symbols where scalars[place...].starts(with: symbol.unicodeScalars) {
            place += symbol.unicodeScalars.count
            return Token(word: .symbol(symbol), offset: start)
        }
        throw fault("Syntax error: token recognition error at: '\(first)'", at: start)
    }

    private mutating func word(_ start: Int) throws(CELFault) -> Token {
        while let next = here, Self.isLetter(next) || Self.isDigit(next) { place += 1 }
        let text = String(String.UnicodeScalarView(scalars[start..<place]))
        if here == "\"" || here == "'" {
            guard text == "r" || text == "R" else {
                throw fault("this server does not implement literals that begin with \(text)", at: start)
            }
            return Token(word: .string(try quoted(isRaw: true)), offset: start)
        }
        return Token(word: .name(text), offset: start)
    }

    private mutating func skipBlanks() {
        while let next = here {
            if next == "/", place + 1 < scalars.count, scalars[place + 1] == "/" {
                while let next = here, next != "\n" { place += 1 }
            } else if next == " " || next == "\t" || next == "\n" || next == "\r" {
                place += 1
            } else {
                return
            }
        }
    }

    private mutating func number() throws(CELFault) -> Word {
        let start = place
        var isFraction = false
        while let next = here {
            let follows = place + 1 < scalars.count ? scalars[place + 1] : nil
            if Self.isDigit(next) {
                place += 1
            } else if next == ".", !isFraction, follows.map(Self.isDigit) == true {
                isFraction = true
                place += 1
            } else {
                break
            }
        }
        let text = String(String.UnicodeScalarView(scalars[start..<place]))
        if let next = here, Self.isLetter(next) {
            throw fault("this server does not implement numbers such as \(text)\(next)", at: start)
        }
        if isFraction, let value = Double(text) { return .double(value) }
        guard let value = Int64(text) else { throw fault("invalid int literal", at: start) }
        return .int(value)
    }

    private mutating func quoted(isRaw: Bool) throws(CELFault) -> String {
        let start = place
        guard let quote = here else { return "" }
        place += 1
        var text = String.UnicodeScalarView()
        while let next = here, next != "\n" {
            place += 1
            if next == quote { return String(text) }
            guard next == "\\", !isRaw, let escaped = here else {
                text.append(next)
                continue
            }
            guard let value = Self.escapes[escaped] else {
                throw fault("this server does not implement the escape \\\(escaped)", at: place - 1)
            }
            text.append(value)
            place += 1
        }
        throw fault("Syntax error: token recognition error at: '\(quote)'", at: start)
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", "\"": "\"", "`": "`", "?": "?",
    ]

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }
}
