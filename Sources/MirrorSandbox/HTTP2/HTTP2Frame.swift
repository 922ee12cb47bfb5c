/// Why a stream or a connection ends; RFC 9113, section 7.
package enum HTTP2ErrorCode: UInt32, Sendable {
    case noError = 0
    case protocolError = 1
    case internalError = 2
    case flowControlError = 3
    case settingsTimeout = 4
    case streamClosed = 5
    case frameSizeError = 6
    case refusedStream = 7
    case cancel = 8
    case compressionError = 9
    case connectError = 10
    case enhanceYourCalm = 11
    case inadequateSecurity = 12
    case http11Required = 13
}

/// What makes a connection of no use.
package struct HTTP2Fault: Error, Hashable {
    package var code: HTTP2ErrorCode
    package var message: String

    package init(_ code: HTTP2ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// One frame; RFC 9113, section 4.
package struct HTTP2Frame: Hashable, Sendable {
    /// The types that a server does something about; others are ignored.
    package enum Kind: UInt8, Sendable {
        case data = 0
        case headers = 1
        case priority = 2
        case reset = 3
        case settings = 4
        case pushPromise = 5
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
    }

    package static let endStream: UInt8 = 0x1
    package static let acknowledge: UInt8 = 0x1
    package static let endHeaders: UInt8 = 0x4
    package static let padded: UInt8 = 0x8
    package static let prioritised: UInt8 = 0x20
    /// Bytes before the payload.
    static let headSize = 9
    /// The largest payload that a peer may send who was not told otherwise.
    package static let standardSize = 16_384

    package var type: UInt8
    package var flags: UInt8
    package var stream: UInt32
    package var payload: [UInt8]

    package init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) {
        self.init(type: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    package init(type: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8]) {
        self.type = type
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    package var kind: Kind? { Kind(rawValue: type) }

    package func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    /// As it goes over the wire.
    package var bytes: [UInt8] {
        let length = Self.number(UInt32(payload.count))
        return length[1...] + [type, flags] + Self.number(stream & 0x7FFF_FFFF) + payload
    }

    /// Four bytes, the highest first.
    static func number(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    static func number(_ bytes: some Sequence<UInt8>) -> UInt32 { bytes.reduce(0) { $0 << 8 | UInt32($1) } }

    /// The payload without its padding; nil where the padding is longer than the payload.
    var unpadded: ArraySlice<UInt8>? {
        guard has(Self.padded) else { return payload[...] }
        guard let first = payload.first, Int(first) < payload.count else { return nil }
        return payload[1..<payload.count - Int(first)]
    }
}

/// Cuts what comes into frames.
struct HTTP2FrameReader {
    private var buffer: [UInt8] = []
    private var position = 0

    mutating func add(_ bytes: [UInt8]) {
        if position > 0 {
            buffer.removeFirst(position)
            position = 0
        }
        buffer += bytes
    }

    /// The next frame; nil until all of it is there.
    ///
    /// - Throws: where it is larger than `standardSize`, which is known before it has come.
    mutating func next() throws(HTTP2Fault) -> HTTP2Frame? {
        guard buffer.count - position >= HTTP2Frame.headSize else { return nil }
        let head = buffer[position..<position + HTTP2Frame.headSize]
        let start = head.startIndex
        let length = Int(HTTP2Frame.number(head[start..<start + 3]))
        guard length <= HTTP2Frame.standardSize else {
            throw HTTP2Fault(.frameSizeError, "a frame of \(length) bytes; at most \(HTTP2Frame.standardSize)")
        }
        guard buffer.count - position >= HTTP2Frame.headSize + length else { return nil }
        let payload = start + HTTP2Frame.headSize
        position = payload + length
        return HTTP2Frame(
            type: buffer[start + 3],
            flags: buffer[start + 4],
            stream: HTTP2Frame.number(head[(start + 5)...]) & 0x7FFF_FFFF,
            payload: Array(buffer[payload..<payload + length])
        )
    }

    /// Takes so many bytes from the beginning, for the preface; nil until they are there.
    mutating func take(_ count: Int) -> [UInt8]? {
        guard buffer.count - position >= count else { return nil }
        defer { position += count }
        return Array(buffer[position..<position + count])
    }

    /// What has come of the beginning so far.
    var beginning: ArraySlice<UInt8> { buffer[position...] }
}
