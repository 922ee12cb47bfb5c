/// Reads JSON text (RFC 8259) into values.
///
/// Decoding a value of unknown type through `Decoder` tries one type after the other, and each failure costs more than
/// reading the value; this reads each byte once.
struct JSONParser {
    /// Deeper documents are refused: the parser recurses.
    private static let depthLimit = 512

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// The value of a whole document.
    ///
    /// - Throws: `KubeError` with code `decoding`, which says where and never what.
    static func parse(_ bytes: [UInt8]) throws(KubeError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.fault("the end of the document") }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private func fault(_ expected: String) -> KubeError {
        KubeError(.decoding, "the JSON text is broken at byte \(position): \(expected) is needed there")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ character: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == character else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(KubeError) -> JSONValue {
        skipSpace()
        guard position < bytes.count else { throw fault("a value") }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try nested { (parser) throws(KubeError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(KubeError) in try parser.array() }
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(KubeError) -> JSONValue
    ) throws(KubeError) -> JSONValue {
        depth += 1
        guard depth <= Self.depthLimit else { throw fault("less than \(Self.depthLimit) levels of nesting") }
        defer { depth -= 1 }
        position += 1
        return try body(&self)
    }

    private mutating func object() throws(KubeError) -> JSONValue {
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw fault("a name") }
            let key = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw fault("a colon") }
            members[key] = try value()
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw fault("a comma or a closing brace") }
        return .object(members)
    }

    private mutating func array() throws(KubeError) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try value())
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("a comma or a closing bracket") }
        return .array(elements)
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(KubeError) -> JSONValue {
        let end = position + text.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard end <= bytes.count, bytes[position..<end].elementsEqual(expected) else { throw fault("a value") }
        position = end
        return value
    }

    private mutating func number() throws(KubeError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        let first = position
        guard digits() > 0, bytes[first] != UInt8(ascii: "0") || position == first + 1 else { throw fault("a value") }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard digits() > 0 else { throw fault("a digit") }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            _ = take(UInt8(ascii: "+")) || take(UInt8(ascii: "-"))
            guard digits() > 0 else { throw fault("a digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw fault("a number that 64 bits can hold") }
        return .double(value)
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position - start
    }

    private mutating func string() throws(KubeError) -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
            guard bytes[position] >= 0x20 else { throw fault("an escape in place of the control character") }
            position += 1
        }
        var text = try decoded(start..<position)
        while position < bytes.count, bytes[position] == UInt8(ascii: "\\") {
            text.unicodeScalars.append(try escape())
            let next = position
            while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
                guard bytes[position] >= 0x20 else { throw fault("an escape in place of the control character") }
                position += 1
            }
            text += try decoded(next..<position)
        }
        guard take(UInt8(ascii: "\"")) else { throw fault("a closing quote") }
        return text
    }

    private func decoded(_ range: Range<Int>) throws(KubeError) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw fault("UTF-8 text before it") }
        return text
    }

    private mutating func escape() throws(KubeError) -> Unicode.Scalar {
        position += 1
        guard position < bytes.count else { throw fault("an escape") }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        default: throw fault("an escape that JSON knows")
        }
    }

    private mutating func escapedScalar() throws(KubeError) -> Unicode.Scalar {
        let unit = try codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // The first half of a pair; what stands alone is no character.
        guard (0xD800..<0xDC00).contains(unit), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw fault("the second half of a surrogate pair")
        }
        let second = try codeUnit()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
        else { throw fault("the second half of a surrogate pair") }
        return scalar
    }

    private mutating func codeUnit() throws(KubeError) -> UInt32 {
        let end = position + 4
        guard end <= bytes.count,
            let unit = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16),
            bytes[position..<end].allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") })
        else { throw fault("four hexadecimal digits") }
        position = end
        return unit
    }
}
