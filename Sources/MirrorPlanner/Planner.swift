import KubeCore
package import MirrorAPI

/// The planner: a function from what is known to what is to be done, with a reason for every decision.
///
/// Guarantees: equal snapshots give equal plans; any snapshot gives a plan; a fleet that is as it should be gives no
/// action.
package enum Planner {
    /// The plan for one mirror; nil only where the snapshot has no mirror of that name.
    ///
    /// - Parameter validator: the rules for a specification; who plans often may remember its answer for a generation.
    package static func plan(
        mirror name: String,
        _ snapshot: Snapshot,
        validator: (P2PMirror) -> [FieldViolation] = Acceptance.validate
    ) -> Plan? {
        guard let mirror = snapshot.mirrors.first(where: { $0.metadata.name == name }) else { return nil }
        if let verdict = Acceptance.refusal(of: mirror, in: snapshot, validator: validator) {
            let status = StatusWriter.refused(mirror, verdict, now: snapshot.now)
            let note = Note(.warning, reason: verdict.reason, message: verdict.message)
            let step = unclaimed(name, snapshot, verdict.reason, "the mirror is not accepted")
            return Plan(
                mirror: name,
                actions: step.actions,
                status: status,
                notes: [note] + step.notes,
                nextDeadline: step.deadline,
                // A mistake in the specification is put right soon; what an older mirror has is not ours any more.
                strays: verdict.reason == .conflict ? StraySeeds.names(of: mirror, snapshot, keeping: nil) : []
            )
        }
        guard let distribution = RancherDistribution(mirror.spec.provider) else {
            return SpegelPlanner.plan(mirror, snapshot)
        }
        return plan(Fleet(mirror, distribution, snapshot), snapshot)
    }

    private static func plan(_ fleet: Fleet, _ snapshot: Snapshot) -> Plan {
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
            doubt != nil ? nil : CandidateInput(fleet, snapshot, disrupted: disrupted, hold: hold(on: mirror))
        let candidates = input.map { decision(fleet, snapshot, $0) }
        let writer = StatusWriter(assessment, snapshot, candidates, doubt: doubt)
        guard isFresh, mirror.spec.pauseRequests.isEmpty, !isGoing, doubt == nil else {
            return resting(writer, doubt: doubt)
        }
        let nodes = MirrorNodePlanning(assessment, snapshot, leftovers, frozen: disrupted)
        let isRecorded = nodes.serversAreCurrent && writer.isRootRecorded
        let step = DisruptionStep(assessment: assessment, snapshot: snapshot, isRecorded: isRecorded).outcome()
        return Plan(
            mirror: mirror.metadata.name,
            actions: nodes.actions + step.actions,
            status: writer.status(step),
            notes: Notes.observations(assessment) + nodes.notes + step.notes + (candidates?.notes ?? []),
            nextDeadline: deadline(step, assessment),
            candidates: candidates,
            strays: StraySeeds.names(of: mirror, snapshot, keeping: fleet)
        )
    }

    /// The plan while nothing may be begun: paused, being deleted, on information that may be out of date, or with a
    /// selection that may be a mistake.
    private static func resting(_ writer: StatusWriter, doubt: Verdict?) -> Plan {
        let mirror = writer.assessment.fleet.mirror
        let (reason, why): (Reason, String) =
            if !mirror.spec.pauseRequests.isEmpty {
                (.paused, "the mirror is paused")
            } else if let doubt {
                (doubt.reason, "what the mirror selects may be a mistake")
            } else {
                (.paused, "the mirror is being deleted")
            }
        let step = unclaimed(mirror.metadata.name, writer.snapshot, reason, why)
        return Plan(
            mirror: mirror.metadata.name,
            actions: step.actions,
            status: writer.resting(),
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

    /// Why the candidate set is left as it is, whatever is decided about it.
    static func hold(on mirror: P2PMirror) -> CandidateInput.Hold {
        if mirror.metadata.deletionTimestamp != nil { return .retiring }
        let requests = mirror.spec.pauseRequests
        if !requests.isEmpty { return .paused("paused by \(Sentences.list(requests))") }
        return mirror.spec.mode == .observe ? .observing : .none
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

    /// What is taken back, or given back at its end, of a mirror whose specification can't be read; it gets no plan.
    package static func takingBack(mirror name: String, _ snapshot: Snapshot) -> [Action] {
        unclaimed(name, snapshot, .invalidSpec, "the specification of the mirror is not valid").actions
    }

    private static func unclaimed(_ name: String, _ snapshot: Snapshot, _ reason: Reason, _ why: String) -> StepOutcome
    {
        if let step = UnclaimedStep(ofMirror: name, snapshot) { return step.takenBack(reason, why) }
        let rollout = snapshot.mirrors.first { $0.metadata.name == name }?.spec.rollout ?? P2PMirrorSpec.Rollout()
        return EndedStep(ofMirror: name, snapshot)?
            .released(reason, why, after: rollout.minReadySeconds, at: snapshot.now) ?? StepOutcome()
    }

    /// The node for which this mirror holds the disruption Lease.
    private static func holder(of mirror: P2PMirror, _ snapshot: Snapshot) -> String? {
        guard let holder = DisruptionHolder(snapshot.disruption), holder.mirror == mirror.metadata.name else {
            return nil
        }
        return holder.node
    }
}
