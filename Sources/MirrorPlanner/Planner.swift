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
            return Plan(mirror: name, actions: step.actions, status: status, notes: [note] + step.notes)
        }
        let fleet = Fleet(mirror, snapshot)
        let disrupted = holder(of: mirror, snapshot)
        let isFresh = snapshot.staleness == nil
        let assessment = Assessment(fleet, disrupted: disrupted, elects: isFresh)
        let writer = StatusWriter(assessment, snapshot)
        guard isFresh, mirror.spec.pauseRequests.isEmpty, mirror.metadata.deletionTimestamp == nil else {
            let why = mirror.spec.pauseRequests.isEmpty ? "the mirror is being deleted" : "the mirror is paused"
            let step = unclaimed(name, snapshot, .paused, why)
            return Plan(
                mirror: name,
                actions: step.actions,
                status: writer.resting(),
                notes: Notes.observations(assessment) + step.notes
            )
        }
        let nodes = MirrorNodePlanning(assessment, snapshot, frozen: disrupted)
        let isRecorded = nodes.serversAreCurrent && mirror.status?.topology?.root == assessment.root
        let step = DisruptionStep(assessment: assessment, snapshot: snapshot, isRecorded: isRecorded).outcome()
        return Plan(
            mirror: name,
            actions: nodes.actions + step.actions,
            status: writer.status(step),
            notes: Notes.observations(assessment) + nodes.notes + step.notes,
            nextDeadline: step.deadline.flatMap { $0 > snapshot.now ? $0 : nil }
        )
    }

    /// What is taken back of a mirror whose specification can't be read; it gets no plan.
    package static func takingBack(mirror name: String, _ snapshot: Snapshot) -> [Action] {
        unclaimed(name, snapshot, .invalidSpec, "the specification of the mirror is not valid").actions
    }

    private static func unclaimed(_ name: String, _ snapshot: Snapshot, _ reason: Reason, _ why: String) -> StepOutcome
    {
        UnclaimedStep(ofMirror: name, snapshot)?.takenBack(reason, why) ?? StepOutcome()
    }

    /// The node for which this mirror holds the disruption Lease.
    private static func holder(of mirror: P2PMirror, _ snapshot: Snapshot) -> String? {
        guard let holder = DisruptionHolder(snapshot.disruption), holder.mirror == mirror.metadata.name else {
            return nil
        }
        return holder.node
    }
}
