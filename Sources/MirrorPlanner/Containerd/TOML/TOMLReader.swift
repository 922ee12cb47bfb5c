/// Reads TOML 1.0.
///
/// A reader of our own: TOMLKit 0.6.0, which binds the C++ library toml++ 3, ends the process by an assertion on some
/// malformed documents (toml.hpp `parse_key`, an assertion that release builds have as well), brings a C++ runtime into
/// the image, and keeps no order of keys. What is read here belongs to others, and the agent is root.
///
/// Stricter than the format in two things: a key has at most 32 parts, and values nest at most 32 deep.
package struct TOMLReader {
    static let depthLimit = 32

    let bytes: [UInt8]
    var index = 0
    private var line = 1
    private let root = TOMLNode(.header)
    private var section: TOMLNode

    let dialect: TOMLDialect

    private init(_ bytes: [UInt8], _ dialect: TOMLDialect) {
        self.bytes = bytes
        self.dialect = dialect
        section = root
    }

    /// The document's table.
    package static func read(_ bytes: [UInt8], _ dialect: TOMLDialect = .standard) throws(TOMLFault) -> TOMLTable {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw TOMLFault(line: 1, message: "the file is not UTF-8")
        }
        var reader = TOMLReader(bytes, dialect)
        return try reader.document()
    }

    private mutating func document() throws(TOMLFault) -> TOMLTable {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            guard dialect.takesByteOrderMark else {
                throw fault("the file begins with a byte order mark, with which containerd 2 does not read it")
            }
            index = 3
        }
        while true {
            try skipLines()
            guard let byte = peek else { return root.table }
            if byte == UInt8(ascii: "[") { try header() } else { try pair(in: section) }
            skipBlanks()
            skipComment()
            guard peek == nil || isNewline else { throw fault("the line must end after a value or a table's name") }
        }
    }

    private mutating func header() throws(TOMLFault) {
        advance()
        let isOfArray = take("[")
        skipBlanks()
        let path = try key(isRaw: dialect == .first)
        skipBlanks()
        guard take("]"), !isOfArray || take("]") else { throw fault("a table's name must end in ]") }
        section = try isOfArray ? appendTable(path) : openTable(path)
    }

    /// `key = value`, into a table.
    mutating func pair(in table: TOMLNode) throws(TOMLFault) {
        let path = try key()
        skipBlanks()
        guard take("=") else { throw fault("a key must be followed by = and its value") }
        skipBlanks()
        let value = try value(depth: 0)
        try set(path, value, in: table)
    }

    func set(_ path: [String], _ value: TOMLValue, in table: TOMLNode) throws(TOMLFault) {
        var node = table
        for part in path.dropLast() {
            switch node.members[part] {
            case nil: node = node.add(part, .dotted)
            case .table(let next) where next.origin != .header || dialect.extendsTables: node = next
            default: throw fault("a key adds to a table that is written elsewhere, or to a value")
            }
        }
        guard let last = path.last, node.members[last] == nil else { throw fault("a key stands twice") }
        node.put(last, .value(value))
    }

    private func openTable(_ path: [String]) throws(TOMLFault) -> TOMLNode {
        let parent = try descend(path.dropLast())
        guard let last = path.last else { throw fault("a table's name is empty") }
        switch parent.members[last] {
        case nil: return parent.add(last, .header)
        case .table(let known) where known.origin == .implied || (known.origin == .dotted && dialect.extendsTables):
            known.origin = .header
            return known
        default: throw fault("a table stands twice")
        }
    }

    private func appendTable(_ path: [String]) throws(TOMLFault) -> TOMLNode {
        let parent = try descend(path.dropLast())
        guard let last = path.last else { throw fault("a table's name is empty") }
        let node = TOMLNode(.header)
        switch parent.members[last] {
        case nil: parent.put(last, .tables([node]))
        case .tables(let known): parent.put(last, .tables(known + [node]))
        default: throw fault("a table stands twice")
        }
        return node
    }

    private func descend(_ path: ArraySlice<String>) throws(TOMLFault) -> TOMLNode {
        var node = root
        for part in path {
            switch node.members[part] {
            case nil: node = node.add(part, .implied)
            case .table(let next): node = next
            case .tables(let all):
                guard let next = all.last else { throw fault("a table stands below a value") }
                node = next
            case .value: throw fault("a table stands below a value")
            }
        }
        return node
    }
}

extension TOMLReader {
    var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    var isNewline: Bool {
        peek == 0x0A || (peek == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A)
    }

    mutating func advance() {
        if peek == 0x0A { line += 1 }
        index += 1
    }

    /// Takes a text if it comes next.
    mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        let isNext = text.withUTF8Buffer { bytes[index...].starts(with: $0) }
        if isNext { index += count }
        return isNext
    }

    mutating func skipBlanks() {
        while peek == 0x20 || peek == 0x09 { index += 1 }
    }

    mutating func skipComment() {
        guard peek == UInt8(ascii: "#") else { return }
        while let byte = peek, byte != 0x0A { index += 1 }
    }

    /// Blanks, comments and ends of lines.
    mutating func skipLines() throws(TOMLFault) {
        while true {
            skipBlanks()
            skipComment()
            guard isNewline else { return }
            if peek == 0x0D { index += 1 }
            advance()
        }
    }

    func fault(_ message: String) -> TOMLFault { TOMLFault(line: line, message: message) }
}

/// A table while the document is read.
final class TOMLNode {
    enum Origin {
        /// By its own name in brackets.
        case header
        /// By a longer name in brackets.
        case implied
        /// By a key with dots.
        case dotted
    }

    enum Member {
        case value(TOMLValue)
        case table(TOMLNode)
        case tables([TOMLNode])
    }

    var origin: Origin
    private var keys: [String] = []
    private(set) var members: [String: Member] = [:]

    init(_ origin: Origin) { self.origin = origin }

    func put(_ key: String, _ member: Member) {
        if members.updateValue(member, forKey: key) == nil { keys.append(key) }
    }

    func add(_ key: String, _ origin: Origin) -> TOMLNode {
        let node = TOMLNode(origin)
        put(key, .table(node))
        return node
    }

    var table: TOMLTable {
        var table = TOMLTable()
        for key in keys {
            switch members[key] {
            case .value(let value): table.set(key, value)
            case .table(let node): table.set(key, .table(node.table))
            case .tables(let nodes): table.set(key, .array(nodes.map { .table($0.table) }))
            case nil: break
            }
        }
        return table
    }
}
