/// A document of TOML before it is written.
indirect enum Node: Sendable {
    case text(String)
    /// As it is written: a number, true or false, a time.
    case plain(String)
    case list([Node])
    case table([(key: String, value: Node)])

    static func texts(_ texts: [String]) -> Node { .list(texts.map { .text($0) }) }
}

/// Writes documents in any of the spellings that TOML allows.
struct TOMLScribe {
    private var dice: Dice
    private var lines: [String] = []

    /// The text of a document.
    static func write(_ members: [(key: String, value: Node)], _ dice: inout Dice) -> String {
        var scribe = TOMLScribe(dice: Dice(seed: dice.next()))
        scribe.section([], members)
        let end = scribe.dice.roll(5) ? "\r\n" : "\n"
        return scribe.lines.joined(separator: end) + end
    }

    private init(dice: Dice) { self.dice = dice }

    /// What stands below one name in brackets: values, then tables with names of their own.
    private mutating func section(_ path: [String], _ members: [(key: String, value: Node)]) {
        var own: [String] = []
        var headed: [(key: String, value: [(key: String, value: Node)])] = []
        for (key, value) in members {
            guard case .table(let table) = value else {
                own.append("\(spell(key)) = \(spell(value))")
                continue
            }
            switch dice.below(8) {
            case 0: own.append("\(spell(key)) = \(spell(value))")
            case 1 where !table.isEmpty: own += dotted([key], table)
            default: headed.append((key, table))
            }
        }
        let isLate = !path.isEmpty && dice.roll(15)
        if !isLate { emit(path, own, isNeeded: members.isEmpty || dice.roll(60)) }
        while !headed.isEmpty {
            let next = headed.remove(at: dice.below(headed.count))
            section(path + [next.key], next.value)
        }
        if isLate { emit(path, own, isNeeded: members.isEmpty) }
    }

    private mutating func emit(_ path: [String], _ own: [String], isNeeded: Bool) {
        let indent = dice.roll(40) ? String(repeating: " ", count: 2 * path.count) : ""
        if !path.isEmpty, isNeeded || !own.isEmpty {
            let blank = dice.roll(10) ? " " : ""
            lines.append(
                "\(indent)[\(blank)\(path.map { spell($0) }.joined(separator: dice.roll(5) ? " . " : "."))\(blank)]"
            )
        }
        for line in own { lines.append(indent + line + (dice.roll(8) ? " # a comment" : "")) }
        if dice.roll(20) { lines.append(dice.roll(50) ? "" : "# a comment: [x] = 'y'") }
    }

    private mutating func dotted(_ path: [String], _ table: [(key: String, value: Node)]) -> [String] {
        var written: [String] = []
        for (key, value) in table {
            if case .table(let inner) = value, !inner.isEmpty, dice.roll(80) {
                written += dotted(path + [key], inner)
            } else {
                written.append("\((path + [key]).map { spell($0) }.joined(separator: ".")) = \(spell(value))")
            }
        }
        return written
    }

    private mutating func spell(_ key: String) -> String {
        let isBare = !key.isEmpty && key.utf8.allSatisfy { Self.bare.contains($0) }
        if isBare, dice.roll(90) { return key }
        return dice.roll(50) && !key.contains("'") ? "'\(key)'" : quote(key)
    }

    private static let bare = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-".utf8)

    private mutating func spell(_ value: Node) -> String {
        switch value {
        case .plain(let text): return text
        case .text(let text):
            switch dice.below(12) {
            case 0...4 where !text.contains("'"): return "'\(text)'"
            // The reader of containerd 1 takes a quote before the last three for something else.
            case 5 where !text.hasSuffix("\""): return "\"\"\"\(dice.roll(50) ? "\n" : "")\(text)\"\"\""
            case 6 where !text.contains("'"): return "'''\(text)'''"
            default: return quote(text)
            }
        case .list(let values):
            var parts: [String] = []
            for value in values { parts.append(spell(value)) }
            let gap = dice.roll(20) ? "\n  " : ""
            let tail = !parts.isEmpty && dice.roll(20) ? "," : ""
            return "[\(gap)\(parts.joined(separator: dice.roll(50) ? ", " : ",\(gap)"))\(tail)\(gap)]"
        case .table(let members):
            var parts: [String] = []
            for (key, value) in members { parts.append("\(spell(key)) = \(spell(value))") }
            return "{ \(parts.joined(separator: ", ")) }".replacing("{  }", with: "{}")
        }
    }

    private mutating func quote(_ text: String) -> String {
        var written = ""
        for character in text {
            if character == "/", dice.roll(3) {
                written += "\\u002F"
            } else if character == "\"" || character == "\\" {
                written += "\\\(character)"
            } else {
                written.append(character)
            }
        }
        return "\"\(written)\""
    }
}
