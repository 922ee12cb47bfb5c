import KubeCore
import MirrorPlanner

/// All that one scheduler knows, in memory and nowhere else, and what it decides from it. Times are since its start.
///
/// Source: dragonflyoss/dragonfly `scheduler/service/service_v2.go`, `scheduler/scheduling/scheduling.go` and
/// `scheduler/resource/standard`.
struct SchedulerState: Sendable {
    /// A host as it was announced.
    struct Entry: Hashable, Sendable {
        var host: DragonflyHost
        var interval: Duration
        var updatedAt: Duration
    }

    /// Why a call is refused.
    struct Refusal: Error, Hashable {
        var code: Int
        var message: String
    }

    let line: SchedulerLine
    var settings: SchedulerSettings
    let scale: TimeScale
    var entries: [String: Entry] = [:]
    var tasks: [String: SchedulerTask] = [:]
    var ring = HashRing()
    var figures = SchedulerFigures()

    init(_ line: SchedulerLine, _ settings: SchedulerSettings, _ scale: TimeScale) {
        self.line = line
        self.settings = settings
        self.scale = scale
    }

    /// Takes the settings that are read again without a restart.
    mutating func reload(_ settings: SchedulerSettings) {
        self.settings.candidateParents = settings.candidateParents
        self.settings.filteredParents = settings.filteredParents
    }

    // MARK: Hosts

    /// Takes an announcement. Address and names stay as they were announced first.
    mutating func announce(_ announcement: DragonflyAnnouncement, now: Duration) throws(Refusal) {
        var host = announcement.host
        guard !host.id.isEmpty else {
            throw Refusal(code: 3, message: "invalid Host.Id: value length must be at least 1 runes")
        }
        if let known = entries[host.id]?.host {
            host.ip = known.ip
            host.hostname = known.hostname
            host.name = known.name
        }
        host.schedulerClusterID = 1
        figures.announcements += 1
        let interval = announcement.interval?.duration ?? .seconds(300)
        entries[host.id] = Entry(host: host, interval: interval, updatedAt: now)
    }

    /// Forgets a host and all that it has of tasks.
    mutating func delete(host id: String) throws(Refusal) {
        guard entries[id] != nil else { throw Refusal(code: 5, message: "host \(id) not found") }
        figures.departures += 1
        forget(id)
    }

    private mutating func forget(_ id: String) {
        entries[id] = nil
        keepPeers { $0.hostID != id }
    }

    /// All hosts, or those of one type; a type that there is not has none.
    mutating func list(type: UInt32?) -> DragonflyHostList {
        figures.listings += 1
        let hosts = entries.values.map(\.host).sorted { $0.id < $1.id }
        return DragonflyHostList(hosts.filter { type == nil || $0.kind.number == type })
    }

    /// Forgets hosts that have not announced themselves for twice their interval; their ids.
    mutating func collectHosts(now: Duration) -> [String] {
        let gone = entries.filter { now - $0.value.updatedAt > $0.value.interval * 2 }.map(\.key).sorted()
        for id in gone { forget(id) }
        figures.collections += 1
        return gone
    }

    /// Forgets peers that failed.
    mutating func collectPeers() {
        keepPeers { $0.state != .failed }
    }

    private mutating func keepPeers(_ stays: (SchedulerPeer) -> Bool) {
        tasks = tasks.mapValues { task in
            var task = task
            task.peers = task.peers.filter { stays($0.value) }
            return task
        }
    }

    // MARK: The ring

    /// Addresses of the seeds whose health is looked at, one after another.
    var seeds: [String] {
        entries.values.map(\.host).filter(\.isSeed).map { "\($0.ip):\($0.port)" }.sorted()
    }

    /// Takes the result of a look at the seeds.
    ///
    /// - Parameter listed: the seeds that were looked at.
    mutating func refreshRing(listed: [String], healthy: [String]) {
        // Up to 2.3.0 announcements make nobody a seed, and the simulated release has no manager with rows.
        guard line.seeds == .announcements else { return }
        // Without any seed the look returns early, and what it found last goes on to hold.
        if listed.isEmpty, line.keepsStaleRing { return }
        ring = HashRing(healthy)
    }

    /// The figures with what there is now.
    var report: SchedulerFigures {
        var report = figures
        report.ring = ring.members.sorted()
        report.hosts = entries.keys.sorted()
        return report
    }

    /// A task as `StatTask` shows it; it never says whether a peer is available.
    func task(_ id: DragonflyTaskID) throws(Refusal) -> DragonflyTask {
        guard let known = tasks[id.text] else { throw Refusal(code: 5, message: "task \(id.text) not found") }
        var task = DragonflyTask()
        task.id = id.text
        task.state = known.state.rawValue
        task.peerCount = UInt32(known.peers.count)
        return task
    }
}
