import Glibc
import KubeCore
import MirrorAPI
import MirrorOperator
import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Another release of operator and agents takes over a fleet, and the former one takes it back: nothing may restart,
/// no file may be written, no specification may change. In the middle of a step it ends as if nobody had left.
package struct UpgradeScenario: Sendable {
    package struct Settings: Sendable {
        package var old: ProductEdition
        package var new: ProductEdition
        package var ring: RingScenario.Settings
        /// Seconds that an edition may take to show that it has done its work.
        package var deadline: Double
        /// Seconds after that in which nothing may happen either.
        package var quiet: Double

        package init(
            old: ProductEdition,
            new: ProductEdition,
            ring: RingScenario.Settings,
            deadline: Double = 60,
            quiet: Double = 8
        ) {
            self.old = old
            self.new = new
            self.ring = ring
            self.deadline = deadline
            self.quiet = quiet
        }
    }

    let settings: Settings
    let fleet: SimulatedFleet
    let cluster: SandboxCluster
    let say: @Sendable (String) -> Void
    var api: KubeAPI { cluster.api }
    let mirror = ObjectKey(name: RingScenario.mirrorName)

    package init(
        _ settings: Settings,
        fleet: SimulatedFleet,
        cluster: SandboxCluster,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.fleet = fleet
        self.cluster = cluster
        self.say = say
    }

    /// The old edition heals the ring; the new one takes over what that left, and the old one takes it back.
    ///
    /// - Throws: `ScenarioFailure` that names each restart, each file and each write.
    package func settled() async throws {
        let (old, new) = (settings.old, settings.new)
        try await begin()
        try await cured()
        var before = try await record()
        say("settled by \(old.name): \(restarts()); \(before.fileCount) files and directories on the hosts")
        try await takeOver(new, from: old, upgrading: true)
        try await unchanged(since: &before, "upgrade to \(new.name)")
        for addition in Self.additions { try await set(addition) }
        try await worked(new)
        try await unchanged(since: &before, "new fields set under \(new.name)")
        try await takeOver(old, from: new, upgrading: false)
        try await unchanged(since: &before, "back to \(old.name), with the new definitions and fields")
        for alien in Self.aliens { try await survived(alien, since: &before) }
        try await takeOver(new, from: old, upgrading: true)
        for wish in Self.wishes { try await set(wish) }
        try await worked(new)
        try await unchanged(since: &before, "wishes that are met already under \(new.name)", mayWrite: true)
        try await takeOver(old, from: new, upgrading: false)
        try await unchanged(since: &before, "back to \(old.name), with these wishes", mayWrite: true)
    }

    /// Each edition leaves the other one a step that an agent has claimed: it ends with its one restart.
    ///
    /// - Throws: `ScenarioFailure` that says which node was restarted how often.
    package func midway() async throws {
        let (old, new) = (settings.old, settings.new)
        try await begin()
        let first = try await claimed(after: [])
        say("\(first) was claimed by \(old.name): \(new.name) takes over")
        try await exchange(new, from: old, upgrading: true, agentsBy: SIGKILL)
        let second = try await claimed(after: [first])
        say("\(second) was claimed by \(new.name): \(old.name) takes it back")
        try await exchange(old, from: new, upgrading: false, agentsBy: SIGKILL)
        try await cured()
        say("settled by both: \(restarts())")
        let wrong = fleet.starts().filter { $1 != ([first, second].contains($0) ? 2 : 1) }
        guard wrong.isEmpty else {
            throw ScenarioFailure("one restart each of \(first) and \(second) was due, but: \(restarts())")
        }
    }

    private func begin() async throws {
        try await cluster.apply(crds: settings.old.crds)
        try await fleet.start()
        try await api.create(RingScenario(settings.ring, say: say).mirror(of: fleet), manager: "kubectl")
        try await fleet.startAgents(executable: settings.old.executable)
        fleet.startOperator(executable: settings.old.executable)
    }

    private func cured() async throws {
        try await MirrorFollower(api, name: mirror.name, say: { _ in }).untilCured(within: settings.ring.deadline)
    }

    private func takeOver(_ edition: ProductEdition, from other: ProductEdition, upgrading: Bool) async throws {
        let leader = try await self.leader()
        try await exchange(edition, from: other, upgrading: upgrading)
        try await within("\(edition.name) does not lead") {
            let now = try await self.leader()
            return now != nil && now != leader
        }
        try await worked(edition)
    }

    /// As a cluster's administrator would: definitions first, and the new ones stay when the release goes back.
    private func exchange(
        _ edition: ProductEdition,
        from other: ProductEdition,
        upgrading: Bool,
        agentsBy signal: Int32 = SIGTERM
    ) async throws {
        if upgrading { try await cluster.apply(crds: edition.crds) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await fleet.supervisor.stop(fleet.operatorUnit()) }
            for host in fleet.settings.blueprint.hosts {
                group.addTask { await fleet.supervisor.stop(fleet.agentUnit(of: host.name), by: signal) }
            }
        }
        try await fleet.startAgents(executable: edition.executable)
        fleet.startOperator(executable: edition.executable)
    }

    private func unchanged(since before: inout FleetRecord, _ what: String, mayWrite: Bool = false) async throws {
        try await Task.sleep(for: .seconds(settings.quiet))
        let record = try await record()
        before = before.expecting(record)
        var difference = record.difference(from: before)
        say(
            "\(what): \(difference.restarts.count) restarts, \(difference.files.count) rewritten files, "
                + "\(difference.writes.count) writes of specifications"
        )
        if mayWrite { difference.writes = [] }
        guard difference.isEmpty else {
            let all = difference.restarts + difference.files + difference.writes
            throw ScenarioFailure("\(what): nothing should have happened, but:\n  \(all.joined(separator: "\n  "))")
        }
    }

    /// A value that the old edition cannot read: it may not know what to do then, but it must not do anything.
    private func survived(_ alien: JSONValue, since before: inout FleetRecord) async throws {
        let spec = try await raw()["spec"] ?? [:]
        guard try await set(alien) else { return }
        try await unchanged(since: &before, "\(alien.text) under \(settings.old.name)")
        let former = (alien.objectValue ?? [:]).keys.map { ($0, spec[$0] ?? .null) }
        try await set(.object(Dictionary(uniqueKeysWithValues: former)))
        try await worked(settings.old)
        try await unchanged(since: &before, "and taken back")
    }
}
