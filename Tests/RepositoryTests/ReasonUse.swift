/// Where code gives a reason: as an argument of what takes one, behind the label `reason:`, and in the value of what is
/// declared to be one. A case of that name in another enum is none.
struct ReasonUse {
    /// Functions, cases and types (for their initialisers) that take a `Reason`.
    private(set) var takers: Set<String> = []

    init(_ files: [TextFile]) {
        for file in files where file.code.words.contains("Reason") { collect(CodeText(file.code)) }
    }

    private mutating func collect(_ code: CodeText) {
        for end in code.ends(of: "Reason") {
            let before = code.lastSignificant(before: end - "Reason".utf8.count)
            guard let before, [":", "(", ","].contains(code.character(before)),
                let bracket = code.openBracket(before: end - "Reason".utf8.count), code.character(bracket) == "("
            else { continue }
            let name = code.word(before: bracket)
            if name == "init" {
                takers.formUnion(code.typeName(around: bracket).map { [$0] } ?? [])
            } else if !name.isEmpty {
                takers.insert(name)
            }
        }
    }

    /// Of `names`, those that the file gives as reasons.
    func given(_ names: Set<String>, in file: TextFile) -> Set<String> {
        guard !names.isDisjoint(with: file.code.words) else { return [] }
        let code = CodeText(file.code)
        let values = Self.valueLines(file.code.lines)
        return names.filter { name in
            file.code.words.contains(name)
                && code.ends(of: "." + name).contains { isGiven(at: $0 - name.utf8.count - 1, code, values) }
        }
    }

    /// - Parameter dot: where the name's dot is.
    private func isGiven(at dot: Int, _ code: CodeText, _ values: Set<Int>) -> Bool {
        let owner = code.word(before: dot)
        if owner == "Reason" { return true }
        // A member of something else, or what something is compared with.
        guard owner.isEmpty, !code.isPostfix(dot), !code.isCompared(dot) else { return false }
        if let bracket = code.openBracket(before: dot), code.character(bracket) == "(" {
            let label = code.label(ofArgumentAt: dot, in: bracket)
            if label == "reason" { return true }
            let callee = code.word(before: bracket)
            if !callee.isEmpty { return label == nil && takers.contains(callee) }
        }
        return values.contains(code.line(of: dot)) && !code.isPattern(dot)
    }

    /// Lines of the value or the body of what is declared to be a reason: by indentation, which a test enforces.
    private static func valueLines(_ lines: [String]) -> Set<Int> {
        var result: Set<Int> = []
        for (number, line) in lines.enumerated() where declaresReason(line) {
            result.insert(number)
            let depth = line.prefix { $0 == " " }.count
            for next in lines.indices.dropFirst(number + 1) {
                let blank = lines[next].allSatisfy { $0 == " " }
                guard blank || lines[next].prefix(while: { $0 == " " }).count > depth else { break }
                result.insert(next)
            }
        }
        return result
    }

    private static func declaresReason(_ line: String) -> Bool {
        guard line.contains("Reason") else { return false }
        func names(_ text: Substring) -> Bool {
            text.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }.contains { $0 == "Reason" }
        }
        if let arrow = line.ranges(of: "->").last { return names(line[arrow.upperBound...]) }
        let words = line.split(separator: " ")
        guard words.contains("var") || words.contains("let"), let colon = line.firstIndex(of: ":") else { return false }
        let type = line[colon...].prefix { $0 != "=" && $0 != "{" }
        return names(type)
    }
}

/// Code as bytes, in which one looks back from a place.
private struct CodeText {
    private let bytes: [UInt8]

    init(_ code: SwiftCode) { bytes = Array(code.lines.joined(separator: "\n").utf8) }

    func character(_ index: Int) -> Character { Character(Unicode.Scalar(bytes[index])) }

    private func isInWord(_ index: Int) -> Bool {
        let character = character(index)
        return character.isLetter || character.isNumber || character == "_"
    }

    private func isSpace(_ index: Int) -> Bool { bytes[index] == 0x20 || bytes[index] == 0x0A }

    /// Where each occurrence ends that is no part of a longer word.
    func ends(of text: String) -> [Int] {
        let wanted = Array(text.utf8)
        guard bytes.count >= wanted.count else { return [] }
        return (0...(bytes.count - wanted.count)).compactMap { start in
            guard bytes[start] == wanted[0], bytes[start..<start + wanted.count].elementsEqual(wanted) else {
                return nil
            }
            let end = start + wanted.count
            if end < bytes.count, isInWord(end) { return nil }
            if wanted[0] != 0x2E, start > 0, isInWord(start - 1) || bytes[start - 1] == 0x2E { return nil }
            return end
        }
    }

    func lastSignificant(before index: Int) -> Int? { (0..<index).last { !isSpace($0) } }

    /// The word that ends right there; empty where there is none.
    func word(before index: Int) -> String {
        var start = index
        while start > 0, isInWord(start - 1) { start -= 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// Whether it continues an expression, as in `f().x` and `a?.x`.
    func isPostfix(_ dot: Int) -> Bool {
        guard let before = lastSignificant(before: dot) else { return false }
        if [")", "]", "}"].contains(character(before)) { return true }
        return before == dot - 1 && ["?", "!"].contains(character(before))
    }

    func isCompared(_ dot: Int) -> Bool {
        guard let last = lastSignificant(before: dot), last > 0, character(last) == "=" else { return false }
        return ["=", "!"].contains(character(last - 1))
    }

    /// The innermost bracket that is open there.
    func openBracket(before index: Int) -> Int? {
        var depth = 0
        for place in stride(from: index - 1, through: 0, by: -1) {
            switch character(place) {
            case ")", "]", "}": depth += 1
            case "(", "[", "{":
                if depth == 0 { return place }
                depth -= 1
            default: break
            }
        }
        return nil
    }

    /// The label of the argument, nil where it has none.
    func label(ofArgumentAt index: Int, in bracket: Int) -> String? {
        var (start, depth) = (bracket + 1, 0)
        for place in bracket + 1..<index {
            switch character(place) {
            case "(", "[", "{": depth += 1
            case ")", "]", "}": depth -= 1
            case "," where depth == 0: start = place + 1
            default: break
            }
        }
        while start < index, isSpace(start) { start += 1 }
        var end = start
        while end < index, isInWord(end) { end += 1 }
        guard end > start, end < index, character(end) == ":" else { return nil }
        return word(before: end)
    }

    /// Whether it is what a `case` matches, and not what it gives.
    func isPattern(_ dot: Int) -> Bool {
        var start = dot
        while start > 0, bytes[start - 1] != 0x0A { start -= 1 }
        let line = String(decoding: bytes[start..<dot], as: UTF8.self)
        guard line.drop(while: { $0 == " " }).hasPrefix("case ") else { return false }
        return !line.contains(":")
    }

    func line(of index: Int) -> Int { bytes[..<index].count { $0 == 0x0A } }

    /// The type whose body or extension it stands in.
    func typeName(around index: Int) -> String? {
        let lines = String(decoding: bytes[..<index], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let depth = lines.last?.prefix(while: { $0 == " " }).count else { return nil }
        for line in lines.reversed() where line.prefix(while: { $0 == " " }).count < depth {
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "." }
            guard let keyword = words.firstIndex(where: { ["struct", "class", "enum", "extension"].contains($0) }),
                keyword + 1 < words.count
            else { continue }
            return words[keyword + 1].split(separator: ".").last.map(String.init)
        }
        return nil
    }
}
