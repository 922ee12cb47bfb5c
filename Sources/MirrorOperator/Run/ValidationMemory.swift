package import KubeCore
package import MirrorAPI
package import MirrorPlanner
import Synchronization

/// Remembers what is wrong with a mirror's specification for as long as it is the same one.
///
/// To judge one is to write it as JSON and to go through the whole schema; the server counts a generation for each
/// change of a specification, and the answer rests on nothing else but the name.
package final class ValidationMemory: Sendable {
    private struct Answer {
        var uid: String?
        var generation: Int64
        var violations: [FieldViolation]
    }

    private let validate: @Sendable (P2PMirror) -> [FieldViolation]
    private let answers = Mutex<[ObjectKey: Answer]>([:])

    package init(_ validate: @escaping @Sendable (P2PMirror) -> [FieldViolation] = { Acceptance.validate($0) }) {
        self.validate = validate
    }

    /// What is wrong; a mirror whose generation is not known is judged each time.
    package func violations(of mirror: P2PMirror) -> [FieldViolation] {
        guard let generation = mirror.metadata.generation else { return validate(mirror) }
        let (key, uid) = (mirror.key, mirror.metadata.uid)
        if let known = answers.withLock({ $0[key] }), known.uid == uid, known.generation == generation {
            return known.violations
        }
        let answer = Answer(uid: uid, generation: generation, violations: validate(mirror))
        answers.withLock { $0[key] = answer }
        return answer.violations
    }

    /// The planner, with a memory of its own.
    package static func planner() -> @Sendable (String, Snapshot) -> Plan? {
        let memory = ValidationMemory()
        return { name, snapshot in
            memory.keep(snapshot.mirrors.map(\.key))
            return Planner.plan(mirror: name, snapshot, validator: memory.violations)
        }
    }

    /// Drops the answers of mirrors that are not among these.
    package func keep(_ keys: some Sequence<ObjectKey>) {
        let keys = Set(keys)
        answers.withLock { answers in answers = answers.filter { keys.contains($0.key) } }
    }
}
