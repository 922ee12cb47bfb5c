import KubeCore
import MirrorAPI

/// What schedulers are told to forget: what seeds offer that are out of the set, and hosts that are gone without a
/// word.
///
/// A scheduler drops a host that said nothing for twice its interval, but looks for such hosts every five minutes only
/// (dragonflyoss/dragonfly `scheduler/resource/standard/host_manager.go`). Until then its peers are parents of tasks,
/// whatever its health: `DeleteHost` takes them out of all of them at once (`scheduler/service/service_v2.go`).
///
/// The last seed that a scheduler knows is never removed: releases up to 2.5.1 keep the last members of an empty set
/// for good (dragonflyoss/dragonfly#4960).
struct HostRemoval {
    /// What is to be done now.
    private(set) var writes: [Write] = []
    /// When there is more to do though nothing is heard.
    private(set) var deadline: Timestamp?
    /// Schedulers that could not be told of a seed that is out, by the name of the seed.
    private(set) var untold: [String: [String]] = [:]

    /// Hosts that one pass removes, at most.
    static let limit = 10

    private let fleet: DragonflyFleet
    private let files: DragonflyFiles
    private let readings: [String: SchedulerReading]

    init(_ fleet: DragonflyFleet, _ files: DragonflyFiles, records: [String: MirrorNodeStatus.Candidate]) {
        self.fleet = fleet
        self.files = files
        readings = Dictionary(fleet.evidence.schedulers.map { ($0.pod, $0) }, uniquingKeysWith: { first, _ in first })
        for seed in fleet.seeds {
            if let quarantine = seed.quarantine { tell(of: seed, quarantine, records[seed.name]) }
        }
        if fleet.dragonfly.removeDeadHosts { removeDead() }
    }

    // MARK: Seeds that are out

    /// One scheduler a pass: each is remembered on the quarantine before the next one is told.
    private mutating func tell(
        of seed: DragonflyFleet.Seed,
        _ quarantine: ManagedObject,
        _ record: MirrorNodeStatus.Candidate?
    ) {
        let metadata = quarantine.metadata
        guard let begin = metadata.creationTimestamp else { return }
        let due = record?.isOfDead == true ? begin : begin + fleet.timing.ringDelay(fleet.seeds.count)
        guard fleet.now >= due else {
            deadline = deadline.map { min($0, due) } ?? due
            return
        }
        let told = Set(
            (metadata.annotations[DragonflyNames.toldAnnotation] ?? "").split(separator: ",").map(String.init)
        )
        for scheduler in fleet.schedulers {
            guard let uid = scheduler.pod.metadata.uid, !told.contains(uid) else { continue }
            guard let reading = readings[scheduler.name], let hosts = reading.hosts else {
                untold[seed.name, default: []].append(scheduler.name)
                continue
            }
            // It knows nothing of it, so there is nothing to forget yet.
            guard let host = hosts.first(where: { $0.isHost(of: seed) }) else { continue }
            guard hasGoodSeed(reading, besides: host) else {
                untold[seed.name, default: []].append(scheduler.name)
                continue
            }
            let why = "\(seed.name) is out of the candidate set, and is no parent of a task any more"
            guard let call = removal(of: host, scheduler, Verdict(.forgetsHost, why)) else { continue }
            writes.append(call)
            writes.append(mark(quarantine, told: told.union([uid]), scheduler.name))
            return
        }
    }

    private func mark(_ quarantine: ManagedObject, told: Set<String>, _ scheduler: String) -> Write {
        let annotations: JSONValue = [DragonflyNames.toldAnnotation: .string(told.sorted().joined(separator: ","))]
        return Write(
            Write.Target(NetworkPolicyKind.resource, quarantine.key),
            .merge(.value(["metadata": ["annotations": annotations]])),
            .version(quarantine.metadata.resourceVersion),
            by: FieldManager.candidates,
            .recordCall(scheduler),
            Verdict(.forgetsHost, "a scheduler is told once of each seed that leaves")
        )
    }

    // MARK: Hosts that are gone

    private mutating func removeDead() {
        let pods = fleet.seeds.compactMap(\.pod) + (fleet.clients + fleet.schedulers + fleet.managers).map(\.pod)
        let addresses = Set(pods.flatMap(\.addresses))
        for scheduler in fleet.schedulers {
            guard let reading = readings[scheduler.name], let hosts = reading.hosts else { continue }
            for host in hosts.sorted(by: { $0.id < $1.id }) where !addresses.contains(host.ip) {
                guard writes.count < Self.limit, let heard = reading.heardAt[host.id], isSilent(host),
                    let interval = interval(of: host)
                else { continue }
                let end = heard + interval.multiplied(by: 2)
                guard fleet.heardNow >= end else {
                    let wait = fleet.now + (end - fleet.heardNow)
                    deadline = deadline.map { min($0, wait) } ?? wait
                    continue
                }
                if host.isSeed, !hasGoodSeed(reading, besides: host) { continue }
                let why =
                    "\(host.address) is no pod of the release, accepts no connection, and has not announced itself "
                    + "since \(heard), which is more than twice its interval of \(interval) s"
                if let call = removal(of: host, scheduler, Verdict(.forgetsHost, why)) { writes.append(call) }
            }
        }
    }

    /// Whether a scheduler knows another seed, which is there and in the set: none of those is ever removed, so that
    /// many removals at once leave it too.
    private func hasGoodSeed(_ reading: SchedulerReading, besides host: DragonflyHost) -> Bool {
        reading.seeds.contains { other in
            other.id != host.id
                && fleet.seeds.contains { $0.quarantine == nil && $0.daemon?.isReady == true && other.isHost(of: $0) }
        }
    }

    /// How often a host announces itself, in seconds; nil for one that is none of the release, as a machine outside of
    /// the cluster is, and where the file that says it could not be read: its scheduler looks after it.
    private func interval(of host: DragonflyHost) -> Int? {
        let isNamed = host.name.hasPrefix("\(fleet.namespace)-")
        if host.isSeed {
            let isOurs = isNamed || fleet.seedOwners.contains { host.hostname.hasPrefix("\($0)-") }
            return isOurs && files.seed != nil ? files.seedInterval : nil
        }
        return isNamed && files.client != nil ? files.clientInterval : nil
    }

    private func isSilent(_ host: DragonflyHost) -> Bool {
        guard case .failed(let failure) = fleet.evidence.strangers[host.address] else { return false }
        return failure.kind == .refused || failure.kind == .silent
    }

    private func removal(of host: DragonflyHost, _ scheduler: DragonflyFleet.Daemon, _ verdict: Verdict) -> Write? {
        guard let address = scheduler.address else { return nil }
        let call = DaemonCall(.dragonfly, .deleteHost(id: host.id), host: address, port: files.schedulerPort)
        return Write(
            Write.Target(Pod.resource, scheduler.pod.key),
            .call(call),
            by: nil,
            whenGone: .done,
            .forgetHost(host.id),
            verdict
        )
    }
}

extension DragonflyHost {
    /// `IP:PORT` of its upload server.
    package var address: String { ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)" }
}

extension MirrorNodeStatus.Candidate {
    /// Whether it left because it is gone: then nothing waits for a scheduler to see that.
    fileprivate var isOfDead: Bool {
        let reasons: [Reason] = [.announcementExpired, .podGone, .podDeleting, .nodeDeleting, .nodeGone]
        return reasons.contains { $0.rawValue == reason }
    }
}
