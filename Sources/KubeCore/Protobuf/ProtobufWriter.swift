/// Writes a message of protocol buffers, in the order of the calls.
///
/// As proto3 wants it, a field that has its default (0, false, empty) is left out. A field that is declared `optional`
/// is written whatever it holds; pass `evenDefault` for one. Field numbers are from 1 to 2^29 - 1; another one is a
/// mistake in the program and traps.
public struct ProtobufWriter: Sendable {
    /// What was written until now.
    public private(set) var bytes: [UInt8] = []

    /// Begins an empty message.
    public init() {}

    /// Writes a `uint64` or a `uint32`.
    public mutating func write(_ number: Int, _ value: UInt64, evenDefault: Bool = false) {
        guard value != 0 || evenDefault else { return }
        tag(number, 0)
        varint(value)
    }

    /// Writes an `int64`, an `int32` or an enumeration; a negative one takes ten bytes.
    public mutating func write(_ number: Int, _ value: Int64, evenDefault: Bool = false) {
        write(number, UInt64(bitPattern: value), evenDefault: evenDefault)
    }

    /// Writes a `bool`.
    public mutating func write(_ number: Int, _ value: Bool, evenDefault: Bool = false) {
        write(number, value ? 1 as UInt64 : 0, evenDefault: evenDefault)
    }

    /// Writes a `double`.
    public mutating func write(_ number: Int, _ value: Double, evenDefault: Bool = false) {
        // Minus zero is not the default.
        guard value.bitPattern != 0 || evenDefault else { return }
        tag(number, 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
        }
    }

    /// Writes a `string`.
    public mutating func write(_ number: Int, _ value: String, evenDefault: Bool = false) {
        write(number, Array(value.utf8), evenDefault: evenDefault)
    }

    /// Writes `bytes`.
    public mutating func write(_ number: Int, _ value: [UInt8], evenDefault: Bool = false) {
        guard !value.isEmpty || evenDefault else { return }
        tag(number, 2)
        varint(UInt64(value.count))
        bytes += value
    }

    /// Writes an `optional uint64`, also 0; nothing for nil.
    public mutating func write(_ number: Int, _ value: UInt64?) {
        if let value { write(number, value, evenDefault: true) }
    }

    /// Writes an `optional string`, also an empty one; nothing for nil.
    public mutating func write(_ number: Int, _ value: String?) {
        if let value { write(number, value, evenDefault: true) }
    }

    /// Writes a message within this one, also an empty one: that it is there says something.
    public mutating func write(_ number: Int, _ message: some ProtobufWritable) {
        write(number, message.protobuf, evenDefault: true)
    }

    private mutating func tag(_ number: Int, _ wireType: UInt64) {
        precondition((1..<1 << 29).contains(number), "no field of protocol buffers has the number \(number)")
        varint(UInt64(number) << 3 | wireType)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
