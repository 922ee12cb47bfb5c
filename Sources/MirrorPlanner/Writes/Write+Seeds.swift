import KubeCore
import MirrorAPI

/// What is remembered of a candidate set, and the seeds that come and go.
extension Write {
    /// Writes the status that remembers the set, on the version that was read: of two leaders one fails here, before it
    /// has done anything.
    static func recordSet(_ status: P2PMirrorStatus, of mirror: P2PMirror, _ verdict: Verdict) -> Write {
        Write(
            Target(P2PMirror.resource, mirror.key, subresource: "status"),
            .status(status),
            .version(mirror.metadata.resourceVersion),
            by: FieldManager.status,
            mustBeKept: true,
            .recordSet,
            verdict
        )
    }

    /// Writes what is remembered of a seed to its MirrorNode, or removes it.
    static func recordSeed(_ seed: String, _ record: MirrorNodeStatus.Candidate?, in object: MirrorNode) -> Write {
        let reason = (record?.reason).flatMap { Reason(rawValue: $0) } ?? .wellAgain
        return Write(
            Target(MirrorNode.resource, object.key, subresource: "status"),
            .merge(.candidate(record, replacing: object.status?.candidate)),
            .version(object.metadata.resourceVersion),
            by: FieldManager.candidates,
            .recordSeed(seed, record),
            Verdict(reason, record?.message ?? "\(seed) is well, and nothing of it needs to be remembered")
        )
    }

    /// Carries a seed into the set.
    package static func publishSeed(_ seed: String, _ move: SeedMove, _ verdict: Verdict) -> Write {
        self.move(move, evidence: .none, .publishSeed(seed), verdict)
    }

    /// Carries a seed out of the set, where a live look allows it.
    static func withdrawSeed(_ seed: String, _ move: SeedMove, after look: SetLook, _ verdict: Verdict) -> Write {
        self.move(move, evidence: .set(look), .withdrawSeed(seed), verdict)
    }

    private static func move(_ move: SeedMove, evidence: Evidence, _ purpose: Purpose, _ verdict: Verdict) -> Write {
        Write(
            Target(move.resource, move.key),
            move.body,
            move.precondition,
            by: FieldManager.candidates,
            evidence: evidence,
            whenGone: move.whenGone,
            purpose,
            verdict
        )
    }
}
