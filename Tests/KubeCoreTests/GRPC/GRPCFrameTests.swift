import KubeCore
import Testing

@Suite("Frames of gRPC")
struct GRPCFrameTests {
    /// The message, or why there is none, however the bytes are cut.
    private static func read(_ bytes: [UInt8], limit: Int = 1000, by size: Int) -> Result<
        [UInt8]?, GRPCFrameReader.Fault
    > {
        Result { () throws(GRPCFrameReader.Fault) in
            var reader = GRPCFrameReader(limit: limit)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try reader.push(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            return try reader.end()
        }
    }

    @Test(
        "A message is framed and read, however it is cut",
        arguments: [0, 1, 4, 5, 6, 255, 256, 1000],
        [1, 2, 5, 7, 2000]
    )
    func roundTrip(count: Int, size: Int) throws {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let frame = try #require(GRPCFrame.encoded(message))
        #expect(frame.count == count + 5)
        #expect(Self.read(frame, by: size) == .success(message))
    }

    @Test("The length is in big-endian order")
    func order() {
        #expect(GRPCFrame.encoded([UInt8](repeating: 9, count: 258))?.prefix(6) == [0, 0, 0, 1, 2, 9])
    }

    @Test(
        "What is no single message is named",
        arguments: [
            ([1, 0, 0, 0, 1, 9], .compressed), ([2, 0, 0, 0, 1, 9], .compressed), ([0, 0, 0, 0], .cutShort),
            ([0, 0, 0, 0, 2, 9], .cutShort), ([0, 0, 0, 0, 1, 9, 0], .moreThanOne),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .moreThanOne), ([0, 0, 0, 3, 0xE9], .tooLarge),
            ([0, 0xFF, 0xFF, 0xFF, 0xFF], .tooLarge),
        ] as [([UInt8], GRPCFrameReader.Fault)],
        [1, 3, 100]
    )
    func faults(row: ([UInt8], GRPCFrameReader.Fault), size: Int) {
        #expect(Self.read(row.0, by: size) == .failure(row.1))
    }

    @Test("Nothing is not an empty message")
    func nothing() {
        #expect(Self.read([], by: 1) == .success(nil))
        #expect(Self.read([0, 0, 0, 0, 0], by: 1) == .success([]))
    }
}
