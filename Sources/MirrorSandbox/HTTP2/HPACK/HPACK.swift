/// Reads the header blocks of one direction of a connection: each depends on those before it.
package struct HPACKDecoder {
    /// Bytes of a header list, counted as RFC 7541 counts them.
    package static let listLimit = 64 << 10

    private var table: HPACKTable

    /// - Parameter tableLimit: what our SETTINGS allow the sender's table.
    package init(tableLimit: Int = 4_096) { table = HPACKTable(limit: tableLimit) }

    /// The fields of a block.
    ///
    /// - Throws: `HTTP2Fault` for what is no block, or too large a list; the connection is of no use then.
    package mutating func decode(_ block: [UInt8]) throws(HTTP2Fault) -> [HTTP2Field] {
        var bytes = HPACKBytes(block)
        var fields: [HTTP2Field] = []
        var size = 0
        while let first = bytes.first {
            if first & 0xE0 == 0x20 {
                // Sizes change at the beginning of a block only, section 4.2.
                let capacity = try bytes.integer(prefix: 5)
                guard fields.isEmpty, table.resize(to: capacity) else { throw Self.fault("size of the table") }
                continue
            }
            let field = try field(first, &bytes)
            size += field.size
            guard size <= Self.listLimit else { throw HTTP2Fault(.enhanceYourCalm, "the header list is too large") }
            fields.append(field)
        }
        return fields
    }

    private mutating func field(_ first: UInt8, _ bytes: inout HPACKBytes) throws(HTTP2Fault) -> HTTP2Field {
        if first & 0x80 != 0 {
            let index = try bytes.integer(prefix: 7)
            guard let field = table[index] else { throw Self.fault("index \(index)") }
            return field
        }
        let isAdded = first & 0x40 != 0
        let index = try bytes.integer(prefix: isAdded ? 6 : 4)
        var name = try index == 0 ? bytes.string() : ""
        if index > 0 {
            guard let known = table[index] else { throw Self.fault("index \(index)") }
            name = known.name
        }
        let field = HTTP2Field(name, try bytes.string())
        if isAdded { table.add(field) }
        return field
    }

    static func fault(_ what: String) -> HTTP2Fault { HTTP2Fault(.compressionError, "a header block: \(what)") }
}

/// The parts of a block.
private struct HPACKBytes {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var first: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func next() throws(HTTP2Fault) -> UInt8 {
        guard let byte = first else { throw HPACKDecoder.fault("it ends early") }
        position += 1
        return byte
    }

    /// RFC 7541, section 5.1; no number here needs more than 28 bits.
    mutating func integer(prefix bits: UInt8) throws(HTTP2Fault) -> Int {
        let most = (1 << Int(bits)) - 1
        var value = Int(try next()) & most
        guard value == most else { return value }
        for shift in stride(from: 0, to: 28, by: 7) {
            let byte = try next()
            value += Int(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw HPACKDecoder.fault("a number is too large")
    }

    mutating func string() throws(HTTP2Fault) -> String {
        let isHuffman = (first ?? 0) & 0x80 != 0
        let length = try integer(prefix: 7)
        guard length <= bytes.count - position else { throw HPACKDecoder.fault("a string ends early") }
        let raw = bytes[position..<position + length]
        position += length
        guard isHuffman else { return String(decoding: raw, as: UTF8.self) }
        guard let plain = HuffmanCode.decode(raw, limit: HPACKDecoder.listLimit) else {
            throw HPACKDecoder.fault("a string is not in the Huffman code")
        }
        return String(decoding: plain, as: UTF8.self)
    }
}

/// Writes header blocks that need no table: names and values as they are.
package enum HPACKEncoder {
    package static func encode(_ fields: [HTTP2Field]) -> [UInt8] {
        fields.reduce(into: []) { bytes, field in
            // A literal that nobody is to add to a table.
            bytes.append(0)
            append(field.name, to: &bytes)
            append(field.value, to: &bytes)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes += integer(text.utf8.count, prefix: 7)
        bytes += Array(text.utf8)
    }

    static func integer(_ value: Int, prefix bits: UInt8) -> [UInt8] {
        let most = (1 << Int(bits)) - 1
        guard value >= most else { return [UInt8(value)] }
        var bytes = [UInt8(most)]
        var rest = value - most
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}
