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
        self.message = message
        fields = [:]
        for (key, value) in metadata { add(value, at: key) }
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
        var line = "\(time) \(level)\(padding) \(logger): \(Self.oneLine(message))"
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            let text =
                switch value {
                case .text(let text): text
                case .list(let texts): texts.joined(separator: ",")
                }
            let isPlain = !text.isEmpty && text.allSatisfy { !$0.isWhitespace && $0 != "\"" && $0 != "=" }
            line += " \(key)=\(isPlain ? text : Self.quoted(text))"
        }
        return line
    }

    private mutating func add(_ value: Logger.Metadata.Value, at key: String) {
        guard !Redaction.covers(key) else {
            fields[key] = .text(Redaction.mark)
            return
        }
        switch value {
        case .string(let text): fields[key] = .text(text)
        case .stringConvertible(let value): fields[key] = .text(value.description)
        case .array(let values): fields[key] = .list(values.map(\.description))
        case .dictionary(let members):
            for (name, member) in members { add(member, at: "\(key).\(name)") }
        }
    }

    private static func oneLine(_ text: String) -> String {
        text.split(omittingEmptySubsequences: true, whereSeparator: \.isNewline).joined(separator: " | ")
    }

    /// A JSON string (RFC 8259): control characters, quotes and backslashes escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
