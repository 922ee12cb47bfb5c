/// Text from outside, made harmless to look at.
///
/// A name, an annotation, a message of a server may hold what moves a terminal's cursor, what turns the direction of
/// writing, or megabytes. It is made printable where it goes to people: logs, the terminal, Events, statuses.
extension StringProtocol {
    /// The same text with what is no visible character written out as `\u{9B}`, line ends and tabs as one space, and
    /// cut with an ellipsis where it is longer than `limit` bytes.
    package func printable(atMost limit: Int) -> String {
        if utf8.count <= limit, utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return String(self) }
        var text = ""
        // Bytes that stay where more comes than there is room for: the ellipsis takes three.
        var kept = 0
        for scalar in unicodeScalars {
            text += scalar.shown
            let count = text.utf8.count
            if count <= limit - 3 { kept = count }
            guard count <= limit else {
                return String(decoding: text.utf8.prefix(kept), as: UTF8.self) + "…"
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether it shows as itself, and nothing but itself. Letters, marks, numbers, signs and the space do.
    package var isPrintable: Bool {
        if isASCII { return (0x20...0x7E).contains(value) }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    fileprivate var shown: String {
        if isPrintable { return String(Character(self)) }
        if self == "\n" || self == "\r" || self == "\t" { return " " }
        return "\\u{\(String(value, radix: 16, uppercase: true))}"
    }
}
