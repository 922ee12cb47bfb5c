package import KubeCore
import MirrorAPI
import MirrorPlanner

/// The incident `crashed-peer`: a peer dies without saying goodbye, its Node stays Ready, and it is handed out to
/// everybody who looks for peers.
package struct CrashedPeerScenario: SeedScenario {
    package let settings: SeedScenarioSettings
    private let say: @Sendable (String) -> Void

    package init(_ settings: SeedScenarioSettings, say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.say = say
    }

    package var incident: String {
        "the service of \(settings.culprit) is killed and stays down; its Node stays Ready for 40 s and more, as "
            + "Kubernetes has it, so servers hand it out"
    }

    package func control(_ fleet: SimulatedFleet) async throws -> (SearchWindow, SearchWindow) {
        try await crash(on: fleet)
        let first = try await fleet.search(settings.searches, culprit: settings.culprit)
        try await Task.sleep(for: .seconds(settings.timeToLive))
        let later = try await fleet.search(settings.searches, culprit: settings.culprit)
        return (first, later)
    }

    package func cure(_ fleet: SimulatedFleet, api: KubeAPI) async throws -> SeedOutcome {
        say("a P2PMirror is applied, and the operator and an agent on each node start:")
        try await api.create(mirror, manager: "kubectl")
        try await fleet.startAgents()
        fleet.startOperator()
        let follower = SeedFollower(
            api,
            mirror: RingScenario.mirrorName,
            seed: settings.culprit,
            settings.distribution,
            say: say
        )
        return try await follower.following { try await run(fleet, follower) }
    }

    /// The simulated hosts keep their content on this machine's own disk, which may be full: that is another incident.
    private var mirror: P2PMirror {
        settings.mirror(disk: P2PMirrorSpec.Health.Disk(evictAtPercent: 100, readmitBelowPercent: 100))
    }

    private func crash(on fleet: SimulatedFleet) async throws {
        fleet.supervisor.crash(try unit(of: fleet))
    }

    private func unit(of fleet: SimulatedFleet) throws -> String {
        guard let host = fleet.settings.blueprint.host(settings.culprit) else {
            throw ScenarioFailure("the fleet has no \(settings.culprit)")
        }
        return fleet.daemonUnit(of: host)
    }

    private func run(_ fleet: SimulatedFleet, _ follower: SeedFollower) async throws -> SeedOutcome {
        try await untilAnnounced(fleet, follower)
        let begin = follower.beginIncident()
        try await crash(on: fleet)
        let mark = follower.timeline.entries.count
        say("\(settings.culprit) has announced itself and is killed at once; it can't say goodbye:")
        let before = try await fleet.search(settings.searches, culprit: settings.culprit)
        try SeedOutcome.requireSymptom(before)
        say("the symptom: \(before.culpritHandedOut) of \(before.searches) newcomers were sent to it, and failed there")
        let left = try await follower.wait(
            for: "the eviction of \(settings.culprit)",
            within: settings.deadline,
            from: mark
        ) { $0 == .label("false") }
        guard let renewal = follower.timeline.renewal(before: left.number) else {
            throw ScenarioFailure("\(settings.culprit) has no announcement, and left all the same")
        }
        // The operator's watch may be a little ahead of ours.
        let watched = MicroTimestamp(microseconds: renewal.seen.microseconds - 250_000)
        let earliest = max(renewal.written, watched)
        let eviction = ExpectedTime(
            "eviction",
            "last renewal + \(settings.timeToLive) s",
            notBefore: earliest.after(seconds: settings.timeToLive),
            latest: renewal.seen.after(seconds: settings.timeToLive),
            seen: left.entry.at
        )
        try await follower.wait(untilSaid: .announcementExpired, within: 5)
        let evicted = try await fleet.search(settings.searches, culprit: settings.culprit)
        say("the service of \(settings.culprit) starts again, and publishes itself as it does at each start:")
        let revived = WallClock.now()
        fleet.supervisor.revive(try unit(of: fleet))
        let times = try await untilBack(follower, from: left.number + 1, revived: revived)
        let back = try await fleet.search(settings.searches, culprit: settings.culprit)
        return SeedOutcome(
            before: before,
            evicted: evicted,
            back: back,
            begin: begin,
            times: [eviction] + times,
            states: follower.timeline.states,
            culprit: settings.culprit
        )
    }

    /// Waits until the operator knows all seeds, and the seed has just announced itself: so the window of the symptom
    /// ends before the announcement does.
    private func untilAnnounced(_ fleet: SimulatedFleet, _ follower: SeedFollower) async throws {
        let hosts = fleet.settings.blueprint.hosts.count
        try await follower.wait(for: "\(hosts) published seeds", within: settings.deadline) { status in
            status.candidates?.published == hosts
                && status.conditions.first(ofType: MirrorConditionType.candidatesAvailable.rawValue)?.status == .true
        }
        // So long until its probes pass: what has never been heard of a seed could not clear it later.
        try await Task.sleep(for: .seconds(3 * SeedScenarioSettings.probePeriodSeconds))
        let seen = follower.timeline.entries.count
        _ = try await follower.wait(
            for: "an announcement of \(settings.culprit)",
            within: settings.deadline,
            from: seen
        ) { if case .renewal(.some) = $0 { true } else { false } }
    }

    /// Drift and readmission.
    ///
    /// - Parameter revived: when the service was started again; it answers no earlier, and from then on it is well.
    private func untilBack(
        _ follower: SeedFollower,
        from number: Int,
        revived: MicroTimestamp
    ) async throws -> [ExpectedTime] {
        let drift = try await follower.wait(
            for: "the label that the service of \(settings.culprit) writes at its start",
            within: settings.deadline,
            from: number
        ) { $0 == .label("true") }
        let out = try await follower.wait(
            for: "the second withdrawal of \(settings.culprit)",
            within: settings.deadline,
            from: drift.number + 1
        ) { $0 == .label("false") }
        let back = try await follower.wait(
            for: "the readmission of \(settings.culprit)",
            within: settings.deadline,
            from: out.number + 1
        ) { $0 == .label("true") }
        let timeline = follower.timeline
        guard let until = timeline.probationEnd(before: back.number) else {
            throw ScenarioFailure("\(settings.culprit) came back without a probation")
        }
        guard timeline.first(from: number, where: { if case .renewal = $0 { true } else { false } }) != nil else {
            throw ScenarioFailure("\(settings.culprit) came back unannounced")
        }
        return [
            ExpectedTime("out again", "when its service publishes it", notBefore: drift.entry.at, seen: out.entry.at),
            ExpectedTime(
                "readmission",
                "end of its probation, at least \(settings.healthyForSeconds) s after its start",
                notBefore: max(MicroTimestamp(until), revived.after(seconds: settings.healthyForSeconds)),
                seen: back.entry.at
            ),
        ]
    }
}
