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

    /// The text behind an encoded one; what is no encoding stays as it is.
    package static func decoded(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            let isEncoded = byte == 0x25 && digits.count == 2 && digits.allSatisfy { $0 != 0x2B && $0 != 0x2D }
            if isEncoded, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
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
