import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// A release of Dragonfly in virtual time: what the operator's writes come to, with a network that enforces policies,
/// schedulers that list who announces itself, and seeds that clean up when they start.
struct DragonflyWorld {
    static let epoch = Timestamp(seconds: 1_800_000_000)
    static let name = "images"
    static let namespace = "dragonfly-system"

    var snapshot: Snapshot
    /// Whether policies are enforced.
    var isEnforced = true
    /// Percent of each seed's disk, by pod.
    var disks: [String: Double] = [:]
    /// Bytes of each seed's own content, where its agent tells.
    var contents: [String: Double] = [:]
    /// What a clean-up at start leaves.
    var cleanedTo = 60.0
    /// Pods whose process is dead though the API shows them.
    var dead: Set<String> = []
    /// Seeds that answer health checks with RESOURCE_EXHAUSTED.
    var busy: Set<String> = []
    /// Seeds that a scheduler has not heard of yet.
    var mutes: [String: [String]] = [:]
    /// Schedulers that do not answer.
    var silent: Set<String> = []
    /// Hosts that schedulers know of pods that are gone, by scheduler, until the next look.
    var relics: [String: [DragonflyHost]] = [:]
    /// All that was done, in order.
    private(set) var done: [Write] = []
    /// Hosts that each scheduler has forgotten since their last announcement.
    private var forgotten: [String: Set<String>] = [:]
    private(set) var notes: [Note] = []
    /// Each plan that did something, with what it was made from; nil where nobody asks for them.
    var history: [(plan: Plan, snapshot: Snapshot)]?
    private var serial = 0

    init(
        schedulers: Int = 3,
        seeds: Int = 3,
        clients: Int = 2,
        server: String = "v2.5.0",
        client: String = "v1.4.0",
        files: DragonflyChart = .withManager,
        _ change: (inout P2PMirrorSpec) -> Void = { _ in }
    ) {
        var spec = P2PMirrorSpec(
            provider: .dragonfly,
            mode: .enforce,
            namespace: Self.namespace,
            candidates: .init(evictionsPerMinute: 60)
        )
        change(&spec)
        let mirror = P2PMirror(
            metadata: ObjectMeta(name: Self.name, uid: "mirror-uid", resourceVersion: "1", generation: 1),
            spec: spec
        )
        let nodes = max(schedulers + seeds, clients)
        snapshot = Snapshot(now: Self.epoch, mirrors: [mirror], nodes: (1...max(nodes, 1)).map(SpegelWorld.node))
        var evidence = DragonflyEvidence(policies: [], budgets: [], files: files.files)
        for number in 0..<schedulers {
            evidence.pods.append(files.pod(.scheduler, number, on: number + 1, image: server))
        }
        for number in 0..<seeds {
            evidence.pods.append(files.pod(.seed, number, on: schedulers + number + 1, image: client))
            disks["dragonfly-seed-client-\(number)"] = 50
        }
        for number in 0..<clients {
            evidence.pods.append(files.pod(.client, number, on: number + 1, image: client))
        }
        evidence.workloads = [
            files.statefulSet(.seed, replicas: seeds), files.statefulSet(.scheduler, replicas: schedulers),
        ]
        snapshot.evidence[Self.name] = .dragonfly(evidence)
        observe()
    }

    // MARK: What is there

    var mirror: P2PMirror {
        get { snapshot.mirrors[0] }
        set { snapshot.mirrors[0] = newValue }
    }
    var evidence: DragonflyEvidence {
        get { snapshot.dragonfly(of: Self.name) ?? DragonflyEvidence() }
        set { snapshot.evidence[Self.name] = .dragonfly(newValue) }
    }
    var plan: Plan? { Planner.plan(mirror: Self.name, snapshot) }
    var quarantined: [String] {
        evidence.quarantines.compactMap {
            $0.body[path: "spec", "podSelector", "matchLabels", "statefulset.kubernetes.io/pod-name"]?.stringValue
        }.sorted()
    }
    var calls: [String] {
        done.compactMap { write in
            guard case .forgetHost(let host) = write.purpose else { return nil }
            return "\(write.target.key.name): \(host)"
        }
    }

    func condition(_ type: MirrorConditionType) -> Condition? {
        plan?.status.conditions.first(ofType: type.rawValue)
    }

    mutating func change(_ pod: String, _ body: (inout Pod) -> Void) {
        guard let index = evidence.pods.firstIndex(where: { $0.metadata.name == pod }) else { return }
        body(&evidence.pods[index])
    }

    // MARK: Time

    /// Lets so many seconds pass: the operator looks every five, and after each of its own writes.
    mutating func pass(_ seconds: Int) {
        for second in 1...max(seconds, 1) {
            snapshot.now = snapshot.now + 1
            if (snapshot.now - Self.epoch) % 60 == 0 { forgotten = [:] }
            guard second % 5 == 0 || second == seconds else { continue }
            var rounds = 0
            repeat {
                operate()
                rounds += 1
            } while rounds < 20 && plan.map { !$0.writes.isEmpty } == true
        }
    }

    /// Lets so many seconds pass without a look.
    mutating func tick(_ seconds: Int) {
        let before = (snapshot.now - Self.epoch) / 60
        snapshot.now = snapshot.now + seconds
        if (snapshot.now - Self.epoch) / 60 > before { forgotten = [:] }
    }

    /// Carries out one write.
    mutating func perform(_ write: Write) {
        done.append(write)
        carryOut(write)
    }

    /// One pass of the operator.
    mutating func operate() {
        observe()
        guard let plan else { return }
        if !plan.isEmpty { history?.append((plan, snapshot)) }
        notes += plan.notes
        for write in plan.writes {
            done.append(write)
            carryOut(write)
        }
        mirror.status = plan.status
        observe()
    }

    // MARK: What the daemons say

    private func isIn(_ pod: Pod) -> Bool { !dead.contains(pod.metadata.name) }

    private func isBlocked(_ pod: Pod) -> Bool {
        isEnforced && !pod.spec.hostNetwork && quarantined.contains(pod.metadata.name)
    }

    mutating func observe() {
        let now = snapshot.now
        let seeds = evidence.pods.filter { $0.component == .seed }
        let clients = evidence.pods.filter { $0.component == .client }
        let interval = now - Self.epoch
        var readings: [SchedulerReading] = []
        for pod in evidence.pods where pod.component == .scheduler {
            let name = pod.metadata.name
            var reading = SchedulerReading(pod: name, address: "\(pod.addresses[0]):8002", health: .well)
            guard !silent.contains(name), isIn(pod) else {
                reading.health = .failed(.init(.refused, "connection refused"))
                readings.append(reading)
                continue
            }
            let muted = mutes[name] ?? []
            let known = (muted.isEmpty ? known(by: name) : []) + (relics.removeValue(forKey: name) ?? [])
            let present = (seeds + clients).filter { isIn($0) && !muted.contains($0.metadata.name) }.map(host)
            let gone = forgotten[name] ?? []
            var hosts = present.filter { !gone.contains($0.id) }
            let stale = known.filter { old in !present.contains { $0.id == old.id } && !gone.contains(old.id) }
            hosts += stale
            reading.hosts = hosts
            for host in hosts { reading.heardAt[host.id] = now + -(interval % 60) }
            for host in stale { reading.heardAt[host.id] = heardAt(host.id, at: name) ?? Self.epoch }
            readings.append(reading)
        }
        evidence.schedulers = readings
        evidence.daemons = seeds.filter { $0.spec.nodeName != nil }.map { pod in
            let address = "\(pod.addresses[0]):4000"
            var reading = DaemonReading(pod: pod.metadata.name, address: address, health: .well, at: now)
            if !isIn(pod) || isBlocked(pod) { reading.health = .failed(.init(.silent, "no answer within 2 s")) }
            reading.contentBytes = contents[pod.metadata.name]
            if busy.contains(pod.metadata.name) { reading.health = .busy("server is overloaded") }
            if isIn(pod) {
                reading.metrics = DaemonMetrics(diskTotal: 1e11, diskUsed: (disks[pod.metadata.name] ?? 0) * 1e9)
            }
            return reading
        }
        let addresses = Set(evidence.pods.flatMap(\.addresses))
        for host in evidence.schedulers.compactMap(\.hosts).joined() where !addresses.contains(host.ip) {
            evidence.strangers[host.address] = .failed(.init(.silent, "no connection within 2 s"))
        }
        snapshot.seeds[Self.name] = SeedEvidence(
            now: MicroTimestamp(now),
            probes: probes(seeds),
            trust: snapshot.seeds[Self.name]?.trust ?? SignalTrust(since: Self.epoch)
        )
    }

    private func probes(_ seeds: [Pod]) -> [String: [ProbeReading]] {
        Dictionary(
            seeds.map { pod in
                let isWell = isIn(pod)
                let reading = ProbeReading(
                    name: "upload",
                    target: "grpc://\(pod.addresses.first ?? "")",
                    isFailing: !isWell,
                    lastError: isWell ? nil : "no answer within 2 s",
                    at: snapshot.now,
                    periodSeconds: 10,
                    rowSeconds: 20
                )
                return (pod.metadata.name, [reading])
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private func known(by scheduler: String) -> [DragonflyHost] {
        evidence.schedulers.first { $0.pod == scheduler }?.hosts ?? []
    }

    private func heardAt(_ host: String, at scheduler: String) -> Timestamp? {
        evidence.schedulers.first { $0.pod == scheduler }?.heardAt[host]
    }

    func host(_ pod: Pod) -> DragonflyHost { Self.host(pod) }

    static func host(_ pod: Pod) -> DragonflyHost {
        var host = DragonflyHost()
        let isSeed = pod.component == .seed
        host.ip = pod.addresses.first ?? ""
        host.hostname = isSeed ? pod.metadata.name : pod.spec.nodeName ?? ""
        host.id = "\(host.ip)-\(host.hostname)\(isSeed ? "-seed" : "")"
        host.kind = isSeed ? .seed : .normal
        host.port = 4_000
        host.name = "\(namespace)-\(pod.metadata.name)"
        return host
    }

    // MARK: The API server

    private mutating func nextVersion() -> String {
        serial += 1
        return "v\(serial)"
    }

    private mutating func carryOut(_ write: Write) {
        let key = write.target.key
        switch (write.purpose, write.body) {
        case (.forgetHost(let host), _): forgotten[key.name, default: []].insert(host)
        case (.withdrawSeed, .create(.value(let body))):
            var body = body
            body["metadata"]?["uid"] = .string("policy-\(nextVersion())")
            body["metadata"]?["resourceVersion"] = .string(nextVersion())
            body["metadata"]?["creationTimestamp"] = .string("\(snapshot.now)")
            evidence.quarantines.append(ManagedObject(NetworkPolicyKind.resource, body))
        case (.publishSeed, .delete): evidence.quarantines.removeAll { $0.key == key }
        case (.recordCall, .merge(.value(let change))):
            guard let index = evidence.quarantines.firstIndex(where: { $0.key == key }) else { return }
            let annotations = change[path: "metadata", "annotations"]?.objectValue ?? [:]
            for (name, value) in annotations {
                evidence.quarantines[index].body["metadata"]?["annotations"]?[name] = value
            }
            let version = nextVersion()
            evidence.quarantines[index].body["metadata"]?["resourceVersion"] = .string(version)
        case (.recordSet, .status(let status)):
            mirror.status = status
            mirror.metadata.resourceVersion = nextVersion()
        case (.replacePod, .delete): replace(key.name)
        default: break
        }
    }

    /// A StatefulSet makes a pod of the same name, with another address; its daemon cleans up at once.
    mutating func replace(_ name: String) {
        guard let index = evidence.pods.firstIndex(where: { $0.metadata.name == name }) else { return }
        let version = nextVersion()
        evidence.pods[index].metadata.uid = "pod-\(version)"
        evidence.pods[index].metadata.annotations = [:]
        evidence.pods[index].metadata.creationTimestamp = snapshot.now
        let address = "10.9.0.\(serial % 250)"
        evidence.pods[index].status.podIP = address
        disks[name] = min(disks[name] ?? 0, cleanedTo)
        dead.remove(name)
    }
}
