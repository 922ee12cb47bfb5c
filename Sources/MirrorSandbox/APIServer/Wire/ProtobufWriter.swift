/// The little of the Protocol Buffers encoding that a document of strings and messages needs.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    private mutating func variable(_ value: Int) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// A field of bytes: a string or a message.
    mutating func field(_ number: Int, _ value: [UInt8]) {
        variable(number << 3 | 2)
        variable(value.count)
        bytes += value
    }

    mutating func field(_ number: Int, _ text: String) { field(number, Array(text.utf8)) }

    mutating func field(_ number: Int, _ build: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        build(&message)
        field(number, message.bytes)
    }
}
