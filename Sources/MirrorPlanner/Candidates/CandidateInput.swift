package import KubeCore
package import MirrorAPI

/// All that a decision about a candidate set rests on.
package struct CandidateInput: Hashable, Sendable {
    /// Why nothing is carried out, whatever is decided.
    package enum Hold: Hashable, Sendable {
        case none
        /// `mode: Observe`.
        case observing
        /// `pauseRequests`, or the mirror is not accepted; the words say which.
        case paused(String)
        /// Nothing leaves the set, since what would carry it out does not work; the words say why. What is out comes
        /// back.
        case keeping(String)
        /// The mirror is being deleted: what we took out is put back, since nobody would do it afterwards.
        case retiring
    }

    /// What the mirror's status remembers of the set.
    package struct Memory: Hashable, Sendable {
        package var candidates: P2PMirrorStatus.Candidates?
        package var evictions: [P2PMirrorStatus.Eviction]?
        package var storm: P2PMirrorStatus.Storm?

        package init(
            candidates: P2PMirrorStatus.Candidates? = nil,
            evictions: [P2PMirrorStatus.Eviction]? = nil,
            storm: P2PMirrorStatus.Storm? = nil
        ) {
            self.candidates = candidates
            self.evictions = evictions
            self.storm = storm
        }

        package init(_ status: P2PMirrorStatus?) {
            self.init(candidates: status?.candidates, evictions: status?.evictions, storm: status?.storm)
        }
    }

    /// A clock that never goes back while the process lives: the wall clock at its start and the time since.
    package var now: MicroTimestamp
    package var settings: CandidateSettings
    package var seeds: [Seed]
    package var memory: Memory
    /// From the decision before this one, or `SignalTrust(since:)` the start of the process.
    package var trust: SignalTrust
    /// Why the watch behind a signal is out of date, as a live read shows.
    package var stale: [Signal: String]
    package var hold: Hold
    /// Value of `AnnotationKey.releaseStorm`.
    package var stormsReleasedUntil: Timestamp?

    package init(
        now: MicroTimestamp,
        settings: CandidateSettings,
        seeds: [Seed],
        memory: Memory = Memory(),
        trust: SignalTrust,
        stale: [Signal: String] = [:],
        hold: Hold = .none,
        stormsReleasedUntil: Timestamp? = nil
    ) {
        self.now = now
        self.settings = settings
        self.seeds = seeds
        self.memory = memory
        self.trust = trust
        self.stale = stale
        self.hold = hold
        self.stormsReleasedUntil = stormsReleasedUntil
    }
}

/// What every part of one decision looks at: a class with constants only, because every seed holds it.
final class CandidateContext: Sendable {
    let now: Moment
    let settings: CandidateSettings
    let trust: SignalTrust
    /// Since when most seeds have been heard.
    let othersHeardAt: Timestamp
    /// Signals that nobody's evidence counts of.
    let doubted: Set<Signal>

    init(now: Moment, settings: CandidateSettings, trust: SignalTrust, seeds: [Seed]) {
        self.now = now
        self.settings = settings
        self.trust = trust
        doubted = Set(trust.doubted)
        othersHeardAt = Announcement.heardFromMost(seeds)
    }

    /// A record none of whose times lies farther off than it can: after the wall clock was set back it would else
    /// last as long as the clock was ahead.
    func clamped(_ record: MirrorNodeStatus.Candidate) -> MirrorNodeStatus.Candidate {
        guard record.since > now.begins else { return record }
        var next = record
        let ahead = record.since - now.begins
        next.since = now.begins
        next.until = record.until.map { $0 + -ahead }
        next.illSince = record.illSince.map { min($0, now.begins) }
        return next
    }

    /// Why a seed that is out leaves again: somebody published it.
    func drift(_ seed: Seed, _ record: MirrorNodeStatus.Candidate) -> Cause {
        Cause(
            kind: Cause.Kind(reason: record.reason) ?? .nodeNotReady,
            detail: "\(settings.lever.name) publishes it again (\(settings.lever.drift)) before it may come back"
        )
    }
}

extension CandidateInput.Hold {
    /// Whether seeds may come into the set.
    var letsIn: Bool {
        switch self {
        case .none, .keeping: true
        case .observing, .paused, .retiring: false
        }
    }
}
