/// A message as it goes over the wire: a byte that says whether it is compressed, its length in four bytes, itself.
///
/// Source: grpc `doc/PROTOCOL-HTTP2.md`, Length-Prefixed-Message.
public enum GRPCFrame {
    /// Bytes before the message.
    public static let headerSize = 5

    /// A message, not compressed, in its frame. One of 4 GiB or more has none: nil.
    public static func encoded(_ message: [UInt8]) -> [UInt8]? {
        guard let length = UInt32(exactly: message.count) else { return nil }
        let header = stride(from: UInt32(24), through: 0, by: -8).map { UInt8(truncatingIfNeeded: length >> $0) }
        return [0] + header + message
    }
}

/// Takes the frames of a unary answer, or of a unary request, as they come, and keeps no more than it may.
public struct GRPCFrameReader: Sendable {
    /// Why what came is no single message.
    public enum Fault: Error, Hashable, Sendable {
        /// The message is compressed, which was not asked for.
        case compressed
        /// The message is longer than the limit.
        case tooLarge
        /// Something follows the message.
        case moreThanOne
        /// It ended within a frame.
        case cutShort
    }

    private let limit: Int
    private var header: [UInt8] = []
    private var length = 0
    private var message: [UInt8] = []

    /// Begins.
    ///
    /// - Parameter limit: bytes of the longest message that is taken.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Whether anything came at all.
    public var isEmpty: Bool { header.isEmpty }

    /// Takes the next bytes.
    ///
    /// - Throws: as soon as it is known that the whole is not to be had.
    public mutating func push(_ bytes: UnsafeRawBufferPointer) throws(Fault) {
        var rest = bytes[...]
        while header.count < GRPCFrame.headerSize, let byte = rest.popFirst() {
            header.append(byte)
            if header.count == GRPCFrame.headerSize { try begin() }
        }
        guard rest.count <= length - message.count else { throw .moreThanOne }
        message += rest
    }

    /// Takes the next bytes.
    ///
    /// - Throws: as soon as it is known that the whole is not to be had.
    public mutating func push(_ bytes: [UInt8]) throws(Fault) {
        // Its closure throws no type of its own.
        let result = bytes.withUnsafeBytes { bytes in Result { () throws(Fault) in try push(bytes) } }
        try result.get()
    }

    private mutating func begin() throws(Fault) {
        // Only 0 and 1 have a meaning; neither 1 nor another one is a message as it is.
        guard header[0] == 0 else { throw .compressed }
        length = header[1...].reduce(0) { $0 << 8 | Int($1) }
        guard length <= limit else { throw .tooLarge }
    }

    /// The whole message once there is no more; nil where nothing came.
    ///
    /// - Throws: `cutShort`.
    public func end() throws(Fault) -> [UInt8]? {
        guard !isEmpty else { return nil }
        guard header.count == GRPCFrame.headerSize, message.count == length else { throw .cutShort }
        return message
    }
}
