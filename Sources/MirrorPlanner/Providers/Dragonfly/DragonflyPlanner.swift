import KubeCore
import MirrorAPI

/// The plan for a mirror of provider Dragonfly: which seeds are in the set, and what schedulers are told to forget.
///
/// Nothing of the release itself is changed: Helm owns its objects.
enum DragonflyPlanner {
    static func plan(_ mirror: P2PMirror, _ snapshot: Snapshot) -> Plan {
        let fleet = DragonflyFleet(mirror, snapshot)
        let files = DragonflyFiles(fleet)
        let staleness = fleet.staleness(snapshot)
        let obstacle = DragonflyLever.obstacle(fleet, files)
        let hold = hold(on: mirror, obstacle)
        let input = CandidateInput(fleet, files, snapshot, hold: hold)
        let candidates = input.map { CandidatePlanner.decide($0) }
        let step = step(fleet, staleness)
        let removal = HostRemoval(fleet, files, records: candidates?.records ?? [:])
        let recovery = SeedRecoveryStep(fleet, files, records: candidates?.records ?? [:])
        let acts = staleness == nil && fleet.missing == nil && Planner.hold(on: mirror) == .none
        var status = DragonflyStatus(fleet, files, snapshot, candidates, obstacle, removal).status(step)
        status.seeds = candidates.map { SeedRecords.list($0.records) } ?? mirror.status?.seeds
        let sets = SetWrites(mirror, snapshot, mirror.spec.provider.rules).carryingOut(candidates, status: status)
        let strays = input.map { DragonflyLever.strays(fleet, kept: Set($0.seeds.map(\.name))) } ?? []
        return Plan(
            mirror: mirror.metadata.name,
            writes: (acts ? strays : []) + sets + (acts ? recovery.writes + removal.writes : []),
            status: status,
            notes: step.notes + (candidates?.notes ?? []) + (acts ? recovery.notes : []),
            nextDeadline: [fleet.now + nextLook(fleet), acts ? removal.deadline : nil].compactMap(\.self).min(),
            candidates: candidates
        )
    }

    private static func nextLook(_ fleet: DragonflyFleet) -> Int {
        let lookSeconds = fleet.timing.lookSeconds
        let isQuiet = fleet.seeds.allSatisfy { $0.quarantine == nil && $0.reading?.health.isWell != false }
        return isQuiet && fleet.evidence.schedulers.allSatisfy { $0.hosts != nil } ? lookSeconds : lookSeconds / 2
    }

    /// Why the candidate set is left as it is.
    private static func hold(on mirror: P2PMirror, _ obstacle: Verdict?) -> CandidateInput.Hold {
        let hold = Planner.hold(on: mirror)
        guard hold == .none, let obstacle else { return hold }
        return .keeping(obstacle.message)
    }

    private static func step(_ fleet: DragonflyFleet, _ staleness: String?) -> StepOutcome {
        let mirror = fleet.mirror
        if let staleness {
            return .waiting(.staleInformation, "What is known may be out of date, so nothing is started: \(staleness)")
        }
        if !mirror.spec.pauseRequests.isEmpty {
            return .waiting(.paused, "Paused by \(Sentences.list(mirror.spec.pauseRequests))")
        }
        if mirror.metadata.deletionTimestamp != nil {
            return StepOutcome(progress: .advancing(Verdict(.paused, "The mirror is being deleted")))
        }
        if let missing = fleet.missing { return StepOutcome(progress: .stalled(missing)) }
        if mirror.spec.mode == .observe {
            let message = "The plan is made and nothing is touched"
            return StepOutcome(progress: .steady(Verdict(.observing, message)))
        }
        let message =
            "The release \(fleet.app ?? "") is looked after: "
            + "\(PeerDiagnosis.count(fleet.schedulers.count, "scheduler")), "
            + "\(PeerDiagnosis.count(fleet.seeds.count, "seed")), "
            + "\(PeerDiagnosis.count(fleet.clients.count, "client"))"
        return StepOutcome(progress: .steady(Verdict(.healthy, message)))
    }
}

/// What the mirror's status remembers of seeds.
enum SeedRecords {
    /// As many as the schema has room for; seeds beyond that are left as they are.
    static let limit = 1_000

    /// As many as the schema allows, those that are out first; nil where nothing is remembered.
    static func list(_ records: [String: MirrorNodeStatus.Candidate]) -> [P2PMirrorStatus.SeedRecord]? {
        guard !records.isEmpty else { return nil }
        let order = records.sorted { left, right in
            (left.value.isOut ? 0 : 1, left.key) < (right.value.isOut ? 0 : 1, right.key)
        }
        return order.prefix(limit).map { P2PMirrorStatus.SeedRecord(name: $0.key, candidate: $0.value) }
            .sorted { $0.name < $1.name }
    }
}

extension MirrorNodeStatus.Candidate {
    fileprivate var isOut: Bool { state == .evicted || state == .probation }
}
