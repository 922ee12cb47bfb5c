import KubeCore
import MirrorAPI
import MirrorOperator
import Synchronization
import Testing

@Suite("What is wrong with a specification is judged once")
struct ValidationMemoryTests {
    private final class Counted: Sendable {
        let count = Mutex(0)

        func judge(_ mirror: P2PMirror) -> [FieldViolation] {
            count.withLock { $0 += 1 }
            return [FieldViolation(path: "spec", message: "\(mirror.metadata.generation ?? 0)")]
        }
    }

    private static func mirror(_ name: String = "m", uid: String = "u", generation: Int64?) -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: name, uid: uid, generation: generation),
            spec: P2PMirrorSpec(provider: .rke2)
        )
    }

    @Test("again only for another generation, another object of that name, or one whose generation is not known")
    func generations() {
        let judge = Counted()
        let memory = ValidationMemory(judge.judge)
        for _ in 0..<3 { #expect(memory.violations(of: Self.mirror(generation: 1)).map(\.message) == ["1"]) }
        #expect(judge.count.withLock(\.self) == 1)
        #expect(memory.violations(of: Self.mirror(generation: 2)).map(\.message) == ["2"])
        #expect(memory.violations(of: Self.mirror(uid: "v", generation: 2)).map(\.message) == ["2"])
        #expect(judge.count.withLock(\.self) == 3)
        for _ in 0..<2 { _ = memory.violations(of: Self.mirror(generation: nil)) }
        #expect(judge.count.withLock(\.self) == 5)
        memory.keep([ObjectKey(name: "other")])
        _ = memory.violations(of: Self.mirror(uid: "v", generation: 2))
        #expect(judge.count.withLock(\.self) == 6)
    }
}
