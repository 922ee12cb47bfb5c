package import KubeCore
package import MirrorAPI

/// What is decided about a candidate set, and why.
package struct CandidateDecision: Hashable, Sendable {
    /// A seed that asks to leave and stays all the same.
    package struct Held: Hashable, Sendable {
        package var seed: String
        /// What is wrong with it.
        package var cause: Verdict
        /// What keeps it.
        package var guardian: Verdict

        package init(seed: String, cause: Verdict, guardian: Verdict) {
            self.seed = seed
            self.cause = cause
            self.guardian = guardian
        }
    }

    /// Names of the seeds in the set once the changes are carried out, in ascending order.
    package var published: [String]
    /// What is remembered of each seed of which anything is.
    package var records: [String: MirrorNodeStatus.Candidate]
    /// What is remembered of the set.
    package var memory: CandidateInput.Memory
    /// In the order in which they must be carried out; `SetWrites` makes them into writes.
    package var changes: [SetChange]
    package var held: [Held]
    package var conditions: CandidateConditions
    package var notes: [Note]
    /// For the next decision of this process.
    package var trust: SignalTrust
    /// When to decide again though nothing is heard.
    package var nextDeadline: Timestamp

    /// Seeds that leave, or would but for mode or a pause.
    var leaving: Set<String> {
        var names: Set<String> = []
        for case .withdraw(let name, _) in changes { names.insert(name) }
        for held in held where [.observing, .paused].contains(held.guardian.reason) { names.insert(held.seed) }
        return names
    }
}

/// One change that a decision asks for.
package enum SetChange: Hashable, Sendable {
    /// Write `memory` to the mirror's status, with the resourceVersion that was read as the precondition: of two
    /// leaders one fails here, before it has done anything.
    case recordSet
    /// Write `status.candidate` of the seed's MirrorNode, or remove it, with its resourceVersion as the precondition.
    case recordSeed(String, MirrorNodeStatus.Candidate?)
    /// Carry the seed into the set, where it still carries our mark.
    case publish(String, Verdict)
    /// Read the set live; unless the check passes, the pass ends here.
    case confirm(ShrinkCheck)
    /// Carry the seed out of the set and mark it as ours, with its resourceVersion as the precondition.
    case withdraw(String, Verdict)
}

/// What must be true of the set as it is read right before it shrinks.
package struct ShrinkCheck: Hashable, Sendable {
    /// Seeds that are to leave.
    package var leaving: Set<String>
    /// So many must be in the set afterwards.
    package var floor: Int

    package init(leaving: Set<String>, floor: Int) {
        self.leaving = leaving
        self.floor = floor
    }

    /// Whether the set may shrink.
    ///
    /// - Parameter published: names of the seeds that are in the set, read live.
    package func passes(published: some Sequence<String>) -> Bool {
        published.count { !leaving.contains($0) } >= floor
    }
}

/// The three conditions of a mirror that are about its candidate set.
package struct CandidateConditions: Hashable, Sendable {
    package struct Finding: Hashable, Sendable {
        package var status: Condition.Status
        package var verdict: Verdict

        package init(_ status: Condition.Status, _ verdict: Verdict) {
            self.status = status
            self.verdict = verdict
        }
    }

    /// `CandidatesAvailable`.
    package var available: Finding
    /// `EvictionEffective`.
    package var effective: Finding
    /// `StormActive`.
    package var storm: Finding

    package init(available: Finding, effective: Finding, storm: Finding) {
        self.available = available
        self.effective = effective
        self.storm = storm
    }
}
