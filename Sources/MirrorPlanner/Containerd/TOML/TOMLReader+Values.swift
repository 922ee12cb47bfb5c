extension TOMLReader {
    /// A key's parts.
    ///
    /// - Parameter isRaw: a backslash in quotes stands for itself.
    mutating func key(isRaw: Bool = false) throws(TOMLFault) -> [String] {
        var parts: [String] = []
        while true {
            guard parts.count < Self.depthLimit else { throw fault("a key has more than \(Self.depthLimit) parts") }
            parts.append(try keyPart(isRaw))
            skipBlanks()
            guard take(".") else { return parts }
            skipBlanks()
        }
    }

    private mutating func keyPart(_ isRaw: Bool) throws(TOMLFault) -> String {
        if peek == UInt8(ascii: "\"") {
            advance()
            return try isRaw ? rawString() : basicString()
        }
        if peek == UInt8(ascii: "'") {
            advance()
            return try literalString()
        }
        let start = index
        while let byte = peek, Self.isBare(byte) { index += 1 }
        guard index > start else { throw fault("a key is needed") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    mutating func value(depth: Int) throws(TOMLFault) -> TOMLValue {
        guard depth < Self.depthLimit else { throw fault("values nest more than \(Self.depthLimit) deep") }
        switch peek {
        case UInt8(ascii: "\""):
            if take("\"\"\"") { return .string(try multilineString(quote: UInt8(ascii: "\""))) }
            advance()
            return .string(try basicString())
        case UInt8(ascii: "'"):
            if take("'''") { return .string(try multilineString(quote: UInt8(ascii: "'"))) }
            advance()
            return .string(try literalString())
        case UInt8(ascii: "["): return .array(try array(depth: depth))
        case UInt8(ascii: "{"): return .table(try inlineTable(depth: depth))
        default: return try scalar()
        }
    }

    private mutating func array(depth: Int) throws(TOMLFault) -> [TOMLValue] {
        advance()
        var values: [TOMLValue] = []
        while true {
            try skipLines()
            if take("]") { return values }
            values.append(try value(depth: depth + 1))
            try skipLines()
            if take(",") { continue }
            guard take("]") else { throw fault("values of a list must be separated by commas, and the list end in ]") }
            return values
        }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLFault) -> TOMLTable {
        advance()
        let node = TOMLNode(.dotted)
        skipBlanks()
        if take("}") { return node.table }
        while true {
            skipBlanks()
            let path = try key()
            guard take("=") else { throw fault("a key must be followed by = and its value") }
            skipBlanks()
            try set(path, try value(depth: depth + 1), in: node)
            skipBlanks()
            if take(",") { continue }
            guard take("}") else { throw fault("a table in braces must end in } on its line") }
            return node.table
        }
    }

    /// A number, a boolean or a time.
    private mutating func scalar() throws(TOMLFault) -> TOMLValue {
        var word = self.word()
        // A date and a time may be separated by a blank.
        if word.count == 10, Self.isDate(word), peek == 0x20, index + 1 < bytes.count, Self.isDigit(bytes[index + 1]) {
            index += 1
            word += [0x20] + self.word()
        }
        let text = String(decoding: word, as: UTF8.self)
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        if Self.isDate(word) || (word.count > 2 && word[2] == UInt8(ascii: ":")) { return .time(text) }
        if let number = Self.integer(text) {
            guard dialect != .second || !Self.hasLeadingZero(text) else {
                throw fault("a whole number must not begin with zeros")
            }
            return .integer(number)
        }
        if let number = Self.float(text) { return .float(number) }
        throw fault("a value is needed: text in quotes, a number, true, false, a list or a table")
    }

    private mutating func word() -> [UInt8] {
        let start = index
        while let byte = peek, Self.isBare(byte) || [0x2B, 0x2E, 0x3A].contains(byte) { index += 1 }
        return Array(bytes[start..<index])
    }

    private static func isDate(_ word: [UInt8]) -> Bool {
        word.count >= 10 && word[..<4].allSatisfy(isDigit) && word[4] == UInt8(ascii: "-")
            && word[7] == UInt8(ascii: "-")
    }

    private static func integer(_ text: String) -> Int64? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
            return digits(text.dropFirst(2)).flatMap {
                $0.first == "+" || $0.first == "-" ? nil : Int64($0, radix: radix)
            }
        }
        guard let plain = digits(text[...]), plain.utf8.allSatisfy({ isDigit($0) || $0 == 0x2B || $0 == 0x2D }) else {
            return nil
        }
        return Int64(plain)
    }

    /// Whether a decimal number begins with a zero that says nothing.
    private static func hasLeadingZero(_ text: String) -> Bool {
        let digits = text.drop { $0 == "+" || $0 == "-" }
        return digits.count > 1 && digits.first == "0" && digits.dropFirst().first.map { !"xob".contains($0) } == true
    }

    private static func float(_ text: String) -> Double? {
        guard let first = text.utf8.first, isDigit(first) || first == 0x2B || first == 0x2D,
            text.contains(where: { ".eE".contains($0) }),
            text.utf8.allSatisfy({ isDigit($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65, 0x5F].contains($0) })
        else { return nil }
        return digits(text[...]).flatMap { Double($0) }
    }

    /// A number without its underscores, of which each stands between two digits.
    private static func digits(_ text: Substring) -> String? {
        let isMisplaced = text.hasPrefix("_") || text.hasSuffix("_") || text.contains("__")
        return isMisplaced || text.isEmpty ? nil : String(text.replacing("_", with: ""))
    }
}
