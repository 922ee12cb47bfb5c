import KubeCore
import MirrorPlanner

/// What clients met within a window of time: new tasks at an even pace, each got by one client.
struct DragonflyWindow: Hashable, Sendable {
    var seconds = 0.0
    var tasks = 0
    var failed = 0
    /// Bytes that clients got, and those of them that came from the source.
    var bytes: Int64 = 0
    var sourceBytes: Int64 = 0
    /// The same of the tasks that belong to the seed in question.
    var seedTasks = 0
    var seedBytes: Int64 = 0
    var seedSourceBytes: Int64 = 0
    /// Seconds until clients knew where from.
    var waited: [Double] = []
    /// Seconds until clients had it.
    var took: [Double] = []
    /// Log lines of schedulers.
    var noCandidates = 0
    /// Bytes that the source counted at its own listener, for clients.
    var countedAtSource: Int64 = 0
    var reasons: [String: Int] = [:]
    /// Parents that clients tried in vain.
    var failedParents = 0

    /// Part of the clients' bytes that came from the source.
    var share: Double { bytes > 0 ? Double(sourceBytes) / Double(bytes) : 0 }
    /// The same of the tasks that belong to the seed.
    var seedShare: Double { seedBytes > 0 ? Double(seedSourceBytes) / Double(seedBytes) : 0 }
    var noCandidatesPerMinute: Double { seconds > 0 ? Double(noCandidates) * 60 / seconds : 0 }
    var meanWait: Double { waited.isEmpty ? 0 : waited.reduce(0, +) / Double(waited.count) }
    var longestWait: Double { waited.max() ?? 0 }
    var meanTime: Double { took.isEmpty ? 0 : took.reduce(0, +) / Double(took.count) }

    mutating func add(_ download: DfdaemonService.Download?, isSeeds: Bool) {
        tasks += 1
        if isSeeds { seedTasks += 1 }
        guard let download, download.error == nil else {
            failed += 1
            return
        }
        bytes += download.size
        sourceBytes += download.sourceBytes
        if isSeeds {
            seedBytes += download.size
            seedSourceBytes += download.sourceBytes
        }
        waited.append(download.waited)
        took.append(download.seconds)
        failedParents += download.failedParents
        if !download.reason.isEmpty { reasons[download.reason, default: 0] += 1 }
    }
}

/// Makes windows.
struct DragonflyLoad: Sendable {
    /// More than what clients take from the source without a scheduler.
    static let taskSize: Int64 = 5 << 20

    let fleet: SimulatedDragonfly
    let source: SourceServer
    /// The ring's member whose tasks are told apart, and all members.
    var seed = ""
    var ring: [String] = []
    /// Bytes of a task.
    var size = taskSize

    /// Runs a window.
    ///
    /// - Parameters:
    ///   - pace: seconds between two tasks.
    ///   - tasks: that clients get, in this order, and then new ones.
    func window(seconds: Double, pace: Double, tasks: [DragonflyTaskID] = []) async throws -> DragonflyWindow {
        let clients = try await fleet.clients()
        guard !clients.isEmpty else { throw ScenarioFailure("the fleet has no clients") }
        let before = await counts()
        let clock = ContinuousClock()
        let begin = clock.now
        let members = HashRing(ring)
        var window = DragonflyWindow()
        window = try await withThrowingTaskGroup(of: (DfdaemonService.Download?, Bool).self) { group in
            var number = 0
            while clock.now - begin < .seconds(seconds) {
                let task = number < tasks.count ? tasks[number] : SimulatedDragonfly.freshTask()
                let client = clients[number % clients.count]
                let isSeeds = members.member(for: task.text) == seed
                group.addTask { (await fleet.pull(task, size: size, client: client), isSeeds) }
                number += 1
                try await clock.sleep(until: begin + .seconds(Double(number) * pace), tolerance: .zero)
            }
            var result = DragonflyWindow()
            for try await (download, isSeeds) in group { result.add(download, isSeeds: isSeeds) }
            return result
        }
        window.seconds = DfdaemonService.seconds(clock.now - begin)
        let after = await counts()
        window.noCandidates = after.noCandidates - before.noCandidates
        window.countedAtSource = after.clients - before.clients
        return window
    }

    /// Has clients get tasks of the seed until its disk is filled so far, a few at a time.
    ///
    /// - Returns: percent at the end.
    func fill(seed name: String, to percent: Double, limit: Int = 200) async throws -> Double {
        let clients = try await fleet.clients()
        let members = HashRing(ring)
        var filled = await fleet.diskPercent(ofSeed: name) ?? 0
        var number = 0
        while filled < percent, number < limit {
            // One at a time at the end, so that the mark is not far exceeded.
            let count = filled + 10 < percent ? 4 : 1
            await withTaskGroup(of: Void.self) { group in
                for place in number..<number + count {
                    var task = SimulatedDragonfly.freshTask()
                    while members.member(for: task.text) != seed { task = SimulatedDragonfly.freshTask() }
                    let (wanted, client) = (task, clients[place % clients.count])
                    group.addTask { _ = await fleet.pull(wanted, size: Self.taskSize, client: client) }
                }
            }
            number += count
            filled = await fleet.diskPercent(ofSeed: name) ?? filled
        }
        return filled
    }

    private func counts() async -> (noCandidates: Int, clients: Int64) {
        var noCandidates = 0
        for (_, figures) in await fleet.schedulerFigures() { noCandidates += figures?.noCandidates ?? 0 }
        let clients = source.bytes.filter { !$0.key.hasSuffix("-seed") }.values.reduce(0, +)
        return (noCandidates, clients)
    }
}

/// Windows of several runs beside each other, for people.
enum DragonflyTable {
    static func lines(_ columns: [(title: String, window: DragonflyWindow)], seed: String? = nil) -> [String] {
        func row(_ title: String, _ value: (DragonflyWindow) -> String) -> [String] {
            [title] + columns.map { value($0.window) }
        }
        func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
        func seconds(_ value: Double) -> String { "\(WindowTable.rounded(value)) s" }
        var rows = [[""] + columns.map(\.title)]
        rows.append(row("tasks that clients got") { "\($0.tasks - $0.failed)" })
        rows.append(row("tasks that failed") { "\($0.failed)" })
        rows.append(row("share of bytes from the source") { percent($0.share) })
        if let seed { rows.append(row("the same of tasks of \(seed)") { percent($0.seedShare) }) }
        if columns.contains(where: { $0.window.failedParents > 0 }) {
            rows.append(row("parents tried in vain") { "\($0.failedParents)" })
        }
        rows.append(row("MiB counted at the source, for clients") { "\($0.countedAtSource >> 20)" })
        rows.append(row("\"can not find candidate parents\"/min") { WindowTable.rounded($0.noCandidatesPerMinute) })
        rows.append(row("wait for directions, mean") { seconds($0.meanWait) })
        rows.append(row("wait for directions, longest") { seconds($0.longestWait) })
        rows.append(row("time until a task was there, mean") { seconds($0.meanTime) })
        return TextTable.lines(rows)
    }
}
