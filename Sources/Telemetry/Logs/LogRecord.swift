import KubeCore
import Logging

/// How log lines look.
package enum LogFormat: String, CaseIterable, Sendable {
    /// One JSON object a line, for machines.
    case json
    /// One line of words, for people.
    case text
}

/// One record, ready to be written; both renderings are pure functions of it.
struct LogRecord: Sendable {
    var time: MicroTimestamp
    var level: Logger.Level
    var logger: String
    var message: String
    /// Flattened: a nested dictionary's members are named by their path, `a.b`.
    var fields: [String: Value]

    enum Value: Hashable, Sendable {
        case text(String)
        case list([String])
    }

    init(time: MicroTimestamp, level: Logger.Level, logger: String, message: String, metadata: Logger.Metadata) {
        self.time = time
        self.level = level
        self.logger = logger
        self.message = Self.cut(message)
        fields = [:]
        for (key, value) in metadata { add(value, at: key) }
    }

    /// The most bytes of a message and of a field: what a server or a file says may be megabytes.
    static let textLimit = 4_096

    func rendered(_ format: LogFormat) -> String {
        switch format {
        case .json: json()
        case .text: text()
        }
    }

    /// `{"ts":…,"level":…,"logger":…,"msg":…, fields sorted by name}` without a line feed.
    func json() -> String {
        var pairs = [("ts", time.description), ("level", level.rawValue), ("logger", logger), ("msg", message)]
            .map { "\"\($0)\":\(Self.quoted($1))" }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            // A field never takes the place of the record's own members.
            let name = ["ts", "level", "logger", "msg"].contains(key) ? "field.\(key)" : key
            switch value {
            case .text(let text): pairs.append("\(Self.quoted(name)):\(Self.quoted(text))")
            case .list(let texts):
                pairs.append("\(Self.quoted(name)):[\(texts.map(Self.quoted).joined(separator: ","))]")
            }
        }
        return "{\(pairs.joined(separator: ","))}"
    }

    /// `TIME LEVEL logger: message key=value …`; values with spaces or quotes are quoted.
    func text() -> String {
        let level = level.rawValue.uppercased()
        let padding = String(repeating: " ", count: max(0, 8 - level.count))
        // A message of several lines stays one record.
        var line = "\(time) \(level)\(padding) \(logger): \(Self.shown(Self.oneLine(message)))"
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let text =
                switch value {
                case .text(let text): text
                case .list(let texts): texts.joined(separator: ",")
                }
            let name = Self.shown(key)
            let isPlain = !text.isEmpty && text.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
            line += " \(name)=\(isPlain ? Self.shown(text) : Self.quoted(text))"
        }
        return line
    }

    /// For a terminal; it was cut before.
    private static func shown(_ text: String) -> String { text.printable(atMost: 16 * textLimit) }

    private mutating func add(_ value: Logger.Metadata.Value, at key: String) {
        guard !Redaction.covers(key) else {
            fields[key] = .text(Redaction.mark)
            return
        }
        switch value {
        case .string(let text): fields[key] = .text(Self.cut(text))
        case .stringConvertible(let value): fields[key] = .text(Self.cut(value.description))
        case .array(let values): fields[key] = .list(values.prefix(256).map { Self.cut($0.description) })
        case .dictionary(let members):
            for (name, member) in members { add(member, at: "\(key).\(name)") }
        }
    }

    /// The longest beginning of whole characters that there is room for.
    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textLimit else { return text }
        // Bytes that are left of a character are what stands for one that can't be told.
        let start = String(decoding: text.utf8.prefix(textLimit - 3), as: UTF8.self)
        return (start.last == "\u{FFFD}" ? String(start.dropLast()) : start) + "…"
    }

    private static func oneLine(_ text: String) -> String {
        text.split(omittingEmptySubsequences: true, whereSeparator: \.isNewline).joined(separator: " | ")
    }

    /// A JSON string (RFC 8259): quotes, backslashes and all that is no visible character escaped, so that a terminal
    /// shows it and obeys none of it.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.isPrintable: result.unicodeScalars.append(scalar)
            default:
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    let hex = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            }
        }
        return result + "\""
    }
}
