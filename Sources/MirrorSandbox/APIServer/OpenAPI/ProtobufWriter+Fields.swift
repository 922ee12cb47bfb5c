import KubeCore

/// Fields of a document of texts, numbers and messages, each written whatever it holds: a default that stands in the
/// document is to stand in the message.
extension ProtobufWriter {
    mutating func field(_ number: Int, _ text: String) { write(number, text, evenDefault: true) }

    mutating func field(_ number: Int, _ build: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        build(&message)
        write(number, message.bytes, evenDefault: true)
    }

    mutating func field(_ number: Int, _ value: Int64) { write(number, value, evenDefault: true) }

    mutating func field(_ number: Int, _ flag: Bool) { write(number, flag, evenDefault: true) }

    mutating func field(_ number: Int, _ value: Double) { write(number, value, evenDefault: true) }
}
