import KubeCore
import MirrorAPI

/// The plan for a mirror of a distribution's own registry.
enum RancherPlanner {
    static func plan(_ fleet: Fleet, _ snapshot: Snapshot) -> Plan {
        let mirror = fleet.mirror
        let disrupted = holder(of: mirror, snapshot)
        let isFresh = snapshot.staleness == nil
        let isGoing = mirror.metadata.deletionTimestamp != nil
        let leftovers = Leftovers(mirror.metadata.name, snapshot, selected: fleet.selectedUIDs)
        // Of a mirror that is being deleted all goes anyway, and on old information nothing is done.
        let doubt = isFresh && !isGoing ? fleet.selectionCheck(leftovers, snapshot).doubt : nil
        let assessment = Assessment(fleet, disrupted: disrupted, elects: isFresh && doubt == nil)
        // What is remembered of the set is of the selection before.
        let input =
            doubt != nil ? nil : CandidateInput(fleet, snapshot, disrupted: disrupted, hold: Planner.hold(on: mirror))
        let candidates = input.map { decision(fleet, snapshot, $0) }
        let writer = RancherStatus(assessment, snapshot, candidates, doubt: doubt)
        guard isFresh, mirror.spec.pauseRequests.isEmpty, !isGoing, doubt == nil else {
            return resting(writer, doubt: doubt)
        }
        let nodes = MirrorNodePlanning(assessment, snapshot, leftovers, frozen: disrupted)
        let isRecorded = nodes.serversAreCurrent && writer.isRootRecorded
        let step = DisruptionStep(assessment: assessment, snapshot: snapshot, isRecorded: isRecorded).outcome()
        let status = writer.status(step)
        let set = SetWrites(mirror, snapshot, mirror.spec.provider.rules)
        let strays = StraySeeds.names(of: mirror, fleet.distribution, snapshot, keeping: fleet)
        return Plan(
            mirror: mirror.metadata.name,
            writes: step.writes + set.returning(strays) + set.carryingOut(candidates, status: status),
            records: nodes.records,
            status: status,
            notes: Notes.observations(assessment) + nodes.notes + step.notes + (candidates?.notes ?? []),
            nextDeadline: deadline(step, assessment),
            candidates: candidates
        )
    }

    /// The plan while nothing may be begun: paused, being deleted, on information that may be out of date, or with a
    /// selection that may be a mistake.
    private static func resting(_ writer: RancherStatus, doubt: Verdict?) -> Plan {
        let mirror = writer.assessment.fleet.mirror
        let (reason, why): (Reason, String) =
            if !mirror.spec.pauseRequests.isEmpty {
                (.paused, "the mirror is paused")
            } else if let doubt {
                (doubt.reason, "what the mirror selects may be a mistake")
            } else {
                (.paused, "the mirror is being deleted")
            }
        let step = Planner.unclaimed(mirror.metadata.name, writer.snapshot, reason, why)
        let status = writer.resting()
        let set = SetWrites(mirror, writer.snapshot, mirror.spec.provider.rules)
        return Plan(
            mirror: mirror.metadata.name,
            writes: step.writes + set.carryingOut(writer.candidates, status: status),
            status: status,
            notes: [doubt].compactMap { $0 }.map { Note(.warning, $0) } + Notes.observations(writer.assessment)
                + step.notes + (writer.candidates?.notes ?? []),
            nextDeadline: step.deadline,
            candidates: writer.candidates
        )
    }

    /// The decision about the set. Who manages a node is looked up only for those that would leave: there are few, and
    /// each that stays may let another one go.
    private static func decision(_ fleet: Fleet, _ snapshot: Snapshot, _ input: CandidateInput) -> CandidateDecision {
        var input = input
        var decision = CandidatePlanner.decide(input)
        guard fleet.mirror.spec.rancher.managedNodes == .observe else { return decision }
        while true {
            let leaving = decision.leaving
            var isNews = false
            for (number, seed) in fleet.seeds.enumerated() where leaving.contains(input.seeds[number].name) {
                guard input.seeds[number].manager == nil,
                    let manager = RancherNode.manager(snapshot.nodes[seed.number].metadata)
                else { continue }
                input.seeds[number].manager = manager
                isNews = true
            }
            guard isNews else { return decision }
            decision = CandidatePlanner.decide(input)
        }
    }

    /// When to look again though nothing changes: for the step, for a server that is away for good, for the end of the
    /// debug log.
    private static func deadline(_ step: StepOutcome, _ assessment: Assessment) -> Timestamp? {
        let fleet = assessment.fleet
        let deadlines = [
            step.deadline, assessment.isRewriting ? fleet.abandonDeadline : nil,
            fleet.mirror.spec.rancher.debugUntil,
        ]
        return deadlines.compactMap { $0 }.filter { $0 > fleet.now }.min()
    }

    /// The node for which this mirror holds the disruption Lease.
    private static func holder(of mirror: P2PMirror, _ snapshot: Snapshot) -> String? {
        guard let holder = DisruptionHolder(snapshot.disruption), holder.mirror == mirror.metadata.name else {
            return nil
        }
        return holder.node
    }
}
