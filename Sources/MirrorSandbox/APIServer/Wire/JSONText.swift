import KubeCore

/// JSON text to values and back without a detour over Codable.
///
/// A simulated fleet sends tens of thousands of requests in a test; a decoder that finds out the type of each value by
/// trying them in turn takes most of the time of such a test.
enum JSONText {
    /// What is wrong with a text, and at which byte.
    struct Failure: Error, CustomStringConvertible {
        var offset: Int
        var description: String { "invalid JSON at byte \(offset)" }
    }

    static func parse(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var parser = Parser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.isAtEnd else { throw parser.failure }
        return value
    }

    /// The text with sorted keys, so that equal values give equal bytes.
    static func write(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .int(let number): bytes += String(number).utf8
        // JSON has no way to write what is not finite; such a value never comes in.
        case .double(let number): bytes += (number.isFinite ? "\(number)" : "null").utf8
        case .string(let text): write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(element, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                write(member.value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x09: bytes += "\\t".utf8
            case ..<0x20: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private struct Parser {
        /// Deeper documents are refused, so that none can overflow the stack.
        private static let depthLimit = 200

        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }
        var failure: Failure { Failure(offset: position) }
        private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipSpace() {
            while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            position += 1
            return true
        }

        private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
            for byte in word.description.utf8 { guard take(byte) else { throw failure } }
            return value
        }

        mutating func value(depth: Int) throws(Failure) -> JSONValue {
            guard depth < Self.depthLimit else { throw failure }
            skipSpace()
            switch next {
            case UInt8(ascii: "{")?: return try object(depth)
            case UInt8(ascii: "[")?: return try array(depth)
            case UInt8(ascii: "\"")?: return .string(try string())
            case UInt8(ascii: "t")?: return try word("true", .bool(true))
            case UInt8(ascii: "f")?: return try word("false", .bool(false))
            case UInt8(ascii: "n")?: return try word("null", .null)
            default: return try number()
            }
        }

        private mutating func object(_ depth: Int) throws(Failure) -> JSONValue {
            position += 1
            var members: [String: JSONValue] = [:]
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            repeat {
                skipSpace()
                let key = try string()
                skipSpace()
                guard take(UInt8(ascii: ":")) else { throw failure }
                members[key] = try value(depth: depth + 1)
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "}")) else { throw failure }
            return .object(members)
        }

        private mutating func array(_ depth: Int) throws(Failure) -> JSONValue {
            position += 1
            var elements: [JSONValue] = []
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            repeat {
                elements.append(try value(depth: depth + 1))
                skipSpace()
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw failure }
            return .array(elements)
        }

        private mutating func number() throws(Failure) -> JSONValue {
            let start = position
            while let byte = next, (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) { position += 1 }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            guard let first = text.utf8.first, first == 0x2D || (0x30...0x39).contains(first) else { throw failure }
            if let integer = Int64(text) { return .int(integer) }
            guard let fraction = Double(text), fraction.isFinite else { throw failure }
            return .double(fraction)
        }

        private mutating func string() throws(Failure) -> String {
            guard take(UInt8(ascii: "\"")) else { throw failure }
            var text: [UInt8] = []
            while let byte = next {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"): try escape(&text)
                case ..<0x20: throw failure
                default: text.append(byte)
                }
            }
            throw failure
        }

        private mutating func escape(_ text: inout [UInt8]) throws(Failure) {
            guard let byte = next else { throw failure }
            position += 1
            switch byte {
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
            case UInt8(ascii: "u"):
                var unit = UInt32(try fourDigits())
                if (0xD800..<0xDC00).contains(unit) {
                    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw failure }
                    let low = UInt32(try fourDigits())
                    guard (0xDC00..<0xE000).contains(low) else { throw failure }
                    unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                }
                guard let scalar = Unicode.Scalar(unit) else { throw failure }
                text += Array(String(Character(scalar)).utf8)
            default: throw failure
            }
        }

        private mutating func fourDigits() throws(Failure) -> UInt16 {
            guard position + 4 <= bytes.count,
                let value = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
            else { throw failure }
            position += 4
            return value
        }
    }
}

extension JSONValue {
    /// JSON text with sorted keys.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        JSONText.write(self, to: &bytes)
        return bytes
    }

    /// JSON text with sorted keys.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
