/// The part of the Protocol Buffers encoding that a document of texts, numbers and messages needs.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private mutating func tag(_ number: Int, _ wireType: Int) { variable(UInt64(number << 3 | wireType)) }

    /// A field of bytes: a string or a message.
    mutating func field(_ number: Int, _ value: [UInt8]) {
        tag(number, 2)
        variable(UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: Int, _ text: String) { field(number, Array(text.utf8)) }

    mutating func field(_ number: Int, _ build: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        build(&message)
        field(number, message.bytes)
    }

    mutating func field(_ number: Int, _ value: Int64) {
        tag(number, 0)
        variable(UInt64(bitPattern: value))
    }

    mutating func field(_ number: Int, _ flag: Bool) { field(number, flag ? 1 : 0 as Int64) }

    mutating func field(_ number: Int, _ value: Double) {
        tag(number, 1)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
        }
    }
}
