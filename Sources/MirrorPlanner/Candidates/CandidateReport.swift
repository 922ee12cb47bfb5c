import KubeCore
import MirrorAPI

/// Puts what was decided into words, records and changes.
struct CandidateReport {
    private let set: CandidateSet
    private let input: CandidateInput
    private let context: CandidateContext
    private let memory: CandidateInput.Memory

    init(_ set: CandidateSet, _ input: CandidateInput, _ context: CandidateContext) {
        self.set = set
        self.input = input
        self.context = context
        memory = Self.memory(set, input)
    }

    func decision() -> CandidateDecision {
        let sweep = context.now.begins + input.settings.liveness.sweepIntervalSeconds
        var records: [String: MirrorNodeStatus.Candidate] = [:]
        var published: [String] = []
        for place in set.places {
            if let record = place.record { records[place.seed.name] = record }
            if place.isPublished { published.append(place.seed.name) }
        }
        return CandidateDecision(
            published: published,
            records: records,
            memory: memory,
            changes: changes(),
            held: set.held,
            conditions: CandidateConditions(
                available: Availability(set, input, context).finding(),
                effective: effective(),
                storm: storm()
            ),
            notes: notes(),
            trust: context.trust,
            nextDeadline: set.deadline.map { min($0, sweep) } ?? sweep
        )
    }

    // MARK: What is remembered

    private static func memory(_ set: CandidateSet, _ input: CandidateInput) -> CandidateInput.Memory {
        let out = set.places.filter { !$0.isPublished && $0.record != nil }
        let evicted = out.count { $0.record?.state == .evicted }
        let probation = out.count { $0.record?.state == .probation }
        let candidates = P2PMirrorStatus.Candidates(
            total: set.total,
            published: set.places.count { $0.isPublished },
            evicted: evicted,
            probation: probation,
            withdrawals: set.budget.remembered(afterLeavingOf: set.leaving.count)
        )
        let evictions = out.compactMap { place in
            place.record.flatMap { record in
                record.state == .evicted || record.state == .probation
                    ? P2PMirrorStatus.Eviction(
                        node: place.seed.name,
                        reason: record.reason,
                        message: record.message,
                        since: record.since,
                        until: record.until,
                        count: record.ejections
                    ) : nil
            }
        }
        let latest = evictions.sorted { ($1.since, $0.node) < ($0.since, $1.node) }.prefix(50)
        return CandidateInput.Memory(
            candidates: candidates,
            evictions: latest.isEmpty ? nil : Array(latest),
            storm: set.storm.storm
        )
    }

    // MARK: Changes

    /// First what is remembered, so that nothing happens that a successor would not know of; then growth, then, on a
    /// live look at the set, what leaves. What the memory of the set tells of a seed that leaves need not stand in its
    /// own record before: a successor finds it there, so the record comes last, and keeps nobody waiting.
    private func changes() -> [SetChange] {
        var changes: [SetChange] = []
        // The memory of the set may lose it now.
        for place in set.places where place.isRecalled { changes.append(.recordSeed(place.seed.name, place.record)) }
        if memory != input.memory { changes.append(.recordSet) }
        let leaving = Set(set.leaving.map(\.place))
        var late: [SetChange] = []
        for (index, place) in set.places.enumerated()
        where place.record != place.seed.record && place.seed.isRecordable && !place.isRecalled {
            let change = SetChange.recordSeed(place.seed.name, place.record)
            if leaving.contains(index), isTold(place) { late.append(change) } else { changes.append(change) }
        }
        for move in set.joining { changes.append(.publish(set.places[move.place].seed.name, move.verdict)) }
        guard !set.leaving.isEmpty else { return changes }
        let names = set.leaving.map { set.places[$0.place].seed.name }
        changes.append(.confirm(ShrinkCheck(leaving: Set(names), floor: set.floor)))
        for (name, move) in zip(names, set.leaving) { changes.append(.withdraw(name, move.verdict)) }
        return changes + late
    }

    /// Whether the memory of the set tells all of a seed's record; it holds the latest ones.
    private func isTold(_ place: CandidateSet.Place) -> Bool {
        guard let record = place.record, record.state == .evicted, record.until == nil else { return false }
        return memory.evictions?.contains { $0.node == place.seed.name && $0.since == record.since } == true
    }

    // MARK: Conditions

    private func effective() -> CandidateConditions.Finding {
        let lever = input.settings.lever
        let foreign = set.places.filter { $0.seed.lever == .withdrawn(isOurs: false) }.map(\.seed.name)
        let aside =
            foreign.isEmpty
            ? ""
            : "; \(Sentences.list(foreign)) was taken out by somebody else, and is left alone"
        let drifted = set.places.filter { place in
            place.isPublished && (place.record?.state == .evicted || place.record?.state == .probation)
        }.map(\.seed.name)
        if !drifted.isEmpty {
            let message =
                "\(Sentences.list(drifted)) is out of the set, and \(lever.name) publishes it (\(lever.drift))"
            return .init(.false, Verdict(.leverDrifted, message + aside))
        }
        guard set.places.contains(where: { $0.seed.isOut && !$0.isPublished }) || !set.leaving.isEmpty else {
            return .init(.true, Verdict(.nothingEvicted, "No seed is kept out of the set" + aside))
        }
        return .init(.true, Verdict(lever.reason, lever.effect + aside))
    }

    private func storm() -> CandidateConditions.Finding {
        guard let storm = set.storm.storm else {
            return .init(.false, Verdict(.noStorm, "No more seeds are unhealthy than maxUnhealthy allows"))
        }
        let zones = (storm.zones ?? []).map(\.zone)
        let place = storm.since == nil ? "of \(Sentences.list(zones))" : "of the fleet"
        let tally = set.storm.fleet
        let limit = input.settings.candidates.maxUnhealthy
        let are = Sentences.form(tally.unhealthy, "is", "are")
        let count = "\(Sentences.seeds(tally.unhealthy, of: tally.all)) \(are) unhealthy"
        if set.storm.isReleased {
            let message = "\(count); an administrator has released the storm, so seeds leave the set again"
            return .init(.true, Verdict(.stormReleased, message))
        }
        let untils = (storm.since == nil ? [] : [storm.until]) + (storm.zones ?? []).map(\.until)
        guard untils.contains(nil) else {
            let end = untils.compactMap { $0 }.max() ?? context.now.begins
            let message = "\(count), which is no storm any more; seeds leave the set again from \(end) on"
            return .init(.true, Verdict(.stormCoolsDown, message))
        }
        let message =
            "\(count), above maxUnhealthy (\(limit)) \(place): no seed \(place) is evicted until this passes. "
            + "If they are really lost, set the annotation \(AnnotationKey.releaseStorm) to the present time"
        return .init(.true, Verdict(.stormActive, message))
    }

    // MARK: Notes

    private func notes() -> [Note] {
        var notes = set.leaving.map { move in
            Note(
                .warning,
                node: set.places[move.place].seed.name,
                reason: move.verdict.reason,
                message: move.verdict.message
            )
        }
        notes += set.joining.map { move in
            Note(
                move.verdict.reason == .minPublishedRestored ? .warning : .normal,
                node: set.places[move.place].seed.name,
                reason: move.verdict.reason,
                message: move.verdict.message
            )
        }
        for place in set.places {
            if let words = cleanUpFault(place.seed) {
                notes.append(Note(.warning, node: place.seed.name, reason: .cleanUpTooLate, message: words))
            }
            if place.seed.lever == .withdrawn(isOurs: false) {
                let message =
                    "\(place.seed.name) was taken out of the set by somebody else (\(input.settings.lever.name) is not "
                    + "marked with \(AnnotationKey.evictedBy)), so it is left alone"
                notes.append(Note(.normal, node: place.seed.name, reason: .foreignLabel, message: message))
            }
        }
        return notes
    }

    /// A daemon that begins to clean up above the threshold, or stops before the other one, never comes back.
    private func cleanUpFault(_ seed: Seed) -> String? {
        guard let cleanUp = seed.evidence.figures?.cleanUp else { return nil }
        let disk = input.settings.health.disk
        if cleanUp.beginsAtPercent > disk.evictAtPercent {
            return "The daemon of \(seed.name) cleans up from \(cleanUp.beginsAtPercent) % on, and leaves the set at "
                + "\(disk.evictAtPercent) % (health.disk.evictAtPercent): it would not come back by itself. Raise the "
                + "one or lower the other"
        }
        if cleanUp.endsAtPercent >= disk.readmitBelowPercent {
            return "The daemon of \(seed.name) cleans up down to \(cleanUp.endsAtPercent) %, and comes back below "
                + "\(disk.readmitBelowPercent) % (health.disk.readmitBelowPercent): it would not come back by itself. "
                + "Raise the one or lower the other"
        }
        return nil
    }
}
