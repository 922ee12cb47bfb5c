/// What a scalar of YAML text means as JSON, and how JSON text is written so that it means the same again.
enum YAMLScalar {
    /// Why a scalar has no value.
    struct Fault: Error {
        var message: String
    }

    static let tagPrefix = "tag:yaml.org,2002:"

    /// The value of a scalar with an optional tag; `isPlain` says that it was written without quotes.
    static func resolve(_ text: String, tag: String?, isPlain: Bool) throws(Fault) -> JSONValue {
        guard let tag else { return isPlain ? try resolve(plain: text) : .string(text) }
        guard tag.hasPrefix(tagPrefix) else { return .string(text) }
        let type = tag.dropFirst(tagPrefix.count)
        switch type {
        case "null", "bool", "int", "float":
            let value = try resolve(plain: text)
            switch (type, value) {
            case ("null", .null), ("bool", .bool), ("int", .int), ("int", .double), ("float", .double): return value
            case ("float", .int(let number)): return .double(Double(number))
            default: throw Fault(message: "the value is tagged !!\(type) and is not one")
            }
        case "binary": throw Fault(message: "!!binary is not supported: write the base64 text without the tag")
        default: return .string(text)
        }
    }

    /// The text of a key, or nil where the value cannot be one.
    static func key(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): text(ofKey: Float(number))
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    private static func text(ofKey number: Float) -> String {
        let text = String(number)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func resolve(plain text: String) throws(Fault) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N": return .bool(false)
        case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
            throw Fault(message: "\(text) is no number of JSON: quote it if it is meant as text")
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> JSONValue? {
        guard let first = text.utf8.first, isDigit(first) || first == 0x2B || first == 0x2D || first == 0x2E else {
            return nil
        }
        // A fraction without its zero is the one form in which underscores are not taken out.
        if first == 0x2E { return float(text).map { .double($0) } }
        let plain = text.filter { $0 != "_" }
        return integer(plain) ?? float(plain).map { .double($0) }
    }

    private static func integer(_ text: String) -> JSONValue? {
        var digits = Substring(text)
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits.removeFirst() }
        var radix = 10
        if digits.count > 1, digits.first == "0" {
            switch digits.dropFirst().first {
            case "x", "X": (radix, digits) = (16, digits.dropFirst(2))
            case "o", "O": (radix, digits) = (8, digits.dropFirst(2))
            case "b", "B": (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst(1))
            }
        }
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .int(value) }
        if !isNegative, let value = UInt64(digits, radix: radix) { return .double(Double(value)) }
        return nil
    }

    /// Digits with an optional sign, fraction and exponent; nothing else that a number parser may take.
    private static func float(_ text: String) -> Double? {
        var rest = Array(text.utf8)[...]
        if rest.first == 0x2B || rest.first == 0x2D { rest.removeFirst() }
        let whole = takeDigits(&rest)
        var fraction = 0
        if rest.first == 0x2E {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard whole + fraction > 0 else { return nil }
        if rest.first == 0x65 || rest.first == 0x45 {
            rest.removeFirst()
            if rest.first == 0x2B || rest.first == 0x2D { rest.removeFirst() }
            guard takeDigits(&rest) > 0 else { return nil }
        }
        guard rest.isEmpty, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let digits = rest.prefix { isDigit($0) }.count
        rest.removeFirst(digits)
        return digits
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension YAMLScalar {
    /// How a text is written.
    enum Style {
        case plain
        case doubleQuoted
        case literal
    }

    /// The style that keeps `text` a text for this reader and for readers of YAML 1.1 and 1.2.
    static func style(of text: String, isKey: Bool) -> Style {
        guard let resolved = try? resolve(text, tag: nil, isPlain: true), resolved == .string(text) else {
            return .doubleQuoted
        }
        if looksTyped(text) { return .doubleQuoted }
        if text.unicodeScalars.contains(where: isSpecial) { return .doubleQuoted }
        guard text.utf8.contains(0x0A) else { return .plain }
        // A block that begins with white space needs an indentation hint, which readers disagree about.
        return isKey || text.utf8.first == 0x0A || text.utf8.first == 0x20 ? .doubleQuoted : .literal
    }

    /// Texts that are strings here and a time, a number of base 60 or a special key to other readers.
    private static func looksTyped(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first else { return true }
        if text == "=" || text == "<<" { return true }
        guard isDigit(first) || first == 0x2B || first == 0x2D else { return false }
        let isBase60 =
            bytes.contains(0x3A) && bytes.allSatisfy { isDigit($0) || [0x3A, 0x2B, 0x2D, 0x2E, 0x5F].contains($0) }
        let isDate = bytes.count >= 8 && bytes[4] == 0x2D && bytes[..<4].allSatisfy(isDigit) && isDigit(bytes[5])
        return isBase60 || isDate
    }

    /// Characters that only double quotes carry safely: controls, and what some readers take as a line break.
    private static func isSpecial(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A: false
        case 0..<0x20, 0x7F...0xA0, 0x2028, 0x2029, 0xFEFF: true
        default: false
        }
    }
}
