/// `registries.yaml` as lines, for changes of single ones. It may be wrong about a file in an unusual style; whoever
/// uses it reads the result again.
struct RegistriesText {
    private typealias Fault = RegistriesFile.Fault

    private static let header = """
        # Written by p2pmirror: registries whose images the nodes of this cluster give to each other.
        # Endpoints and credentials may be added by hand, here and anywhere; they are kept.

        """

    /// Each with its line break, but for the last one.
    private var lines: [[UInt8]]
    /// What stands before the first line and is no part of it.
    private let mark: [UInt8]

    init(_ content: [UInt8]) {
        lines = []
        var rest = ByteOrderMark.stripped(content)
        mark = rest.count == content.count ? [] : ByteOrderMark.utf8
        while let end = rest.firstIndex(of: 0x0A) {
            lines.append(Array(rest[...end]))
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { lines.append(Array(rest)) }
    }

    /// Nil where nothing but our own comment remains.
    var bytes: [UInt8]? {
        let header = Self(Array(Self.header.utf8)).lines
        if lines.starts(with: header), lines.dropFirst(header.count).allSatisfy({ Self.trimmed($0).isEmpty }) {
            return nil
        }
        return mark + lines.joined()
    }

    /// Puts lines below `mirrors:`, which is made at the end where it is absent.
    mutating func add(_ names: [String], hasMirrors: Bool, hasKeys: Bool) throws(RegistriesFile.Fault) {
        if lines.isEmpty { lines = Self(Array(Self.header.utf8)).lines }
        var lineBreak = Self.lineBreak(of: lines.last(where: { $0.last == 0x0A }) ?? [])
        if !hasMirrors {
            endLastLine(with: lineBreak)
            lines.append(Array("mirrors: \(RegistriesFile.mark)\(lineBreak)".utf8))
        }
        let start = try indexOfMirrors()
        // A file may mix both; the new lines end as their neighbour does.
        if start < lines.count - 1 { lineBreak = Self.lineBreak(of: lines[start]) }
        let indentation = hasKeys ? try indentation(below: start) : 2
        if start == lines.count - 1 { endLastLine(with: lineBreak) }
        let space = String(repeating: " ", count: indentation)
        lines.insert(
            contentsOf: names.map { Array("\(space)\"\($0)\": \(RegistriesFile.mark)\(lineBreak)".utf8) },
            at: start + 1
        )
    }

    /// Takes the lines of some keys away; and `mirrors:` too where none remains and it is ours.
    mutating func remove(_ names: Set<String>, leavesNone: Bool) throws(RegistriesFile.Fault) {
        let start = try indexOfMirrors()
        let indentation = try indentation(below: start)
        let end = lines[(start + 1)...].firstIndex { Self.indentation(of: $0) == 0 } ?? lines.count
        var found: [Int] = []
        for index in (start + 1)..<end where Self.indentation(of: lines[index]) == indentation {
            guard let key = TopLevelKeys.key(of: Self.trimmed(lines[index])), names.contains(key) else { continue }
            found.append(index)
        }
        guard found.count == names.count else {
            throw Fault(message: "its style does not allow for a change of single lines")
        }
        for index in found.reversed() { lines.remove(at: index) }
        if leavesNone, String(decoding: lines[start], as: UTF8.self).contains(RegistriesFile.mark) {
            lines.remove(at: start)
        }
    }

    private static func lineBreak(of line: [UInt8]) -> String { line.suffix(2) == [0x0D, 0x0A] ? "\r\n" : "\n" }

    private mutating func endLastLine(with lineBreak: String) {
        guard let last = lines.last, last.last != 0x0A else { return }
        lines[lines.count - 1] = last + Array(lineBreak.utf8)
    }

    /// The line of `mirrors:`, behind which nothing but a comment may stand.
    private func indexOfMirrors() throws(RegistriesFile.Fault) -> Int {
        let found = lines.firstIndex { line in
            TopLevelKeys.key(of: Self.trimmed(line, leading: false)) == "mirrors"
        }
        guard let found, let colon = lines[found].firstIndex(of: 0x3A), Self.isBlank(lines[found][(colon + 1)...])
        else { throw Fault(message: "`mirrors:` does not stand alone on its line: write one registry a line below it") }
        return found
    }

    private func indentation(below start: Int) throws(RegistriesFile.Fault) -> Int {
        let first = lines[(start + 1)...].lazy.compactMap(Self.indentation).first ?? 0
        guard first > 0 else { throw Fault(message: "below `mirrors:` no line is indented by spaces: indent it") }
        return first
    }

    /// Spaces before the content of a line; nil where there is none.
    private static func indentation(of line: [UInt8]) -> Int? {
        isBlank(line[...]) ? nil : line.prefix { $0 == 0x20 }.count
    }

    /// Whether a line, or the rest of one, is empty or a comment.
    private static func isBlank(_ line: ArraySlice<UInt8>) -> Bool {
        let content = line.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
        return content.isEmpty || (content.first == 0x23)
    }

    private static func trimmed(_ line: [UInt8], leading: Bool = true) -> ArraySlice<UInt8> {
        var rest = line[...]
        while let last = rest.last, last == 0x0A || last == 0x0D { rest.removeLast() }
        return leading ? rest.drop { $0 == 0x20 } : rest
    }
}
