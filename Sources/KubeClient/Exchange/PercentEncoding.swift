/// Percent-encoding of paths and queries (RFC 3986).
package enum PercentEncoding {
    /// A path; its slashes part segments and stay.
    package static func path(_ text: String) -> String {
        encode(text) { isUnreserved($0) || "/:@!$&'()*+,;=".utf8.contains($0) }
    }

    /// A name or a value of a query: only what no server reads as syntax stays, so that `+` is never read as a space.
    package static func query(_ text: String) -> String {
        encode(text, keeping: isUnreserved)
    }

    private static func encode(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isKept(byte) {
                bytes.append(byte)
            } else {
                bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}
