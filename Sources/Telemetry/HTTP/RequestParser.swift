/// Reads requests from bytes as they come, however they are cut: bytes in, one decision out.
///
/// # Guarantees
/// - Each byte is looked at once, so that a line costs what it is long.
/// - It holds no more than one line, and a line no more than its limit.
/// - The decision depends on the bytes alone and not on where they were cut.
struct RequestParser {
    enum Decision: Hashable {
        /// The request does not end in these bytes.
        case unfinished
        case request(Request)
        /// It is none; what follows can't be read either.
        case refused(Refusal)
    }

    /// What is known of a request whose headers have not ended.
    private struct Draft {
        var method: String
        var target: String
        var isNewest: Bool
        var bytes = 0
        var fields = 0
        var hosts = 0
        var length: Int?
        var isEncoded = false
        var isLast = false
    }

    private let limits: ServerLimits
    /// The line that has not ended.
    private(set) var line: [UInt8] = []
    private var emptyLines = 0
    private var draft: Draft?

    init(_ limits: ServerLimits) { self.limits = limits }

    /// Whether no byte of a request has come.
    var isBetweenRequests: Bool { line.isEmpty && emptyLines == 0 && draft == nil }

    /// Reads up to the end of one request, and leaves what follows in `bytes`.
    mutating func read(_ bytes: inout ArraySlice<UInt8>) -> Decision {
        while !bytes.isEmpty {
            let end = bytes.firstIndex(of: Self.lineFeed)
            let piece = bytes[..<(end ?? bytes.endIndex)]
            guard line.count + piece.count <= room else { return .refused(draft == nil ? .line : .headers) }
            line += piece
            bytes = bytes[(end.map { $0 + 1 } ?? bytes.endIndex)...]
            guard end != nil else { return .unfinished }
            do throws(Refusal) {
                if let request = try endLine() { return .request(request) }
            } catch {
                return .refused(error)
            }
        }
        return .unfinished
    }

    /// How long the line may become; a carriage return before its end does not count.
    private var room: Int { (draft.map { limits.headers - $0.bytes } ?? limits.line) + 1 }

    private mutating func endLine() throws(Refusal) -> Request? {
        if line.last == Self.carriageReturn { line.removeLast() }
        let text = line
        line = []
        guard var draft else {
            // RFC 9112 section 2.2: an empty line before a request is to be passed over.
            if text.isEmpty, emptyLines < 2 {
                emptyLines += 1
            } else {
                self.draft = try Self.requestLine(text)
            }
            return nil
        }
        guard !text.isEmpty else {
            let request = try Self.request(draft)
            self = RequestParser(limits)
            return request
        }
        draft.bytes += text.count
        draft.fields += 1
        guard draft.bytes <= limits.headers, draft.fields <= limits.fields else { throw .headers }
        try Self.read(field: text, into: &draft)
        self.draft = draft
        return nil
    }
}

extension RequestParser {
    private static let lineFeed = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    private static func requestLine(_ line: [UInt8]) throws(Refusal) -> Draft {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, isToken(parts[0]), parts[1].allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformed("the request line is not METHOD PATH HTTP/1.1")
        }
        let (target, version) = (String(decoding: parts[1], as: UTF8.self), String(decoding: parts[2], as: UTF8.self))
        guard version.hasPrefix("HTTP/") else { throw .malformed("the request line is not METHOD PATH HTTP/1.1") }
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else { throw .version }
        guard Request.isTarget(target) else { throw .malformed("the path does not begin with /") }
        return Draft(
            method: String(decoding: parts[0], as: UTF8.self),
            target: target,
            isNewest: version == "HTTP/1.1"
        )
    }

    /// Looks at what decides where a request ends and whether another one may follow; all else is passed over.
    private static func read(field line: [UInt8], into draft: inout Draft) throws(Refusal) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), isToken(line[..<colon]) else {
            throw .malformed("a header is not NAME: VALUE")
        }
        let value = line[(colon + 1)...]
        guard value.allSatisfy({ $0 == UInt8(ascii: "\t") || $0 >= 0x20 && $0 != 0x7F }) else {
            throw .malformed("a header holds control characters")
        }
        switch String(decoding: line[..<colon], as: UTF8.self).lowercased() {
        case "host": draft.hosts += 1
        case "connection": draft.isLast = draft.isLast || words(value).contains("close")
        case "transfer-encoding": draft.isEncoded = true
        case "content-length":
            let digits = words(value)
            guard draft.length == nil, digits.count == 1, digits[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let length = Int(digits[0])
            else { throw .malformed("Content-Length is no number") }
            draft.length = length
        default: break
        }
    }

    private static func request(_ draft: Draft) throws(Refusal) -> Request {
        // RFC 9112 section 3.2: that is how a request that two servers would read differently is found.
        guard draft.hosts == 1 || draft.hosts == 0 && !draft.isNewest else {
            throw .malformed("Host is not there once")
        }
        return Request(
            method: draft.method,
            target: draft.target,
            keepsOpen: draft.isNewest && !draft.isLast,
            hasBody: draft.isEncoded || (draft.length ?? 0) > 0
        )
    }

    /// What stands between the commas, in small letters and without the blanks around it.
    private static func words(_ value: ArraySlice<UInt8>) -> [String] {
        value.split(separator: UInt8(ascii: ",")).map { word in
            let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
            let begun = word.drop(while: isBlank)
            let end = begun.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? begun.endIndex
            return String(decoding: begun[..<end], as: UTF8.self).lowercased()
        }
    }

    /// RFC 9110 section 5.6.2.
    private static func isToken(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: marks.contains(byte)
                }
            }
    }

    private static let marks = Set("!#$%&'*+-.^_`|~".utf8)
}
