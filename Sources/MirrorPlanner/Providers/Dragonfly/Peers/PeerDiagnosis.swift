import KubeCore
import MirrorAPI

/// The condition `PeersConnected`: whether every daemon can find schedulers, and every scheduler knows the daemons that
/// run, and else why not, with the address that was tried and the exact error.
///
/// Causes are looked for from cheap to dear, and the first kind that is found is named alone: what comes after it
/// follows from it.
struct PeerDiagnosis {
    /// One cause, with what to do about it.
    struct Finding: Hashable, Sendable {
        var reason: Reason
        var message: String

        init(_ reason: Reason, _ message: String) {
            (self.reason, self.message) = (reason, message)
        }
    }

    let fleet: DragonflyFleet
    let files: DragonflyFiles
    let readings: [(daemon: DragonflyFleet.Daemon, reading: SchedulerReading)]

    init(_ fleet: DragonflyFleet, _ files: DragonflyFiles) {
        self.fleet = fleet
        self.files = files
        let known = Dictionary(fleet.evidence.schedulers.map { ($0.pod, $0) }, uniquingKeysWith: { first, _ in first })
        readings = fleet.schedulers.compactMap { daemon in known[daemon.name].map { (daemon, $0) } }
    }

    var condition: (Condition.Status, Verdict) {
        if let missing = fleet.missing { return (.unknown, missing) }
        let causes = self.causes
        if let first = causes.first {
            let message = causes.prefix(3).map(\.message).joined(separator: ". ")
            return (.false, Verdict(first.reason, message))
        }
        guard !readings.isEmpty else {
            return (.unknown, Verdict(.starting, "The schedulers have not been asked yet"))
        }
        return (.true, Verdict(.connected, ([connected] + remarks.map(\.message)).joined(separator: ". ")))
    }

    /// All causes of the first kind that is found; empty where daemons find each other.
    var causes: [Finding] {
        let kinds: [() -> [Finding]] = [
            noScheduler, skew, oddFiles, otherCluster, unresolved, unreachableSchedulers, staleAddresses,
            wrongAddresses,
            cutOff, forgetful, noSeeds, unreachableSeeds, cutShort, daemonsWithoutScheduler,
        ]
        for kind in kinds {
            let found = kind()
            if !found.isEmpty { return found }
        }
        return []
    }

    /// What looks like a fault and is none.
    var remarks: [Finding] { busyDaemons + fullTables + killedForMemory + emptyConsole }

    private var connected: String {
        let lists = readings.compactMap(\.reading.hosts)
        let seeds = lists.map { $0.count(where: \.isSeed) }.max() ?? 0
        let clients = lists.map { $0.count { !$0.isSeed } }.max() ?? 0
        return "\(Self.count(readings.count, "scheduler")) \(Sentences.form(readings.count, "lists", "list")) "
            + "\(Self.count(seeds, "seed")) and \(Self.count(clients, "client"))"
    }

    /// Whether a fault has lasted long enough to be told.
    func lasts(_ since: Timestamp?) -> Bool { since.map { fleet.now - $0 >= fleet.timing.settlingSeconds } ?? true }

    /// "a", "a and b", or all with commas between.
    static func joined(_ words: [String]) -> String {
        words.count == 2 ? "\(words[0]) and \(words[1])" : Sentences.list(words)
    }

    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(Sentences.form(number, noun, "\(noun)s"))"
    }
}
