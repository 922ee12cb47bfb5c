import KubeCore
package import MirrorAPI

/// The planner: a function from what is known to what is to be done, with a reason for every decision.
///
/// Guarantees: equal snapshots give equal plans; any snapshot gives a plan; a fleet that is as it should be gives no
/// write.
package enum Planner {
    /// The plan for one mirror; nil only where the snapshot has no mirror of that name.
    ///
    /// - Parameters:
    ///   - validator: the rules for a specification; who plans often may remember its answer for a generation.
    ///   - rules: what is known of a provider.
    package static func plan(
        mirror name: String,
        _ snapshot: Snapshot,
        validator: (P2PMirror) -> [FieldViolation] = Acceptance.validate,
        rules: (Provider) -> any ProviderRules = \.rules
    ) -> Plan? {
        guard let mirror = snapshot.mirrors.first(where: { $0.metadata.name == name }) else { return nil }
        let rules = rules(mirror.spec.provider)
        if let verdict = Acceptance.refusal(of: mirror, in: snapshot, rules, validator: validator) {
            let status = RefusedStatus.status(of: mirror, verdict, now: snapshot.now)
            let note = Note(.warning, reason: verdict.reason, message: verdict.message)
            let step = unclaimed(name, snapshot, verdict.reason, "the mirror is not accepted")
            // A mistake in the specification is put right soon; what an older mirror has is not ours any more.
            let strays = verdict.reason == .conflict ? rules.strays(of: mirror, snapshot) : []
            return Plan(
                mirror: name,
                writes: step.writes + SetWrites(mirror, snapshot, rules).returning(strays),
                status: status,
                notes: [note] + step.notes,
                nextDeadline: step.deadline
            )
        }
        return rules.plan(mirror, snapshot)
    }

    /// Why the candidate set is left as it is, whatever is decided about it.
    static func hold(on mirror: P2PMirror) -> CandidateInput.Hold {
        if mirror.metadata.deletionTimestamp != nil { return .retiring }
        let requests = mirror.spec.pauseRequests
        if !requests.isEmpty { return .paused("paused by \(Sentences.list(requests))") }
        return mirror.spec.mode == .observe ? .observing : .none
    }

    /// What is taken back, or given back at its end, of a mirror whose specification can't be read; it gets no plan.
    package static func takingBack(mirror name: String, _ snapshot: Snapshot) -> [Write] {
        unclaimed(name, snapshot, .invalidSpec, "the specification of the mirror is not valid").writes
    }

    /// What becomes of a step that the mirror holds the disruption Lease for while it may not go on: taken back where
    /// nobody has begun it, given back where it is over.
    static func unclaimed(_ name: String, _ snapshot: Snapshot, _ reason: Reason, _ why: String) -> StepOutcome {
        if let step = UnclaimedStep(ofMirror: name, snapshot) { return step.takenBack(reason, why) }
        let rollout = snapshot.mirrors.first { $0.metadata.name == name }?.spec.rollout ?? P2PMirrorSpec.Rollout()
        return EndedStep(ofMirror: name, snapshot)?
            .released(reason, why, after: rollout.minReadySeconds, at: snapshot.now) ?? StepOutcome()
    }
}
