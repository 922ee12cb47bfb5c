package import KubeCore
import MirrorAPI
import MirrorPlanner

/// The incident `disk-full`: the file system on which a seed keeps its content is full, so that it can't store what it
/// is asked for; it answers every dial, and is handed out to everybody who looks for peers.
package struct DiskFullScenario: SeedScenario {
    package let settings: SeedScenarioSettings
    private let say: @Sendable (String) -> Void

    /// Layers of a seed that it pulled, and could be told to remove.
    private struct Fill: Sendable {
        var layers: [String] = []
        /// Of the pull that failed last.
        var fault: String?
    }

    /// Small enough to be full in no time, and large enough that a percent is more than a newcomer's layer.
    package static let mebibytes = 32

    package init(_ settings: SeedScenarioSettings, say: @escaping @Sendable (String) -> Void) {
        self.settings = settings
        self.say = say
    }

    package var incident: String {
        "\(settings.culprit) pulls layers until its file system for content (a tmpfs of "
            + "\(room) MiB in a namespace of its own, as each host has) is full"
    }

    package func control(_ fleet: SimulatedFleet) async throws -> (SearchWindow, SearchWindow) {
        _ = try await fill(fleet)
        let first = try await fleet.search(settings.searches, culprit: settings.culprit)
        try await Task.sleep(for: .seconds(settings.timeToLive))
        let later = try await fleet.search(settings.searches, culprit: settings.culprit)
        return (first, later)
    }

    package func cure(_ fleet: SimulatedFleet, api: KubeAPI) async throws -> SeedOutcome {
        let full = try await fill(fleet)
        let before = try await fleet.search(settings.searches, culprit: settings.culprit)
        try SeedOutcome.requireSymptom(before)
        say(
            "the symptom: \(before.culpritHandedOut) of \(before.searches) newcomers were sent to it, and got no layer:"
        )
        say("  \(full.fault ?? "")")
        let follower = SeedFollower(
            api,
            mirror: RingScenario.mirrorName,
            seed: settings.culprit,
            settings.distribution,
            say: say
        )
        return try await follower.following {
            say("now a P2PMirror is applied, and the operator and an agent on each node start:")
            let begin = follower.beginIncident()
            try await api.create(settings.mirror(), manager: "kubectl")
            try await fleet.startAgents()
            fleet.startOperator()
            return try await run(fleet, follower, full, before, begin)
        }
    }

    private func run(
        _ fleet: SimulatedFleet,
        _ follower: SeedFollower,
        _ full: Fill,
        _ before: SearchWindow,
        _ begin: MicroTimestamp
    ) async throws -> SeedOutcome {
        let (eviction, number) = try await eviction(follower, from: 0)
        try await follower.wait(untilSaid: .diskFull, within: 5)
        let evicted = try await fleet.search(settings.searches, culprit: settings.culprit)
        let newcomer = fleet.newcomer()
        let address = try address(in: fleet)
        // Those of 1 MiB were pulled first, so that this is half of what is there.
        let removed = full.layers.prefix(room / 2)
        for layer in removed {
            guard await newcomer.remove(layer, from: address) else {
                throw ScenarioFailure("\(settings.culprit) does not remove \(layer)")
            }
        }
        say("an administrator removes \(removed.count) layers:")
        let (readmission, last) = try await readmission(follower, from: number)
        let back = try await fleet.search(settings.searches, culprit: settings.culprit)
        let states = follower.timeline.states
        let again = try await refill(fleet, follower, from: last)
        return SeedOutcome(
            before: before,
            evicted: evicted,
            back: back,
            begin: begin,
            times: [eviction, readmission, again.time],
            states: states,
            culprit: settings.culprit,
            remarks: [again.remark]
        )
    }

    private var room: Int { settings.contentMebibytes ?? 0 }

    private func address(in fleet: SimulatedFleet) throws -> String {
        guard let host = fleet.settings.blueprint.host(settings.culprit) else {
            throw ScenarioFailure("the fleet has no \(settings.culprit)")
        }
        return host.address
    }

    // MARK: Filling

    /// Lets the seed pull layers, large ones first, until it can't store even a small one.
    private func fill(_ fleet: SimulatedFleet) async throws -> Fill {
        let newcomer = fleet.newcomer()
        let address = try address(in: fleet)
        var fill = Fill()
        for size in [1 << 20, 1 << 16, 1 << 12] {
            fill.fault = nil
            for number in 0..<1_000 {
                let layer = "fill-\(size)-\(number)"
                fill.fault = await newcomer.fault(pulling: layer, size: size, from: address)
                if fill.fault != nil { break }
                fill.layers.append(layer)
            }
        }
        guard fill.fault?.contains("No space left on device") == true else {
            throw ScenarioFailure("the file system of \(settings.culprit) did not fill up: \(fill.fault ?? "no fault")")
        }
        return fill
    }

    /// Lets it fill up again under the operator's eyes, and stops short of the end: it must leave before it fails.
    private func refill(
        _ fleet: SimulatedFleet,
        _ follower: SeedFollower,
        from number: Int
    ) async throws -> (time: ExpectedTime, remark: String) {
        let newcomer = fleet.newcomer()
        let address = try address(in: fleet)
        say("it fills up again, to nearly 90 %, while the operator looks on:")
        async let searches = fleet.search(settings.searches, culprit: settings.culprit, isAlone: false)
        for layer in 0..<room where (room - room / 2 + layer + 1) * 100 < 90 * room {
            if let fault = await newcomer.fault(pulling: "again-\(layer)", size: 1 << 20, from: address) {
                throw ScenarioFailure("\(settings.culprit) was full before it was to be: \(fault)")
            }
        }
        let (time, _) = try await eviction(follower, from: number, "second eviction")
        let window = try await searches
        if let missing = window.missingHealth { throw ScenarioFailure("while it filled up again \(missing)") }
        return (
            time,
            "the second time it left before it failed: of \(window.handedOut) addresses that were handed out "
                + "meanwhile none failed"
        )
    }

    // MARK: What is due

    /// The label changed after a report of a disk that is too full.
    private func eviction(
        _ follower: SeedFollower,
        from number: Int,
        _ name: String = "eviction"
    ) async throws -> (ExpectedTime, number: Int) {
        let disk = P2PMirrorSpec.Health.Disk()
        let left = try await follower.wait(
            for: "the \(name) of \(settings.culprit)",
            within: settings.deadline,
            from: number
        ) { $0 == .label("false") }
        let report = try await follower.wait(for: "a report of a full disk", within: 2, from: number) {
            if case .disk(let used?) = $0 { used >= disk.evictAtPercent } else { false }
        }
        let record = try await follower.wait(for: "the record of the \(name)", within: 2, from: number) {
            if case .record(let record?) = $0 { record.state == .evicted } else { false }
        }
        // Both come by one watch, so that their order is that of the API server; the label comes by another one.
        guard report.number < record.number else {
            throw ScenarioFailure("\(settings.culprit) was evicted before its agent had reported a full disk")
        }
        let time = ExpectedTime(
            name,
            "report of \(disk.evictAtPercent) % or more (agents measure every second)",
            notBefore: min(report.entry.at, left.entry.at),
            seen: left.entry.at
        )
        return (time, max(left.number, record.number) + 1)
    }

    private func readmission(
        _ follower: SeedFollower,
        from number: Int
    ) async throws -> (ExpectedTime, number: Int) {
        let disk = P2PMirrorSpec.Health.Disk()
        let report = try await follower.wait(
            for: "a report of a disk with room",
            within: settings.deadline,
            from: number
        ) { if case .disk(let used?) = $0 { used < disk.readmitBelowPercent } else { false } }
        let back = try await follower.wait(
            for: "the readmission of \(settings.culprit)",
            within: settings.deadline,
            from: number
        ) { $0 == .label("true") }
        guard let until = follower.timeline.probationEnd(before: back.number) else {
            throw ScenarioFailure("\(settings.culprit) came back without a probation")
        }
        let time = ExpectedTime(
            "readmission",
            "end of its probation, \(settings.healthyForSeconds) s after a report of less than "
                + "\(disk.readmitBelowPercent) %",
            notBefore: MicroTimestamp(until),
            seen: back.entry.at
        )
        let earliest = report.entry.at.after(seconds: settings.healthyForSeconds - 1)
        guard MicroTimestamp(until) > earliest else {
            throw ScenarioFailure("the probation of \(settings.culprit) ended at \(until), too early after the report")
        }
        return (time, back.number + 1)
    }
}
