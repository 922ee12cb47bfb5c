import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

private let leaseKey = ObjectKey(namespace: "ns", name: "operator")
private let leasePath = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/operator"
private let noon = MicroTimestamp(microseconds: 1_700_000_000_000_000)

private func settings(_ identity: String) throws -> LeaderElectionConfiguration {
    try LeaderElectionConfiguration(lease: leaseKey, identity: identity)
}

/// What a wall clock shows that is off by as much as the local one.
private func wall(_ local: Duration) -> MicroTimestamp {
    MicroTimestamp(microseconds: noon.microseconds + local.components.seconds * 1_000_000)
}

/// Work that does not stop when it is told to.
private func ignoringCancellation(_ body: @escaping @Sendable () async -> Void) async {
    await Task { await body() }.value
}

private func lease(holder: String?, version: String = "1", renewed: Int64 = 0, seconds: Int? = 15) -> Lease {
    Lease(
        metadata: ObjectMeta(name: "operator", namespace: "ns", resourceVersion: version),
        spec: Lease.Spec(
            holderIdentity: holder,
            leaseDurationSeconds: seconds,
            renewTime: MicroTimestamp(microseconds: renewed),
            leaseTransitions: 3
        )
    )
}

@Suite("Leader election")
struct LeaderElectionTests {
    private var election: LeaderElection

    init() throws {
        election = LeaderElection(configuration: try settings("me"))
    }

    @Test("an absent Lease is created, and leading begins when that is answered")
    mutating func create() {
        #expect(election.next(at: .zero, wall: noon) == .read)
        election.read(nil, at: .zero)
        guard case .create(let lease) = election.next(at: .zero, wall: noon) else {
            Issue.record("not created")
            return
        }
        #expect(lease.spec?.holderIdentity == "me")
        #expect(lease.spec?.leaseDurationSeconds == 15)
        #expect(lease.spec?.leaseTransitions == 0)
        #expect(!election.isLeading(at: .zero))
        election.written(lease, sentAt: .zero)
        #expect(election.isLeading(at: .zero))
        #expect(election.next(at: .zero, wall: noon) == .wait(.seconds(2)))
    }

    @Test("another's Lease is respected for its duration after we saw it change, whatever its times say")
    mutating func localObservation() {
        // The holder's clock is a year behind ours: its renewTime says nothing.
        for second in 0..<15 {
            _ = election.next(at: .seconds(second), wall: noon)
            election.read(lease(holder: "other"), at: .seconds(second))
            guard case .wait = election.next(at: .seconds(second), wall: noon) else {
                Issue.record("taken after \(second) s")
                return
            }
        }
        election.read(lease(holder: "other"), at: .seconds(15))
        guard case .replace(let taken) = election.next(at: .seconds(15), wall: noon) else {
            Issue.record("not taken after its duration")
            return
        }
        #expect(taken.spec?.holderIdentity == "me")
        #expect(taken.spec?.leaseTransitions == 4)
        #expect(taken.metadata.resourceVersion == "1")
    }

    @Test("a renewal restarts the duration, a change of metadata alone does not", arguments: [true, false])
    mutating func signsOfLife(renewed: Bool) {
        election.read(lease(holder: "other"), at: .zero)
        let later = lease(holder: "other", version: "2", renewed: renewed ? 1 : 0)
        election.read(later, at: .seconds(14))
        let action = election.next(at: .seconds(16), wall: noon)
        if renewed {
            #expect(action == .wait(.seconds(2)))
        } else {
            guard case .replace = action else {
                Issue.record("not taken")
                return
            }
        }
    }

    @Test("a Lease that was given up is taken at once", arguments: ["", nil])
    mutating func released(holder: String?) {
        election.read(lease(holder: holder), at: .zero)
        guard case .replace = election.next(at: .zero, wall: noon) else {
            Issue.record("not taken")
            return
        }
    }

    @Test("leading ends ten seconds after the last confirmed renewal was sent, also in a process that was stopped")
    mutating func stopped() {
        election.written(lease(holder: "me"), sentAt: .seconds(100))
        #expect(election.isLeading(at: .seconds(109)))
        #expect(!election.isLeading(at: .seconds(110)))
        // Awake after 30 s: what it does first is conditional on the version that it knows.
        guard case .replace(let lease) = election.next(at: .seconds(130), wall: noon) else {
            Issue.record("no attempt")
            return
        }
        #expect(lease.metadata.resourceVersion == "1")
        #expect(!election.isLeading(at: .seconds(130)))
    }

    @Test("a conflict is followed by a look at once, and another holder ends leading")
    mutating func conflict() {
        election.written(lease(holder: "me"), sentAt: .zero)
        election.failed(conflict: true, at: .seconds(2))
        #expect(election.isLeading(at: .seconds(2)))
        #expect(election.next(at: .seconds(2), wall: noon) == .read)
        election.read(lease(holder: "other", version: "9"), at: .seconds(2))
        #expect(!election.isLeading(at: .seconds(2)))
        #expect(election.holder == "other")
    }

    @Test("a write whose answer was lost is found by reading")
    mutating func unknownOutcome() {
        election.read(nil, at: .zero)
        election.failed(conflict: false, at: .seconds(1))
        #expect(election.next(at: .seconds(3), wall: noon) == .read)
        election.read(lease(holder: "me", version: "7"), at: .seconds(3))
        #expect(!election.isLeading(at: .seconds(3)))
        guard case .replace(let renewed) = election.next(at: .seconds(3), wall: noon) else {
            Issue.record("not renewed")
            return
        }
        #expect(renewed.spec?.leaseTransitions == 3)
    }

    @Test("giving up empties the holder, under the version that we wrote")
    mutating func release() {
        #expect(election.release(at: .zero, wall: noon) == nil)
        election.written(lease(holder: "me", version: "5"), sentAt: .zero)
        let released = election.release(at: .seconds(1), wall: noon)
        #expect(released?.spec?.holderIdentity == "")
        #expect(released?.metadata.resourceVersion == "5")
        #expect(!election.isLeading(at: .seconds(1)))
    }

    @Test("durations that do not fit each other are refused with the field, its value and what would be right")
    func configuration() {
        #expect(throws: KubeError(.configuration, "identity is empty; need a unique name")) {
            try LeaderElectionConfiguration(lease: leaseKey, identity: "")
        }
        #expect(throws: KubeError.self) {
            try LeaderElectionConfiguration(lease: leaseKey, identity: "a", renewDeadline: .seconds(15))
        }
        #expect(throws: KubeError.self) {
            try LeaderElectionConfiguration(lease: leaseKey, identity: "a", retryPeriod: .seconds(6))
        }
    }

    // A Lease in memory, and candidates with clocks of their own offset.
    @Test("of three candidates never two lead, although requests fail and one sleeps beyond expiry", arguments: 1...60)
    func threeCandidates(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        var candidates = try ["a", "b", "c"].map { LeaderElection(configuration: try settings($0)) }
        let offsets = [Duration.zero, .seconds(5_000), .seconds(77)]
        var awakeAt = [Duration.zero, .zero, .zero]
        var stored: Lease?
        var version = 0
        var leaders: Set<String> = []
        var now = Duration.zero
        while now < .seconds(600) {
            now += .milliseconds(500)
            for index in candidates.indices where awakeAt[index] <= now {
                if now < .seconds(500), Int.random(in: 0..<120, using: &generator) == 0 {
                    awakeAt[index] = now + .seconds(Int.random(in: 5..<40, using: &generator))
                    continue
                }
                let local = now + offsets[index]
                let fails = now < .seconds(500) && Int.random(in: 0..<5, using: &generator) == 0
                switch candidates[index].next(at: local, wall: wall(local)) {
                case .wait: break
                case .read where fails, .create where fails:
                    candidates[index].failed(conflict: false, at: local)
                case .read:
                    candidates[index].read(stored, at: local)
                case .create(let lease), .replace(let lease):
                    guard lease.metadata.resourceVersion == stored?.metadata.resourceVersion else {
                        candidates[index].failed(conflict: true, at: local)
                        continue
                    }
                    version += 1
                    var lease = lease
                    lease.metadata.resourceVersion = String(version)
                    stored = lease
                    // Carried out either way; only the answer may be lost.
                    if fails {
                        candidates[index].failed(conflict: false, at: local)
                    } else {
                        candidates[index].written(lease, sentAt: local)
                    }
                }
            }
            let leading = candidates.indices.filter { candidates[$0].isLeading(at: now + offsets[$0]) }
            if leading.count > 1 { Issue.record("seed \(seed), at \(now): \(leading)") }
            for index in leading { leaders.insert(["a", "b", "c"][index]) }
            if now == .seconds(600) { #expect(leading.count == 1, "seed \(seed)") }
        }
        #expect(!leaders.isEmpty)
    }
}

@Suite("Leader elector")
struct LeaderElectorTests {
    private let clock = TestClock()
    private let server = ObjectServer()

    private func elector(_ identity: String, clock: TestClock? = nil) throws -> LeaderElector {
        LeaderElector(
            KubeAPI(server),
            configuration: try settings(identity),
            manager: "test",
            clock: clock ?? self.clock,
            wallClock: { noon },
            logger: quiet
        )
    }

    private var holder: String? { server.objects[leasePath]?[path: "spec", "holderIdentity"]?.stringValue }

    @Test("one leads, gives the Lease up when it is stopped, and the other takes over")
    func handOver() async throws {
        let first = try elector("a")
        let second = try elector("b")
        let one = Task { await first.run() }
        await eventually("a leader") { first.isLeader }
        let two = Task { await second.run() }
        await eventually("a follower that waits") { second.holder == "a" && clock.sleepers == 2 }
        #expect(!second.isLeader)
        one.cancel()
        await one.value
        #expect(!first.isLeader)
        #expect(holder == "")
        clock.advance(by: .seconds(2))
        await eventually("another leader") { second.isLeader }
        two.cancel()
        await two.value
    }

    @Test("what is lost to nobody is said to be lost for want of a renewal, and never to ourselves")
    func lostToNobody() async throws {
        let lines = LineCounter()
        let elector = LeaderElector(
            KubeAPI(server),
            configuration: try settings("a"),
            manager: "test",
            clock: clock,
            wallClock: { noon },
            logger: lines.logger
        )
        let running = Task { await elector.run() }
        await eventually("a leader") { elector.isLeader }
        server.set(fault: .refused)
        // The term ends by the clock; that is said at the next try to renew.
        await clock.advance(by: .seconds(1), until: "the line") {
            lines.all.contains { $0.contains("No longer leading") }
        }
        #expect(!elector.isLeader)
        let line = lines.all.first { $0.contains("No longer leading") } ?? ""
        #expect(line.contains("not renewed in time") && !line.contains("holder"))
        running.cancel()
        await running.value
    }

    @Test("losing the Lease cancels the work, and winning it again starts it anew")
    func loss() async throws {
        let elector = try elector("a")
        let events = Shared<[String]>([])
        let running = Task { await elector.run() }
        let work = Task {
            try await elector.leading {
                events.withLock { $0.append("start") }
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    events.withLock { $0.append("stop") }
                    throw error
                }
            }
        }
        await eventually("work") { events.value == ["start"] }
        server.set(fault: .silent)
        // The attempt of second 2 is given up after 5 s; nothing confirms the term, which ends at 10 s.
        await clock.advance(by: .seconds(1), until: "the end of work") { events.value == ["start", "stop"] }
        #expect(!elector.isLeader)
        server.set(fault: nil)
        await clock.advance(by: .milliseconds(100), until: "work anew") { events.value.count == 3 }
        #expect(events.value == ["start", "stop", "start"])
        running.cancel()
        await running.value
        #expect(events.value == ["start", "stop", "start", "stop"])
        #expect(holder == "")
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
    }

    @Test("the Lease is given up only after the work has ended")
    func orderOfStopping() async throws {
        let elector = try elector("a")
        let steps = Shared<[String]>([])
        let mayEnd = Shared(false)
        let running = Task {
            await elector.run()
            steps.withLock { $0.append("given up") }
        }
        let work = Task {
            try await elector.leading {
                steps.withLock { $0.append("start") }
                try? await Task.sleep(for: .seconds(60))
                // Cancelled; a request in flight may still take its time.
                await ignoringCancellation { while !mayEnd.value { try? await Task.sleep(for: .milliseconds(1)) } }
                steps.withLock { $0.append("end") }
            }
        }
        await eventually("work") { steps.value == ["start"] }
        running.cancel()
        await eventually("a step back") { !elector.isLeader }
        try await Task.sleep(for: .milliseconds(5))
        #expect(holder == "a")
        mayEnd.withLock { $0 = true }
        await running.value
        #expect(steps.value == ["start", "end", "given up"])
        #expect(holder == "")
        work.cancel()
        _ = await work.result
    }

    @Test("work that outlives the term keeps the Lease from being given up")
    func outlivingWork() async throws {
        let elector = try elector("a")
        let mayEnd = Shared(false)
        let hasEnded = Shared(false)
        let isWorking = Shared(false)
        let running = Task {
            await elector.run()
            hasEnded.withLock { $0 = true }
        }
        let work = Task {
            try await elector.leading {
                isWorking.withLock { $0 = true }
                await ignoringCancellation { while !mayEnd.value { try? await Task.sleep(for: .milliseconds(1)) } }
            }
        }
        await eventually("work") { isWorking.value }
        running.cancel()
        await eventually("a step back") { !elector.isLeader }
        await clock.advance(by: .seconds(1), until: "the end of the term") { hasEnded.value }
        await running.value
        #expect(holder == "a")
        mayEnd.withLock { $0 = true }
        work.cancel()
        _ = await work.result
    }

    @Test("work that ends by itself ends the call, and its error is passed on")
    func workEnds() async throws {
        let elector = try elector("a")
        let running = Task { await elector.run() }
        try await elector.leading {}
        await #expect(throws: TerminalError.self) { try await elector.leading { throw TerminalError("no") } }
        running.cancel()
        await running.value
    }

    @Test("a renewal is one request, and the Lease is not read again")
    func renewals() async throws {
        let elector = try elector("a")
        let running = Task { await elector.run() }
        await eventually("a leader that waits") { elector.isLeader && clock.nextWake == .seconds(2) }
        let before = server.requests.count
        for round in 1...5 {
            clock.advance(by: .seconds(2))
            await eventually("a renewal") { server.requests.count == before + round && clock.nextWake == .seconds(2) }
        }
        #expect(server.requests.suffix(5).allSatisfy { $0.method == .put })
        running.cancel()
        await running.value
    }
}
