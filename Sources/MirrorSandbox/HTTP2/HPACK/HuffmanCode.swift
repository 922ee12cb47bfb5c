/// The Huffman code of HPACK.
///
/// The code is canonical: codes of one length follow each other in the order of their symbols, so that the lengths say
/// everything. Source of the lengths: RFC 7541, appendix B.
package enum HuffmanCode {
    /// Bits of the code of each byte; the last one is that of the end of a string.
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15,
        6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22,
        20,
        20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23,
        24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22,
        22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27,
        24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26,
        26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
    ]

    private static let endOfString = 256

    /// The codes of one length: the first one, and where the symbols of the length begin.
    private struct Row {
        var first: UInt32
        var count: UInt32
        var offset: Int
    }

    /// Symbols in the order of their codes.
    private static let symbols = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }

    private static let rows: [Row] = {
        var rows = [Row](repeating: Row(first: 0, count: 0, offset: 0), count: 31)
        var code: UInt32 = 0
        var offset = 0
        for length in 1...30 {
            code <<= 1
            let count = lengths.count { Int($0) == length }
            rows[length] = Row(first: code, count: UInt32(count), offset: offset)
            code += UInt32(count)
            offset += count
        }
        return rows
    }()

    /// Decodes a string; nil where it is none in this code, or longer than `limit`.
    package static func decode(_ bytes: some Sequence<UInt8>, limit: Int) -> [UInt8]? {
        var result: [UInt8] = []
        var code: UInt32 = 0
        var length = 0
        for byte in bytes {
            for shift in stride(from: 7, through: 0, by: -1) {
                code = code << 1 | UInt32(byte >> UInt8(shift) & 1)
                length += 1
                guard length <= 30 else { return nil }
                let row = rows[length]
                guard code >= row.first, code - row.first < row.count else { continue }
                let symbol = symbols[row.offset + Int(code - row.first)]
                // An explicit end of string is an error, section 5.2.
                guard symbol != endOfString, result.count < limit else { return nil }
                result.append(UInt8(symbol))
                code = 0
                length = 0
            }
        }
        // Padding is less than a byte, and the beginning of the end of string: all ones.
        guard length < 8, code == (1 << UInt32(length)) - 1 else { return nil }
        return result
    }

    /// Encodes a string, for tests and for whom it saves something.
    package static func encode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var bits: UInt64 = 0
        var count = 0
        for byte in bytes {
            let length = Int(lengths[Int(byte)])
            bits = bits << UInt64(length) | UInt64(code(of: Int(byte), length))
            count += length
            while count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt64(count)))
            }
        }
        if count > 0 { result.append(UInt8(truncatingIfNeeded: bits << UInt64(8 - count)) | UInt8(0xFF >> count)) }
        return result
    }

    private static func code(of symbol: Int, _ length: Int) -> UInt32 {
        let before = lengths[..<symbol].count { Int($0) == length }
        return rows[length].first + UInt32(before)
    }
}
