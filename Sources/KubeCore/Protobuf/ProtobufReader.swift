/// Reads a message of protocol buffers field by field, straight from its bytes.
///
/// No bytes can crash it: each length is held against what is left before it is used, and each byte is read once.
/// Unknown fields are the caller's to pass over, by doing nothing. Groups (wire types 3 and 4), which proto3 does not
/// have, are refused. Source of the encoding: protocolbuffers/protobuf `docs/encoding` on protobuf.dev.
///
/// What it throws says what is broken and not where, so that the same cause has the same words.
public struct ProtobufReader: Sendable {
    /// Bytes of the longest message that is taken by default; protocol buffers themselves end at 2 GiB.
    public static let defaultLimit = 64 << 20
    /// Messages within messages that are followed; as upstream's readers (`CodedInputStream`, 100).
    public static let depthLimit = 100

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int
    private let depth: Int

    /// Begins at the first field of a message.
    ///
    /// - Throws: `KubeError` with code `tooLarge` where the message is longer than `limit` bytes.
    public init(_ bytes: [UInt8], atMost limit: Int = defaultLimit) throws(KubeError) {
        guard bytes.count <= limit else {
            throw KubeError(.tooLarge, "the protobuf message has \(bytes.count) bytes, and at most \(limit) are read")
        }
        self.bytes = bytes
        position = 0
        end = bytes.count
        depth = 0
    }

    /// A reader of a part of another one's bytes, which are not copied.
    fileprivate init(_ bytes: [UInt8], _ range: Range<Int>, depth: Int) throws(KubeError) {
        guard depth <= Self.depthLimit else {
            throw Self.broken("it holds more than \(Self.depthLimit) messages within each other")
        }
        self.bytes = bytes
        (position, end) = (range.lowerBound, range.upperBound)
        self.depth = depth
    }

    /// The next field; nil at the end of the message.
    ///
    /// - Throws: `KubeError` with code `decoding` where the bytes are no field. The reader is at its end then.
    public mutating func next() throws(KubeError) -> ProtobufField? {
        guard position < end else { return nil }
        do throws(KubeError) {
            return try field()
        } catch {
            position = end
            throw error
        }
    }

    private mutating func field() throws(KubeError) -> ProtobufField {
        let tag = try varint()
        // A number has 29 bits.
        guard tag <= UInt64(UInt32.max), tag >> 3 > 0 else { throw Self.broken("a field has no valid number") }
        let number = Int(tag >> 3)
        let value: ProtobufField.Value =
            switch tag & 7 {
            case 0: .varint(try varint())
            case 1: .fixed64(try fixed(8))
            case 2: .bytes(bytes[try take(try varint())])
            case 5: .fixed32(UInt32(truncatingIfNeeded: try fixed(4)))
            case 3, 4: throw Self.broken("it holds a group")
            default: throw Self.broken("a field has an unknown wire type")
            }
        return ProtobufField(number: number, value: value, of: bytes, depth: depth)
    }

    /// The places of so many bytes that come next.
    private mutating func take(_ count: UInt64) throws(KubeError) -> Range<Int> {
        guard count <= UInt64(end - position) else { throw Self.broken("a field is longer than what is left of it") }
        let begin = position
        position += Int(count)
        return begin..<position
    }

    private mutating func fixed(_ count: UInt64) throws(KubeError) -> UInt64 {
        var value: UInt64 = 0
        for index in try take(count).reversed() { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    /// At most ten bytes with seven bits each; bits beyond the 64th are refused, as Go's reader does
    /// (`encoding/protowire`, `ConsumeVarint`).
    private mutating func varint() throws(KubeError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            guard position < end else { throw Self.broken("it ends within a number") }
            let byte = bytes[position]
            position += 1
            guard shift < 63 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Self.broken("a number has more than 64 bits")
    }

    fileprivate static func broken(_ what: String) -> KubeError {
        KubeError(.decoding, "the protobuf message is broken: \(what)")
    }
}

/// One field of a message as it stands in its bytes.
///
/// `read` takes a value over where the field has the wire type of it, and leaves everything as it is otherwise: a field
/// of another type is an unknown one, as for upstream's readers.
public struct ProtobufField: Sendable {
    /// What the four wire types hold.
    public enum Value: Hashable, Sendable {
        /// Wire type 0: all integers but the fixed ones, booleans, enumerations.
        case varint(UInt64)
        /// Wire type 1: fixed64, sfixed64, double.
        case fixed64(UInt64)
        /// Wire type 2: text, bytes, a message, packed numbers.
        case bytes(ArraySlice<UInt8>)
        /// Wire type 5: fixed32, sfixed32, float.
        case fixed32(UInt32)
    }

    /// Number of the field, from 1 to 2^29 - 1.
    public let number: Int
    /// Its value.
    public let value: Value
    /// What the value is a part of.
    private let whole: [UInt8]
    private let depth: Int

    fileprivate init(number: Int, value: Value, of whole: [UInt8], depth: Int) {
        self.number = number
        self.value = value
        self.whole = whole
        self.depth = depth
    }

    /// Reads a `uint64`.
    public func read(into target: inout UInt64) {
        if case .varint(let bits) = value { target = bits }
    }

    /// Reads an `int64`.
    public func read(into target: inout Int64) {
        if case .varint(let bits) = value { target = Int64(bitPattern: bits) }
    }

    /// Reads a `uint32`; more bits than it has are dropped, as upstream drops them.
    public func read(into target: inout UInt32) {
        if case .varint(let bits) = value { target = UInt32(truncatingIfNeeded: bits) }
    }

    /// Reads an `int32` or an enumeration; a negative one has ten bytes, of which the upper ones are dropped.
    public func read(into target: inout Int32) {
        if case .varint(let bits) = value { target = Int32(truncatingIfNeeded: bits) }
    }

    /// Reads a `bool`.
    public func read(into target: inout Bool) {
        if case .varint(let bits) = value { target = bits != 0 }
    }

    /// Reads a `double`; it may be infinite or no number.
    public func read(into target: inout Double) {
        if case .fixed64(let bits) = value { target = Double(bitPattern: bits) }
    }

    /// Reads `bytes`.
    public func read(into target: inout [UInt8]) {
        if case .bytes(let bytes) = value { target = Array(bytes) }
    }

    /// Reads a `string`.
    ///
    /// - Throws: `KubeError` with code `decoding` where it is no UTF-8.
    public func read(into target: inout String) throws(KubeError) {
        guard case .bytes(let bytes) = value else { return }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ProtobufReader.broken("a text is no UTF-8")
        }
        target = text
    }

    /// A reader of the message that the field holds; nil where it holds none.
    ///
    /// - Throws: `KubeError` with code `decoding` where it lies deeper than `ProtobufReader.depthLimit`.
    public func message() throws(KubeError) -> ProtobufReader? {
        guard case .bytes(let bytes) = value else { return nil }
        // A slice keeps the places of what it was taken from.
        return try ProtobufReader(whole, bytes.startIndex..<bytes.endIndex, depth: depth + 1)
    }

    /// Reads an `optional uint64`.
    public func read(into target: inout UInt64?) {
        if case .varint(let bits) = value { target = bits }
    }

    /// Reads an `optional string`.
    ///
    /// - Throws: `KubeError` with code `decoding` where it is no UTF-8.
    public func read(into target: inout String?) throws(KubeError) {
        guard case .bytes = value else { return }
        var text = ""
        try read(into: &text)
        target = text
    }
}
