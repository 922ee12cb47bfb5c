/// Header fields and trailers of an answer, read line by line as they come.
///
/// An answer without a message has its status in the first block of fields ("trailers-only"), any other one in the
/// block behind the message; grpc `doc/PROTOCOL-HTTP2.md`, Responses.
public struct GRPCHead: Sendable {
    /// Lines longer than this are passed over; gRPC's own are short.
    private static let lineLimit = 64 << 10

    /// What one block says of the status.
    private struct Status {
        var code: [UInt8]?
        var message: [UInt8] = []
    }

    private enum Place {
        case before, first, behind
    }

    private var place = Place.before
    private var first = Status()
    private var last = Status()
    /// Status of HTTP; 0 before it came.
    public private(set) var httpStatus = 0
    /// Value of `content-type`, in lower case.
    public private(set) var contentType = ""

    /// Whether the head is one of gRPC.
    public var isGRPC: Bool { contentType.hasPrefix("application/grpc") }

    /// Begins.
    public init() {}

    /// Takes a line, with or without its end: a status line, a field, or the empty line behind a block.
    ///
    /// Interim answers (100 to 199) are passed over.
    public mutating func push(_ line: some Sequence<UInt8>) {
        var text = Array(line.prefix(Self.lineLimit + 1))[...]
        guard text.count <= Self.lineLimit else { return }
        while let end = text.last, end == 0x0A || end == 0x0D { text.removeLast() }
        if text.starts(with: Array("HTTP/".utf8)) { return begin(text) }
        if text.isEmpty {
            if place == .first, httpStatus >= 200 { place = .behind }
            return
        }
        guard let colon = text.firstIndex(of: 0x3A) else { return }
        let name = String(decoding: text[..<colon], as: UTF8.self).lowercased()
        let value = Self.trimmed(text[(colon + 1)...])
        switch (name, place) {
        case ("content-type", .first): contentType = String(decoding: value, as: UTF8.self).lowercased()
        case ("grpc-status", .first): first.code = value
        case ("grpc-status", .behind): last.code = value
        case ("grpc-message", .first): first.message = value
        case ("grpc-message", .behind): last.message = value
        default: break
        }
    }

    private mutating func begin(_ line: ArraySlice<UInt8>) {
        let parts = line.split(separator: 0x20)
        self = GRPCHead()
        place = .first
        guard parts.count >= 2, parts[1].count == 3 else { return }
        httpStatus = Int(String(decoding: parts[1], as: UTF8.self)).map { max(0, $0) } ?? 0
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        return Array(bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
    }

    /// What the server says of how the call ended.
    public enum Verdict: Hashable, Sendable {
        /// Its code, and its message, decoded and not yet bounded.
        case status(GRPCCode, String)
        /// It says nothing, or nothing that counts: a sentence on why.
        case none(String)
    }

    /// The verdict at the end of the answer.
    ///
    /// - Parameter hasMessage: whether a message came. A status before a message does not count: the answer may have
    ///   been cut short behind it.
    public func verdict(hasMessage: Bool) -> Verdict {
        let status = hasMessage || last.code != nil ? last : first
        guard let code = status.code else { return .none(missing) }
        guard let number = Self.number(code) else { return .none("its grpc-status is no number") }
        let message = GRPCStatusMessage.decoded(status.message)
        guard let known = GRPCCode(rawValue: number) else {
            // What a later version may add is to be taken for UNKNOWN (grpc `doc/statuscodes.md`).
            return .status(.unknown, "status \(number): \(message)")
        }
        return .status(known, message)
    }

    private var missing: String {
        guard httpStatus != 0 else { return "the answer is not HTTP" }
        guard httpStatus == 200 else { return "HTTP status \(httpStatus) where gRPC answers with 200" }
        guard isGRPC else {
            return contentType.isEmpty
                ? "the answer has no content type, where gRPC has application/grpc"
                : "the answer is \(contentType.prefix(64)), where gRPC has application/grpc"
        }
        return "the answer ended without a grpc-status"
    }

    private static func number(_ digits: [UInt8]) -> Int? {
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}

/// The encoding of `grpc-message` (grpc `doc/PROTOCOL-HTTP2.md`, Percent-Encoded).
public enum GRPCStatusMessage {
    /// The text behind an encoded one; what is no encoding stays as it is, and what is no UTF-8 is replaced.
    public static func decoded(_ encoded: some Collection<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(encoded.count)
        var rest = encoded[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(hexDigit)
            if byte == 0x25, digits.count == 2 {
                bytes.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A text as the field may hold it: visible ASCII and spaces stay, but for the percent sign.
    public static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if (0x20...0x7E).contains(byte), byte != 0x25 {
                bytes.append(byte)
            } else {
                bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
