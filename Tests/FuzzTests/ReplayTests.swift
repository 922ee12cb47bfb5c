import Foundation
import Testing

/// What hack/fuzz begins with, and what it has found, once more; and a few inputs beside that.
///
/// `FUZZ_SEED` says from which seed on those are drawn.
@Suite("What comes from outside is read or refused")
struct ReplayTests {
    private static let seed =
        ProcessInfo.processInfo.environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1 << 30)

    private static func seeds(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map { name in
            (name, [UInt8](try Data(contentsOf: folder.appending(path: name))))
        }
    }

    @Test("The seeds of each reader, of which it reads some", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        var outcomes: Set<FuzzTarget.Outcome> = []
        for seed in try Self.seeds(target) {
            let outcome = target.run(seed.bytes)
            if case .wrong(let what) = outcome { Issue.record("\(seed.name): \(what)") }
            outcomes.insert(outcome)
        }
        #expect(outcomes.contains(.read))
    }

    @Test("Random changes of them", arguments: FuzzTarget.allCases, [seed])
    func change(target: FuzzTarget, seed: UInt64) throws {
        let seeds = try Self.seeds(target).map(\.bytes)
        let runs = target == .plan ? 60 : 1_000
        for index in 0..<runs {
            var dice = Dice(state: seed &+ UInt64(index))
            let input = dice.changed(dice.element(of: seeds), longest: target.longestInput)
            if case .wrong(let what) = target.run(input) { Issue.record("\(what): \(input)") }
        }
    }
}

/// SplitMix64.
private struct Dice {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }

    mutating func element(of list: [[UInt8]]) -> [UInt8] { list[below(list.count)] }

    /// A few bytes are others, gone, or there twice.
    mutating func changed(_ bytes: [UInt8], longest: Int) -> [UInt8] {
        var bytes = bytes
        for _ in 0...below(5) {
            let position = below(bytes.count + 1)
            switch below(5) {
            case 0: bytes.insert(UInt8(truncatingIfNeeded: next()), at: position)
            case 1: bytes.removeSubrange(position..<min(bytes.count, position + below(8)))
            case 2: bytes.insert(contentsOf: bytes.dropFirst(below(bytes.count)).prefix(below(24)), at: position)
            case 3: bytes.insert(contentsOf: [0xFF, 0x39, 0x2D, 0x7B, 0x5B].prefix(1 + below(5)), at: position)
            default:
                guard position < bytes.count else { continue }
                bytes[position] ^= 1 << UInt8(below(8))
            }
        }
        return Array(bytes.prefix(longest))
    }
}
