import KubeCore
import MirrorAPI

/// Decides which seeds are published.
///
/// Guarantees: equal inputs give equal decisions; any input gives one; a set that is as it should be gives no change.
/// A decision costs n log n in the number of seeds.
package enum CandidatePlanner {
    package static func decide(_ input: CandidateInput) -> CandidateDecision {
        let now = Moment(input.now)
        var input = input
        // As a rule they are in order, and a sort would copy them.
        if !zip(input.seeds, input.seeds.dropFirst()).allSatisfy({ $0.name < $1.name }) {
            input.seeds.sort { $0.name < $1.name }
        }
        let trust = input.trust.updated(input.seeds, stale: input.stale, at: now)
        let context = CandidateContext(now: now, settings: input.settings, trust: trust, seeds: input.seeds)
        if input.hold == .retiring { return retired(input, context) }
        if let doubt = trust.doubt(of: .nodes) { return frozen(input, context, doubt) }
        var set = CandidateSet(input, context)
        set.grow()
        set.shrink()
        return CandidateReport(set, input, context).decision()
    }

    /// Nothing is known of the nodes themselves: everything stays as it is.
    private static func frozen(_ input: CandidateInput, _ context: CandidateContext, _ doubt: String)
        -> CandidateDecision
    {
        let verdict = Verdict(
            .staleInformation,
            "What is known of the nodes may be out of date (\(doubt)), so the set stays as it is"
        )
        return unchanged(input, context, verdict)
    }

    /// The mirror goes.
    private static func retired(_ input: CandidateInput, _ context: CandidateContext) -> CandidateDecision {
        let verdict = Verdict(.paused, "The mirror is being deleted: no seed leaves the set any more")
        var decision = unchanged(input, context, verdict)
        let returning = input.seeds.filter(\.isOut).map(\.name)
        let why = Verdict(.mirrorGone, "It is put back, because the mirror that took it out goes")
        decision.changes = returning.map { .publish($0, why) }
        decision.published = (decision.published + returning).sorted()
        return decision
    }

    private static func unchanged(_ input: CandidateInput, _ context: CandidateContext, _ verdict: Verdict)
        -> CandidateDecision
    {
        let unknown = CandidateConditions.Finding(.unknown, verdict)
        return CandidateDecision(
            published: input.seeds.filter(\.isPublished).map(\.name),
            records: Dictionary(
                input.seeds.compactMap { seed in seed.record.map { (seed.name, $0) } },
                uniquingKeysWith: { first, _ in first }
            ),
            memory: input.memory,
            changes: [],
            held: [],
            conditions: CandidateConditions(available: unknown, effective: unknown, storm: unknown),
            notes: [],
            trust: context.trust,
            nextDeadline: context.now.begins + input.settings.liveness.sweepIntervalSeconds
        )
    }
}
