/// A value that has a form in protocol buffers.
public protocol ProtobufWritable: Sendable {
    /// Writes the fields.
    func write(to writer: inout ProtobufWriter)
}

extension ProtobufWritable {
    /// Its bytes.
    public var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// A value that can also be read from that form.
public protocol ProtobufMessage: ProtobufWritable {
    /// The message in which every field has its default.
    init()

    /// Takes over what one field says; does nothing for a field that it does not know.
    ///
    /// Where a field comes more than once the last one counts, of a message within this one each of its fields.
    ///
    /// - Throws: `KubeError` with code `decoding` or `tooLarge`.
    mutating func take(_ field: ProtobufField) throws(KubeError)
}

extension ProtobufMessage {
    /// Reads a message.
    ///
    /// - Throws: `KubeError` with code `decoding` where the bytes are no such message, `tooLarge` where there are more
    ///   than `limit`.
    public init(protobuf bytes: [UInt8], atMost limit: Int = ProtobufReader.defaultLimit) throws(KubeError) {
        self.init()
        var reader = try ProtobufReader(bytes, atMost: limit)
        try take(&reader)
    }

    /// Takes over all fields that are left.
    ///
    /// - Throws: as `take` for one of them, or where the bytes are broken.
    public mutating func take(_ reader: inout ProtobufReader) throws(KubeError) {
        while let field = try reader.next() { try take(field) }
    }
}

extension ProtobufField {
    /// Reads a message over what `target` holds already; where it holds none, over one with defaults.
    ///
    /// - Throws: as reading the message does.
    public func read<Message: ProtobufMessage>(into target: inout Message?) throws(KubeError) {
        guard var reader = try message() else { return }
        var merged = target ?? Message()
        try merged.take(&reader)
        target = merged
    }

    /// Reads a message over what `target` holds already.
    ///
    /// - Throws: as reading the message does.
    public func read<Message: ProtobufMessage>(into target: inout Message) throws(KubeError) {
        guard var reader = try message() else { return }
        try target.take(&reader)
    }
}

/// The message without fields, such as `google.protobuf.Empty`.
public struct ProtobufEmpty: ProtobufMessage, Hashable {
    /// Creates it.
    public init() {}

    /// Passes over everything.
    public mutating func take(_ field: ProtobufField) {}

    /// Writes nothing.
    public func write(to writer: inout ProtobufWriter) {}
}
