/// Names, labels and numbers as the Prometheus text format 0.0.4 writes them.
enum MetricText {
    /// A name of `[a-zA-Z_:][a-zA-Z0-9_:]*`; whatever else there is becomes `_`.
    static func name(_ text: String) -> String {
        sanitized(text, alsoAllowed: ":")
    }

    /// A label's name: as a metric's, without colons, and without the two leading underscores that are reserved.
    static func labelName(_ text: String) -> String {
        var name = sanitized(text, alsoAllowed: nil)
        while name.hasPrefix("__") { name.removeFirst() }
        return name
    }

    /// A label's value: backslash, double quote and line feed are escaped.
    static func labelValue(_ text: String) -> String {
        escaped(text, quote: true)
    }

    /// A help text: backslash and line feed are escaped.
    static func help(_ text: String) -> String {
        escaped(text, quote: false)
    }

    /// A sample: whole numbers without a fraction, as counters are read by people too.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.rounded(.towardZero) == value, abs(value) < 1e15 { return String(Int64(value)) }
        return String(value)
    }

    private static func sanitized(_ text: String, alsoAllowed extra: Character?) -> String {
        var result = ""
        for character in text {
            let isDigit = character.isASCII && character.isNumber
            let isLetter = character.isASCII && character.isLetter
            if isDigit, result.isEmpty { result.append("_") }
            result.append(isDigit || isLetter || character == "_" || character == extra ? character : "_")
        }
        return result.isEmpty ? "_" : result
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            // A carriage return and a line feed are one character of a Swift string.
            case "\n", "\r\n": result += "\\n"
            case "\"" where quote: result += "\\\""
            default: result.append(character)
            }
        }
        return result
    }
}
