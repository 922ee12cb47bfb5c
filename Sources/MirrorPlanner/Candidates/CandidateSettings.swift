package import MirrorAPI

/// What a mirror asks for, with what only the provider can say.
package struct CandidateSettings: Hashable, Sendable {
    /// What carries a peer into the set and out of it, and what that does not do.
    package struct Lever: Hashable, Sendable {
        /// As in "the label p2pmirror.io/candidate".
        package var name: String
        /// What leaving the set means there, as a sentence without full stop.
        package var effect: String
        /// Reason of `EvictionEffective` while the lever stands as it should.
        package var reason: Reason
        /// Why the lever may have been moved by somebody else, as a sentence without full stop.
        package var drift: String

        package init(name: String, effect: String, reason: Reason, drift: String) {
            self.name = name
            self.effect = effect
            self.reason = reason
            self.drift = drift
        }
    }

    package var candidates: P2PMirrorSpec.Candidates
    package var health: P2PMirrorSpec.Health
    package var liveness: P2PMirrorSpec.Liveness
    /// The floor that no setting goes below.
    package var leastPublished: Int
    package var lever: Lever

    package init(
        candidates: P2PMirrorSpec.Candidates = .init(),
        health: P2PMirrorSpec.Health = .init(),
        liveness: P2PMirrorSpec.Liveness = .init(),
        leastPublished: Int,
        lever: Lever
    ) {
        self.candidates = candidates
        self.health = health
        self.liveness = liveness
        self.leastPublished = leastPublished
        self.lever = lever
    }

    package init(_ spec: P2PMirrorSpec) { self.init(spec, spec.provider.rules) }

    package init(_ spec: P2PMirrorSpec, _ rules: any ProviderRules) {
        self.init(
            candidates: spec.candidates,
            health: spec.health,
            liveness: spec.liveness,
            leastPublished: rules.leastPublished,
            lever: rules.lever
        )
    }

    /// How many of so many seeds stay published whatever is wrong with them.
    func floor(of total: Int) -> Int { max(leastPublished, candidates.minPublished.roundedUp(of: total)) }

    /// How many of so many seeds may be unhealthy before it is a storm.
    func mayBeUnhealthy(of total: Int) -> Int { candidates.maxUnhealthy.roundedDown(of: total) }

    /// How long a seed must be well before it comes back.
    ///
    /// With 120 s: 120, 240, 480, 900, 900 s for the first eviction to the fifth within an hour of health.
    func probationSeconds(ejections: Int) -> Int {
        let base = candidates.healthyForSeconds
        let doubled = base << min(max(ejections, 1) - 1, 10)
        return min(doubled, max(base, Self.longestProbationSeconds))
    }

    package static let longestProbationSeconds = 900
    /// So long must a seed be healthy before its evictions are forgiven.
    static let forgivenessSeconds = 3600
    /// So long a seed that was put back may take to appear in the set before others may leave without it.
    static let growthSeconds = 30
    /// So many seeds of one zone must be unhealthy before it is a storm in that zone: three servers in three zones are
    /// no storm each. The node lifecycle controller of Kubernetes draws the line there too (`ComputeZoneState`).
    static let leastOfZone = 3
}
