/// What a JSON document costs to read, estimated from its text before anything is read.
///
/// A document of a few megabytes may hold millions of values, and each takes tens of bytes in memory: `[[],[],...]`
/// takes thirty times its own length. Objects of an API server have a value in about twenty bytes.
enum JSONWeight {
    /// The most that is read, which takes about 65 MB while it is. A page of 500 pods of 9 kB weighs less than half.
    static let limit = 600_000
    /// Shorter documents can't weigh enough to matter.
    static let exempt = 1 << 18

    /// Commas, colons and brackets outside of strings; braces count threefold, as objects cost more.
    static func weigh(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            var weight = 0
            var index = 0
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["): weight += 1
                case UInt8(ascii: "{"): weight += 3
                case UInt8(ascii: "\""): index = end(ofString: index, bytes)
                default: break
                }
                index += 1
            }
            return weight
        }
    }

    private static func end(ofString start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var index = start + 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return index
    }

    /// Refuses a document that costs too much.
    ///
    /// - Throws: `KubeError` with code `tooLarge`.
    static func check(_ bytes: [UInt8]) throws(KubeError) {
        guard bytes.count > exempt else { return }
        let weight = weigh(bytes)
        guard weight <= limit else {
            throw KubeError(
                .tooLarge,
                "a JSON document of \(bytes.count) bytes holds about \(weight) values and names; at most \(limit) are "
                    + "read"
            )
        }
    }
}

/// Reads long documents, one after the other: each may need much of the memory that there is for all of them.
actor LongDocuments {
    static let shared = LongDocuments()

    func decode<Value: Decodable & SendableMetatype>(
        _ type: Value.Type,
        from bytes: [UInt8]
    ) throws(KubeError) -> sending Value {
        try JSONCoding.decode(type, from: bytes)
    }
}
