package import KubeCore

/// What is known of the seeds of one mirror beside the objects of a snapshot, each piece by the name of its node.
///
/// It lives as long as the process does: what we did not see ourselves begins anew after a start.
package struct SeedEvidence: Codable, Hashable, Sendable {
    /// A clock that never goes back while the process lives: the wall clock at its start and the time since. All other
    /// times here are by it.
    package var now: MicroTimestamp
    /// Only of nodes that have such pods.
    package var pods: [String: PodReading]
    package var probes: [String: [ProbeReading]]
    package var announcements: [String: Announcement]
    /// The last sign of life of a node's agent that we saw ourselves, rounded up.
    package var agentsHeardAt: [String: Timestamp]
    /// Why the watch behind a signal is out of date, as a live read shows.
    package var stale: [Signal: String]
    /// From the decision before, or `SignalTrust(since:)` the start of the process.
    package var trust: SignalTrust

    package init(
        now: MicroTimestamp,
        pods: [String: PodReading] = [:],
        probes: [String: [ProbeReading]] = [:],
        announcements: [String: Announcement] = [:],
        agentsHeardAt: [String: Timestamp] = [:],
        stale: [Signal: String] = [:],
        trust: SignalTrust
    ) {
        self.now = now
        self.pods = pods
        self.probes = probes
        self.announcements = announcements
        self.agentsHeardAt = agentsHeardAt
        self.stale = stale
        self.trust = trust
    }
}
