/// Reads the two JSON forms that the distributions write into annotations: an array of strings and an object of
/// strings.
///
/// A pass over 5,000 nodes reads 10,000 of them; a general decoder takes longer for that than the whole rest of a plan.
struct JSONStrings {
    private let bytes: [UInt8]
    private var position = 0

    private init(_ text: String) { bytes = Array(text.utf8) }

    /// The elements of `["a","b"]`; nil where the text is anything else.
    static func array(_ text: String) -> [String]? {
        var reader = JSONStrings(text)
        guard reader.skip("[") else { return nil }
        var elements: [String] = []
        if !reader.skip("]") {
            repeat {
                guard let element = reader.string() else { return nil }
                elements.append(element)
            } while reader.skip(",")
            guard reader.skip("]") else { return nil }
        }
        return reader.isAtEnd ? elements : nil
    }

    /// The members of `{"a":"b"}` in their order; nil where the text is anything else.
    static func object(_ text: String) -> [(key: String, value: String)]? {
        var reader = JSONStrings(text)
        guard reader.skip("{") else { return nil }
        var members: [(key: String, value: String)] = []
        if !reader.skip("}") {
            repeat {
                guard let key = reader.string(), reader.skip(":"), let value = reader.string() else { return nil }
                members.append((key, value))
            } while reader.skip(",")
            guard reader.skip("}") else { return nil }
        }
        return reader.isAtEnd ? members : nil
    }

    /// JSON text of a string.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    private mutating func string() -> String? {
        guard skip("\"") else { return nil }
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x22 {
                position += 1
                return String(decoding: bytes[start..<position - 1], as: UTF8.self)
            }
            if byte == 0x5C { return escapedString(from: start) }
            guard byte >= 0x20 else { return nil }
            position += 1
        }
        return nil
    }

    /// The slow way for a string with an escape in it; `position` is at the first one.
    private mutating func escapedString(from start: Int) -> String? {
        var units = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == 0x22 { return String(decoding: units, as: UTF8.self) }
            guard byte >= 0x20 else { return nil }
            guard byte == 0x5C else {
                units.append(byte)
                continue
            }
            guard let scalar = escape() else { return nil }
            units.append(contentsOf: Array(String(Character(scalar)).utf8))
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard position < bytes.count else { return nil }
        let byte = bytes[position]
        position += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: return Unicode.Scalar(byte)
        case 0x62: return "\u{8}"
        case 0x66: return "\u{c}"
        case 0x6E: return "\n"
        case 0x72: return "\r"
        case 0x74: return "\t"
        case 0x75: return unicodeEscape()
        default: return nil
        }
    }

    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let first = hexadecimal() else { return nil }
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
        // A character outside the basic plane is written as two escapes.
        guard position + 1 < bytes.count, bytes[position] == 0x5C, bytes[position + 1] == 0x75 else { return nil }
        position += 2
        guard let second = hexadecimal(), (0xDC00..<0xE000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private mutating func hexadecimal() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
        position += 4
        return UInt32(digits, radix: 16)
    }
}
