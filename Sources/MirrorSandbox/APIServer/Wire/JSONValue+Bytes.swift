import KubeCore

extension JSONValue {
    /// JSON text with sorted keys. What the server holds came in as JSON and can always be written as such again.
    var bytes: [UInt8] { (try? JSONCoding.encode(self)) ?? Array("null".utf8) }

    /// JSON text with sorted keys.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
