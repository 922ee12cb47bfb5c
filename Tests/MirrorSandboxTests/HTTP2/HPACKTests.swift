import Testing

@testable import MirrorSandbox

@Suite struct HPACKTests {
    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.filter(\.isHexDigit)
        return stride(from: 0, to: digits.count, by: 2).compactMap { position in
            let start = digits.index(digits.startIndex, offsetBy: position)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16)
        }
    }

    private static let requests: [[HTTP2Field]] = [
        [
            .init(":method", "GET"), .init(":scheme", "http"), .init(":path", "/"),
            .init(":authority", "www.example.com"),
        ],
        [
            .init(":method", "GET"), .init(":scheme", "http"), .init(":path", "/"),
            .init(":authority", "www.example.com"), .init("cache-control", "no-cache"),
        ],
        [
            .init(":method", "GET"), .init(":scheme", "https"), .init(":path", "/index.html"),
            .init(":authority", "www.example.com"), .init("custom-key", "custom-value"),
        ],
    ]

    /// RFC 7541, appendices C.3 and C.4.
    @Test(arguments: [
        [
            "828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ],
        [
            "828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ],
    ]
    )
    func `the requests of the standard are read, plain and in the Huffman code`(blocks: [String]) throws {
        var decoder = HPACKDecoder()
        for (block, fields) in zip(blocks, Self.requests) {
            #expect(try decoder.decode(Self.bytes(block)) == fields)
        }
    }

    /// RFC 7541, appendix C.6, with a table of 256 bytes: older fields have to go.
    @Test func `fields leave the table when newer ones need the room`() throws {
        var decoder = HPACKDecoder(tableLimit: 256)
        let first = try decoder.decode(
            Self.bytes(
                """
                488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff
                6e919d29ad171863c78f0b97c8e9ae82ae43d3
                """
            )
        )
        #expect(first.map(\.value) == ["302", "private", "Mon, 21 Oct 2013 20:13:21 GMT", "https://www.example.com"])
        let second = try decoder.decode(Self.bytes("4883640effc1c0bf"))
        #expect(second.map(\.value) == ["307", "private", "Mon, 21 Oct 2013 20:13:21 GMT", "https://www.example.com"])
        #expect(throws: HTTP2Fault.self) { try decoder.decode(Self.bytes("c2")) }
    }

    @Test func `what is encoded is read again, whatever the bytes`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let text = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            }
            let coded = HuffmanCode.encode(text)
            #expect(HuffmanCode.decode(coded, limit: 300) == text, "seed \(seed)")
            if text.count > 1 { #expect(HuffmanCode.decode(coded, limit: text.count - 1) == nil) }
        }
        var decoder = HPACKDecoder()
        let fields = [HTTP2Field("x", String(repeating: "é", count: 4_000)), HTTP2Field("grpc-status", "0")]
        #expect(try decoder.decode(HPACKEncoder.encode(fields)) == fields)
    }

    @Test(arguments: [
        "80", "c0", "ff", "ffffffffff0f", "40", "4003616263", "400a6162", "0082ffff", "3fe21f", "00818361",
        "8282 3f e1 1f",
    ]
    )
    func `A block that is none is refused`(hex: String) {
        var decoder = HPACKDecoder()
        #expect(throws: HTTP2Fault.self) { try decoder.decode(Self.bytes(hex)) }
    }

    @Test func `A small block cannot become a large list`() throws {
        var decoder = HPACKDecoder()
        let value = String(repeating: "a", count: 4_000)
        let added: [UInt8] = [0x40, 1, 0x78] + HPACKEncoder.integer(value.utf8.count, prefix: 7) + Array(value.utf8)
        #expect(try decoder.decode(added).count == 1)
        #expect(throws: HTTP2Fault.self) { try decoder.decode([UInt8](repeating: 0xBE, count: 1_000)) }
    }
}
