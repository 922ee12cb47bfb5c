import KubeCore
import MirrorAPI

/// The state machine of one seed: what it was, what is found, what it is now, and what it asks of the set.
///
/// ```
///            cause                 due, and the set lets it go           no cause          well for probation
///  Healthy ---------> Suspect ------------------------------> Evicted -----------> Probation -------------> Healthy
///     ^                  |                                      ^                      |
///     +------------------+                                      +----------------------+
///       well for healthyForSeconds                              any cause: a whole probation more
/// ```
///
/// An illness ends only with `healthyForSeconds` of health. Another soft cause does not start its clock again, and a
/// shorter recovery only stops it, so that a seed that keeps falling ill leaves too. Only the set moves a seed to
/// Evicted and back to Healthy (`leaving`, `returned`, `pressed`): whether it may leave is not the seed's own affair.
struct SeedHealth {
    /// What the seed asks of the set.
    enum Wish: Hashable {
        case stay
        case leave(Cause)
        case back
    }

    typealias Record = MirrorNodeStatus.Candidate

    /// Nil where nothing needs to be remembered.
    private(set) var record: Record?
    private(set) var wish = Wish.stay
    /// When something changes here though nothing is heard.
    private(set) var deadline: Timestamp?
    /// Whether the seed should be in the set: it is not there yet, or somebody took our label away.
    private(set) var isWanted = false

    let seed: Seed
    let diagnosis: Diagnosis
    private let context: CandidateContext

    init(_ seed: Seed, _ diagnosis: Diagnosis, _ context: CandidateContext) {
        self.seed = seed
        self.diagnosis = diagnosis
        self.context = context
        record = seed.record.map { context.clamped($0) }
        if seed.isOut, record == nil {
            // Withdrawn by us, and the record is lost: as a seed that is on its way back.
            record = Record(
                state: .healthy,
                since: now.begins,
                reason: Reason.wellAgain.rawValue,
                message: "\(seed.name) is put back: nothing is remembered against it"
            )
        }
        switch record?.state {
        case nil, .healthy: healthy()
        // It was published for want of better ones, and that did not come through or was undone.
        case .suspect where seed.isOut:
            record?.state = .evicted
            evicted()
        case .suspect: suspect()
        case .evicted: evicted()
        case .probation: probation()
        }
        if let time = diagnosis.deadline { wake(time) }
    }

    private var now: Moment { context.now }
    private var settings: CandidateSettings { context.settings }

    private mutating func wake(_ time: Timestamp) { deadline = deadline.map { min($0, time) } ?? time }

    // MARK: In the set

    private mutating func healthy() {
        if let cause = diagnosis.worst {
            record = fresh(cause)
            if seed.isOut { record = leaving(cause) } else { suspect() }
            return
        }
        isWanted = seed.isOut
        guard let known = record, seed.isPublished else { return }
        let forgiven = known.since + CandidateSettings.forgivenessSeconds
        if known.ejections == 0 || now.isPast(forgiven) {
            record = nil
        } else {
            wake(forgiven)
        }
    }

    private mutating func suspect() {
        guard var known = record else { return }
        if let until = known.until, let cause = diagnosis.worst {
            if now.isPast(until) {
                // Nothing was seen of its illness for so long that it would be healthy, had it been known to be well.
                known = fresh(cause)
            } else {
                // Ill again: the time that it was well, or that nothing was known of it, does not count.
                let recovered = until + -settings.candidates.healthyForSeconds
                known.since = min(known.since + max(0, now.begins - recovered), now.begins)
                known.until = nil
            }
            record = known
        }
        guard let (due, cause) = earliest(from: known.since) else {
            let until = known.until ?? now.begins + settings.candidates.healthyForSeconds
            // What accused it may be silent now: that stops its clock, and clears nothing.
            if known.until != nil, now.isPast(until) {
                if isUnclear(known) { return }
                record = Record(
                    state: .healthy,
                    since: now.begins,
                    ejections: known.ejections,
                    reason: Reason.wellAgain.rawValue,
                    message: "\(seed.name) has been well for \(settings.candidates.healthyForSeconds) s"
                )
                if known.ejections == 0, seed.isPublished { record = nil }
                return
            }
            known.until = until
            record = known
            wake(until)
            return
        }
        if now.isPast(due) { wish = .leave(cause) } else { wake(due) }
    }

    /// The record of a seed whose illness begins now.
    private func fresh(_ cause: Cause) -> Record {
        Record(
            state: .suspect,
            since: now.begins,
            illSince: now.begins,
            ejections: record?.ejections ?? 0,
            reason: cause.kind.reason.rawValue,
            message: "\(seed.name): \(cause.detail)"
        )
    }

    /// When the first of the causes may evict, and which.
    private func earliest(from since: Timestamp) -> (Timestamp, Cause)? {
        var first: (Timestamp, Cause)?
        for cause in diagnosis.causes {
            // Of a soft cause counts only what we saw ourselves, without a break.
            let begin = cause.isHard ? now.passed : max(since, context.trust.since(cause.signal))
            let due = begin + cause.patience(settings)
            if first.map({ due < $0.0 }) ?? true { first = (due, cause) }
        }
        return first
    }

    // MARK: Out of the set

    private mutating func evicted() {
        guard var known = record else { return }
        if let cause = diagnosis.worst {
            if seed.isPublished { wish = .leave(cause) }
            return
        }
        if seed.readmit == known.since.description {
            wish = .back
            return
        }
        if isUnclear(known) { return }
        if seed.isPublished { wish = .leave(context.drift(seed, known)) }
        if let until = known.until, !now.isPast(until) {
            wake(until)
            return
        }
        let length = settings.probationSeconds(ejections: known.ejections)
        known.state = .probation
        known.since = now.begins
        known.until = now.begins + length
        known.message =
            "\(seed.name) is well again and comes back at \(now.begins + length) if it stays so for \(length) s; "
            + "it left because of \(known.reason)"
        record = known
        wake(now.begins + length)
    }

    private mutating func probation() {
        guard var known = record else { return }
        if let cause = diagnosis.worst {
            let length = settings.probationSeconds(ejections: known.ejections)
            known.state = .evicted
            known.since = now.begins
            known.until = now.begins + length
            known.illSince = now.begins
            known.reason = cause.kind.reason.rawValue
            known.message =
                "\(seed.name) fell ill again before it was back: \(cause.detail); its next probation begins at "
                + "\(now.begins + length) at the earliest"
            record = known
            wake(now.begins + length)
            if seed.isPublished { wish = .leave(cause) }
            return
        }
        if isUnclear(known) { return }
        // Well it is only where everything that could tell otherwise has been heard.
        guard diagnosis.silent.isEmpty else { return }
        let until = known.until ?? now.begins
        if now.isPast(until) || seed.readmit == known.since.description {
            wish = .back
        } else {
            wake(until)
            if seed.isPublished { wish = .leave(context.drift(seed, known)) }
        }
    }

    /// Whether nothing accuses it now and nothing clears it either: the signal that it is out for is silent, or it is
    /// away because we restart it.
    private func isUnclear(_ known: Record) -> Bool {
        if diagnosis.isExcused { return true }
        guard let kind = Cause.Kind(reason: known.reason) else { return false }
        return diagnosis.silent.contains(kind.signal)
    }

    // MARK: What the set decides

    /// The record of the seed once the set lets it go.
    func leaving(_ cause: Cause) -> Record? {
        guard let known = record else { return nil }
        guard known.state == .suspect || known.state == .healthy else { return known }
        return leaving(cause, as: known)
    }

    private func leaving(_ cause: Cause, as known: Record) -> Record {
        var next = known
        next.state = .evicted
        next.since = now.begins
        next.until = nil
        next.illSince = known.illSince ?? now.begins
        next.reason = cause.kind.reason.rawValue
        next.message = "\(seed.name) is out of the set: \(cause.detail); it comes back \(whenWell(cause))"
        // An absence that was asked for is no ejection, nor is one that never was in the set.
        let isAskedFor = cause.kind == .excluded || (cause.isAbsence && !seed.isExpectedToAnswer)
        if !isAskedFor, seed.isPublished { next.ejections = min(known.ejections.adding(1), 10) }
        return next
    }

    private func whenWell(_ cause: Cause) -> String {
        let disk = settings.health.disk
        let length = settings.probationSeconds(ejections: (record?.ejections ?? 0).adding(1))
        return switch cause.kind {
        case .excluded: "when the annotation \(AnnotationKey.exclude) is gone"
        case .diskFull: "after \(length) s below \(disk.readmitBelowPercent) % (health.disk.readmitBelowPercent)"
        default: "after \(length) s of health"
        }
    }

    /// The record of the seed once it is back.
    func returned() -> Record {
        Record(
            state: .healthy,
            since: now.begins,
            ejections: seed.readmit != nil && seed.readmit == seed.record?.since.description
                ? 0 : record?.ejections ?? 0,
            reason: Reason.wellAgain.rawValue,
            message: "\(seed.name) is back in the set"
        )
    }

    /// The record of the seed once it is published for want of better ones.
    func pressed() -> Record? {
        guard var known = record else { return nil }
        let wasOnProbation = known.state == .probation
        known.state = .suspect
        known.since = known.illSince ?? known.since
        if !wasOnProbation { known.until = nil }
        known.message = "\(seed.name) is published in spite of \(known.reason), because too few others are"
        return known
    }
}
