import KubeCore
import Testing

@Suite("Protocol buffers")
struct ProtobufTests {
    /// Fields of every kind, and itself within itself.
    struct Sample: Hashable, ProtobufMessage {
        var unsigned: UInt64 = 0
        var signed: Int64 = 0
        var small: Int32 = 0
        var flag = false
        var number = 0.0
        var text = ""
        var bytes: [UInt8] = []
        var count: UInt64?
        var name: String?
        var children: [Sample] = []

        init() {}

        mutating func take(_ field: ProtobufField) throws(KubeError) {
            switch field.number {
            case 1: field.read(into: &unsigned)
            case 2: field.read(into: &signed)
            case 3: field.read(into: &small)
            case 4: field.read(into: &flag)
            case 5: field.read(into: &number)
            case 6: try field.read(into: &text)
            case 7: field.read(into: &bytes)
            case 15: field.read(into: &count)
            case 16: try field.read(into: &name)
            case 536_870_911:
                var child = Sample()
                try field.read(into: &child)
                children.append(child)
            default: break
            }
        }

        func write(to writer: inout ProtobufWriter) {
            writer.write(1, unsigned)
            writer.write(2, signed)
            writer.write(3, Int64(small))
            writer.write(4, flag)
            writer.write(5, number)
            writer.write(6, text)
            writer.write(7, bytes)
            writer.write(15, count)
            writer.write(16, name)
            for child in children { writer.write(536_870_911, child) }
        }
    }

    /// What can be read of it, or why it can't.
    private static func outcome(_ bytes: [UInt8], atMost limit: Int = 1 << 20) -> Result<Sample, KubeError> {
        Result { () throws(KubeError) in try Sample(protobuf: bytes, atMost: limit) }
    }

    private static func why(_ bytes: [UInt8]) -> String? {
        if case .failure(let error) = outcome(bytes) { error.message } else { nil }
    }

    // From protobuf.dev, "Encoding": 150 as field 1, "testing" as field 2 of other messages.
    @Test("The examples of the encoding's own page are read and written")
    func examples() throws {
        var sample = Sample()
        sample.unsigned = 150
        #expect(sample.protobuf == [0x08, 0x96, 0x01])
        #expect(try Sample(protobuf: [0x08, 0x96, 0x01]) == sample)
        sample = Sample()
        sample.text = "testing"
        #expect(sample.protobuf == [0x32, 7, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
        sample = Sample()
        sample.signed = -2
        #expect(sample.protobuf == [0x10, 0xFE] + [UInt8](repeating: 0xFF, count: 8) + [1])
        sample = Sample()
        sample.number = -0.0
        #expect(sample.protobuf == [0x29, 0, 0, 0, 0, 0, 0, 0, 0x80])
    }

    @Test("A default is left out, but for a field that may be absent")
    func defaults() throws {
        #expect(Sample().protobuf == [])
        var sample = Sample()
        (sample.count, sample.name) = (0, "")
        #expect(sample.protobuf == [0x78, 0, 0x82, 1, 0])
        #expect(try Sample(protobuf: sample.protobuf) == sample)
    }

    @Test("The last of several values counts, and parts of a message come together")
    func merging() throws {
        #expect(try Sample(protobuf: [8, 1, 8, 2]).unsigned == 2)
        var nested: Sample?
        var reader = try ProtobufReader([0x0A, 2, 8, 1, 0x0A, 2, 0x20, 1])
        while let field = try reader.next() { try field.read(into: &nested) }
        #expect(nested?.unsigned == 1 && nested?.flag == true)
    }

    @Test(
        "Fields that nobody knows are passed over, and so is a known one of another type",
        arguments: [
            [0x40, 1], [0x41, 1, 2, 3, 4, 5, 6, 7, 8], [0x42, 3, 1, 2, 3], [0x45, 1, 2, 3, 4],
            [0x09, 1, 2, 3, 4, 5, 6, 7, 8], [0x0A, 0], [0x0D, 1, 2, 3, 4], [0x28, 1], [0x30, 1], [0x78 | 2, 1, 0],
        ] as [[UInt8]]
    )
    func unknown(bytes: [UInt8]) throws {
        #expect(try Sample(protobuf: bytes) == Sample())
        #expect(try Sample(protobuf: bytes + [8, 7]).unsigned == 7)
    }

    @Test(
        "What is broken is named",
        arguments: [
            ([8], "it ends within a number"), ([8, 0x80], "it ends within a number"),
            ([8] + [UInt8](repeating: 0x80, count: 10), "a number has more than 64 bits"),
            ([8] + [UInt8](repeating: 0xFF, count: 9) + [2], "a number has more than 64 bits"),
            ([0x00, 1], "a field has no valid number"),
            ([0xF8, 0xFF, 0xFF, 0xFF, 0x1F, 1], "a field has no valid number"),
            ([0x0B], "it holds a group"), ([0x0C], "it holds a group"), ([0x0E], "a field has an unknown wire type"),
            ([0x0F], "a field has an unknown wire type"),
            ([0x32, 2, 0x61], "a field is longer than what is left of it"),
            ([0x32] + [UInt8](repeating: 0xFF, count: 9) + [1], "a field is longer than what is left of it"),
            ([0x29, 1, 2], "a field is longer than what is left of it"), ([0x32, 1, 0xFF], "a text is no UTF-8"),
        ] as [([UInt8], String)]
    )
    func broken(bytes: [UInt8], why: String) {
        #expect(Self.why(bytes) == "the protobuf message is broken: \(why)")
    }

    @Test("Messages within each other are followed to a depth, and no message is longer than allowed")
    func bounds() throws {
        func nested(_ depth: Int) -> Sample {
            var sample = Sample()
            for _ in 0..<depth {
                var outer = Sample()
                outer.children = [sample]
                sample = outer
            }
            return sample
        }
        let deepest = nested(ProtobufReader.depthLimit)
        #expect(try Sample(protobuf: deepest.protobuf) == deepest)
        #expect(
            Self.why(nested(ProtobufReader.depthLimit + 1).protobuf)
                == "the protobuf message is broken: it holds more than 100 messages within each other"
        )
        #expect(throws: KubeError.self) { try Sample(protobuf: [8, 1], atMost: 1) }
        #expect(throws: Never.self) { try Sample(protobuf: [8, 1], atMost: 2) }
    }

    @Test("What is written is read again, and mutated bytes never crash", arguments: [UInt64.random(in: 0..<1_000_000)])
    func random(seed: UInt64) throws {
        var draws = SplitMix(seed: seed)
        for _ in 0..<2_000 {
            let sample = Self.draw(&draws, depth: 3)
            let bytes = sample.protobuf
            #expect(try Sample(protobuf: bytes) == sample)
            var mutated = bytes
            for _ in 0...Int.random(in: 0..<4, using: &draws) where !mutated.isEmpty {
                mutated[Int.random(in: 0..<mutated.count, using: &draws)] = .random(in: 0...255, using: &draws)
            }
            // What can still be read is read the same when it is written anew.
            guard case .success(let read) = Self.outcome(mutated) else { continue }
            #expect(try Sample(protobuf: read.protobuf).protobuf == read.protobuf)
        }
    }

    private static func draw(_ draws: inout SplitMix, depth: Int) -> Sample {
        var sample = Sample()
        func maybe() -> Bool { .random(using: &draws) }
        if maybe() {
            sample.unsigned = .random(in: 0 ... .max >> UInt64.random(in: 0..<64, using: &draws), using: &draws)
        }
        if maybe() { sample.signed = .random(in: .min ... .max, using: &draws) }
        if maybe() { sample.small = .random(in: .min ... .max, using: &draws) }
        sample.flag = maybe()
        if maybe() { sample.number = .random(in: -1e300...1e300, using: &draws) }
        if maybe() { sample.text = String((0..<9).map { _ in "aß語\u{0}🙂".randomElement(using: &draws) ?? "a" }) }
        if maybe() { sample.bytes = (0..<200).map { _ in .random(in: 0...255, using: &draws) } }
        if maybe() { sample.count = maybe() ? 0 : 1 }
        if maybe() { sample.name = maybe() ? "" : "n" }
        if depth > 0, maybe() { sample.children = (0..<2).map { _ in draw(&draws, depth: depth - 1) } }
        return sample
    }
}

/// A small generator whose whole state is its seed, so that a failure can be run again from it.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
