import KubeCore
import MirrorAPI
import MirrorPlanner

/// A fleet of seeds in virtual time, with the operator's sources around it: its probes, its ledger of announcements,
/// its watches. Each can fail by itself.
struct SeedFleet {
    static let epoch: Int64 = 1_800_000_000
    static let probe = Probe(name: "peer", tcpSocket: .init(port: 5001))
    static let interval = 30

    var now = 0
    var settings: CandidateSettings
    var seeds: [TrueSeed]
    var memory = CandidateInput.Memory()
    var hold = CandidateInput.Hold.none
    var releasedUntil: Timestamp?
    var stale: [Signal: String] = [:]
    /// The operator reaches no seed.
    var isCutOff = false
    private(set) var trust: SignalTrust
    private var tallies: [ProbeTally]
    private var ledger = AnnouncementLedger()
    private var lookedAt = 0
    /// Times at which something that takes its time shows.
    private var wakes: Set<Int> = []

    init(_ seeds: [TrueSeed], _ settings: CandidateSettings) {
        self.seeds = seeds
        self.settings = settings
        trust = SignalTrust(since: Self.time(0))
        tallies = seeds.map { _ in ProbeTally() }
        restart()
    }

    static func time(_ seconds: Int) -> Timestamp { Timestamp(seconds: epoch + Int64(seconds)) }
    static func seconds(_ time: Timestamp) -> Int { Int(time.seconds - epoch) }

    /// The operator's process is another one.
    mutating func restart() {
        // Without its sources it would not decide at all.
        isCutOff = false
        stale = [:]
        trust = SignalTrust(since: Self.time(now))
        tallies = seeds.map { _ in ProbeTally() }
        ledger = AnnouncementLedger()
        // It is asked at once after a start, and decides only once it knows.
        for index in seeds.indices where seeds[index].hasProbe {
            for _ in 0..<3 { ask(index, at: now) }
        }
        lookedAt = now
        hear()
    }

    /// The node is another one: what was known of it is not of this one.
    mutating func forget(_ index: Int) {
        tallies[index] = ProbeTally()
        ledger.forget(seeds[index].name)
    }

    /// After a change of anything: probes have seen it after three periods, announcements after one interval.
    mutating func changed() {
        for delay in [0, 10, 20, 30] { wakes.insert(now + delay) }
        for index in seeds.indices { seeds[index].note(now, healthyFor: settings.candidates.healthyForSeconds) }
    }

    mutating func nextWake() -> Int? {
        wakes = wakes.filter { $0 > now }
        return wakes.min()
    }

    // MARK: Sources

    private mutating func ask(_ index: Int, at time: Int) {
        let isUp = seeds[index].isDaemonUp && seeds[index].label != .gone && !isCutOff
        let error = isUp ? nil : "connection refused"
        tallies[index].take(error: error, at: Moment(Self.time(time)), Self.probe)
    }

    /// What has been asked and heard up to now. The truth has not changed since the last look.
    mutating func look() {
        let period = Self.probe.periodSeconds
        for index in seeds.indices where seeds[index].hasProbe {
            let last = now - (now - seeds[index].phase % period + period) % period
            // More than three results in a row say no more than three.
            for step in [2, 1, 0] where last - step * period > lookedAt { ask(index, at: last - step * period) }
        }
        hear()
        lookedAt = now
    }

    private mutating func hear() {
        for index in seeds.indices where seeds[index].hasAgent && seeds[index].label != .gone {
            if seeds[index].isDaemonUp {
                seeds[index].renewedAt = now - (now - seeds[index].phase + Self.interval) % Self.interval
            }
            guard !isCutOff, stale[.announcements] == nil else { continue }
            ledger.see(
                seeds[index].name,
                renewal: MicroTimestamp(Self.time(seeds[index].renewedAt)),
                intervalSeconds: Self.interval,
                saidGoodbye: false,
                at: Moment(Self.time(max(seeds[index].renewedAt, lookedAt)))
            )
        }
    }

    // MARK: The operator

    mutating func input() -> CandidateInput {
        look()
        return CandidateInput(
            now: MicroTimestamp(Self.time(now)),
            settings: settings,
            seeds: seeds.indices.map(seed),
            memory: memory,
            trust: trust,
            stale: stale,
            hold: hold,
            stormsReleasedUntil: releasedUntil
        )
    }

    private func seed(_ index: Int) -> Seed {
        let truth = seeds[index]
        let announcement = truth.hasAgent ? ledger.announcement(of: truth.name) : nil
        let reading = truth.hasProbe ? tallies[index].reading(Self.probe, target: "tcp://\(truth.name):5001") : nil
        return Seed(
            name: truth.name,
            zone: truth.zone,
            isServer: truth.isServer,
            lever: truth.lever,
            evidence: Evidence(
                node: truth.node(),
                pod: truth.pod(),
                figures: truth.hasAgent ? figures(truth, announcement) : nil,
                probes: reading.map { [$0] } ?? [],
                announcement: announcement
            ),
            isBeingChanged: truth.isBeingChanged,
            record: truth.record,
            isMarked: truth.isMarked,
            recordedSince: Self.time(truth.recordedAt)
        )
    }

    private func figures(_ truth: TrueSeed, _ announcement: Announcement?) -> Figures {
        let heard = announcement.flatMap { $0.isConfirmed ? $0.heardAt : nil }
        return Figures(
            at: heard ?? Timestamp(seconds: 0),
            diskUsedPercent: truth.diskPercent,
            memoryAvailablePercent: truth.memoryPercent,
            ioPressurePercent: truth.ioPercent
        )
    }

    mutating func remember(_ trust: SignalTrust) { self.trust = trust }

    func index(_ name: String) -> Int? { seeds.firstIndex { $0.name == name } }

    /// The sources that tell of these seeds.
    var signals: [Signal] {
        seeds.contains { $0.hasPod } ? [.nodes, .pods, .probes] : [.nodes, .announcements, .figures, .probes]
    }

    var published: [String] { seeds.filter { $0.label == .on }.map(\.name) }
}
