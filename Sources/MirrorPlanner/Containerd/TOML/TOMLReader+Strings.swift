extension TOMLReader {
    /// What follows the first quote of `"text"`, up to the last.
    mutating func basicString() throws(TOMLFault) -> String {
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(&text)
            case 0x0A, 0x0D: throw fault("a text in quotes must end on its line")
            default:
                text.append(byte)
                index += 1
            }
        }
        throw fault("a text in quotes does not end")
    }

    /// What follows the first quote of `'text'`, up to the last.
    mutating func literalString() throws(TOMLFault) -> String { try verbatim(UInt8(ascii: "'")) }

    /// The same of `"text"`.
    mutating func rawString() throws(TOMLFault) -> String { try verbatim(UInt8(ascii: "\"")) }

    private mutating func verbatim(_ quote: UInt8) throws(TOMLFault) -> String {
        let start = index
        while let byte = peek, byte != 0x0A {
            guard byte != quote else {
                defer { index += 1 }
                return String(decoding: bytes[start..<index], as: UTF8.self)
            }
            index += 1
        }
        throw fault("a text in quotes must end on its line")
    }

    /// What follows the first three quotes, up to the last three.
    mutating func multilineString(quote: UInt8) throws(TOMLFault) -> String {
        var text: [UInt8] = []
        if isNewline {
            if peek == 0x0D { index += 1 }
            advance()
        }
        while let byte = peek {
            if byte == quote {
                let quotes = quotes(quote)
                index += quotes
                if quotes >= 3 {
                    // Up to two quotes may stand before the three that end it.
                    guard quotes <= 5 else { throw fault("a text in three quotes ends in more than three") }
                    text += Array(repeating: quote, count: quotes - 3)
                    return String(decoding: text, as: UTF8.self)
                }
                text += Array(repeating: quote, count: quotes)
            } else if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                if !skipsLineEnd() { try escape(&text) }
            } else {
                text.append(byte)
                advance()
            }
        }
        throw fault("a text in three quotes does not end")
    }

    private func quotes(_ quote: UInt8) -> Int {
        bytes[index...].prefix { $0 == quote }.count
    }

    /// A backslash at the end of a line takes that end and all blanks after it away.
    private mutating func skipsLineEnd() -> Bool {
        var next = index + 1
        while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 || bytes[next] == 0x0D { next += 1 }
        guard next < bytes.count, bytes[next] == 0x0A else { return false }
        index += 1
        while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { advance() }
        return true
    }

    private mutating func escape(_ text: inout [UInt8]) throws(TOMLFault) {
        index += 1
        guard let byte = peek else { throw fault("a text in quotes does not end") }
        index += 1
        switch byte {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "e"): text.append(0x1B)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(byte)
        case UInt8(ascii: "x"): try scalar(digits: 2, &text)
        case UInt8(ascii: "u"): try scalar(digits: 4, &text)
        case UInt8(ascii: "U"): try scalar(digits: 8, &text)
        default: throw fault("a backslash in quotes must be followed by one of b t n f r e \" \\ x u U")
        }
    }

    private mutating func scalar(digits: Int, _ text: inout [UInt8]) throws(TOMLFault) {
        let end = index + digits
        guard end <= bytes.count, bytes[index..<end].allSatisfy({ Self.isHexadecimal($0) }),
            let number = UInt32(String(decoding: bytes[index..<end], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(number)
        else { throw fault("a character's number needs \(digits) hexadecimal digits") }
        index = end
        text += Array(String(Character(scalar)).utf8)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
