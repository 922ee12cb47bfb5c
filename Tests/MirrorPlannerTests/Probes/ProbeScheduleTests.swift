import KubeCore
import MirrorPlanner
import Testing

@Suite("The schedule of probes")
struct ProbeScheduleTests {
    private static let well = ProbeOutcome(fault: nil, address: "tcp://a", message: "the connection was accepted")
    private static let late = ProbeOutcome(fault: .timeout, address: "tcp://a", message: "no answer within 2 s")

    private func probe(_ number: Int, period: Duration = .seconds(10), port: Int = 5001) -> ScheduledProbe {
        ScheduledProbe(
            key: ScheduledProbe.Key(mirror: "embedded", node: "node-\(number)", name: "p2p"),
            request: ProbeRequest(host: "10.0.0.1", port: port, check: .tcpConnect, timeout: .seconds(2)),
            period: period
        )
    }

    @Test("Five thousand probes are spread over their period")
    func spread() {
        var schedule = ProbeSchedule(limit: 5000)
        schedule.replace((0..<5000).map { probe($0) }, now: .zero)
        let counts = (1...100).map { schedule.start(now: .milliseconds($0 * 100)).count }
        #expect(counts.reduce(0, +) == 5000)
        #expect((counts.max() ?? 0) < 90)
        #expect((counts.min() ?? 0) > 20)
    }

    @Test("A probe keeps its place when others come and when the schedule is made anew")
    func place() {
        func startOfFirst(_ others: Int, from now: Duration) -> Duration? {
            var schedule = ProbeSchedule()
            schedule.replace([probe(0)], now: now)
            schedule.replace((0...others).map { probe($0) }, now: now)
            return schedule.firstStart(of: probe(0).key, from: now, to: now + .seconds(10))
        }
        let first = startOfFirst(0, from: .zero)
        #expect(first != nil)
        #expect(startOfFirst(40, from: .zero) == first)
        #expect(startOfFirst(0, from: .seconds(70)) == first.map { $0 + .seconds(70) })
    }

    @Test("Starts that were missed are not made up for")
    func missed() {
        var schedule = ProbeSchedule()
        schedule.replace([probe(1)], now: .zero)
        let starts = schedule.start(now: .seconds(95))
        #expect(starts.count == 1)
        #expect(schedule.start(now: .seconds(95)).isEmpty)
        schedule.finish(starts[0].id, Self.well, now: .seconds(96))
        #expect(schedule.start(now: .seconds(96)).isEmpty)
        #expect(schedule.wakeUp.map { $0 > .seconds(96) && $0 <= .seconds(106) } == true)
    }

    @Test("A probe under way is not started again, however late it is")
    func oneAtATime() {
        var schedule = ProbeSchedule()
        schedule.replace([probe(1)], now: .zero)
        #expect(schedule.start(now: .seconds(10)).count == 1)
        #expect(schedule.start(now: .seconds(60)).isEmpty)
    }

    @Test("A probe that was given up says nothing")
    func givenUp() throws {
        var schedule = ProbeSchedule()
        schedule.replace([probe(1)], now: .zero)
        let start = try #require(schedule.start(now: .seconds(10)).first)
        let outcome = ProbeOutcome(fault: .cancelled, address: "tcp://a", message: "given up")
        #expect(schedule.finish(start.id, outcome, now: .seconds(11)) == nil)
        #expect(schedule.wakeUp != nil)
    }

    @Test("A probe that asks something else begins anew, and the old result does not count")
    func replaced() throws {
        var schedule = ProbeSchedule()
        schedule.replace([probe(1)], now: .zero)
        let old = try #require(schedule.start(now: .seconds(10)).first)
        schedule.replace([probe(1, port: 5002)], now: .seconds(10))
        #expect(schedule.finish(old.id, Self.late, now: .seconds(11)) == nil)
        #expect(schedule.start(now: .seconds(20)).first?.request.port == 5002)
        schedule.replace([], now: .seconds(20))
        #expect(schedule.start(now: .seconds(60)).isEmpty)
    }

    @Test("Endpoints that hang share half of the sockets")
    func slowLane() {
        var schedule = ProbeSchedule(limit: 4)
        schedule.replace((0..<20).map { probe($0) }, now: .zero)
        // All hang once: nobody can know before.
        var now = Duration.seconds(10)
        while schedule.statistics.started < 20 {
            for start in schedule.start(now: now) { schedule.finish(start.id, Self.late, now: now) }
        }
        now += .seconds(10)
        #expect(schedule.start(now: now).count == 2)
        // One that is new has a socket at once.
        schedule.replace((0..<21).map { probe($0) }, now: now)
        let later = schedule.start(now: now + .seconds(10))
        #expect(later.count == 1)
    }

    @Test("None of 1,000 waits for the 100 that hang", arguments: [256, 64])
    func independent(limit: Int) {
        var run = ScheduleRun(limit: limit, probes: (0..<1000).map { probe($0) }) { $0 % 10 == 0 }
        run.go(for: .seconds(100))
        #expect(run.lateness(hanging: false) == .zero)
        #expect(run.fewestStarts(hanging: false) >= 9)
        #expect(run.schedule.statistics.mostUnderWay <= limit)
    }

    @Test("Where more hang than there are sockets for, those that answer still are asked on time")
    func saturated() {
        var run = ScheduleRun(limit: 64, probes: (0..<1000).map { probe($0) }) { $0 % 10 < 8 }
        run.go(for: .seconds(100))
        run.forgetStarts()
        run.go(for: .seconds(100))
        #expect(run.lateness(hanging: false) == .zero)
        #expect(run.fewestStarts(hanging: false) >= 9)
        // 32 sockets of 2 s each make 16 starts a second for the 800: each in its turn, none left out.
        #expect(run.fewestStarts(hanging: true) >= 1)
        #expect(run.schedule.statistics.mostUnderWay <= 64)
    }
}

extension ProbeSchedule {
    /// When a probe is started first, if everything else ends at once.
    fileprivate mutating func firstStart(of key: ScheduledProbe.Key, from: Duration, to end: Duration) -> Duration? {
        let well = ProbeOutcome(fault: nil, address: "tcp://a", message: "")
        while let now = wakeUp, now <= end {
            for start in self.start(now: now) {
                if finish(start.id, well, now: now) == key { return now }
            }
        }
        return nil
    }
}

/// A schedule in virtual time, with endpoints that answer after 5 ms and others that never do.
private struct ScheduleRun {
    var schedule: ProbeSchedule
    private var now = Duration.zero
    private var ends: [(at: Duration, id: Int, outcome: ProbeOutcome)] = []
    private var starts: [ScheduledProbe.Key: Int] = [:]
    private var late: [ScheduledProbe.Key: Duration] = [:]
    private let hanging: Set<ScheduledProbe.Key>
    private let keys: [ScheduledProbe.Key]
    private var due: [ScheduledProbe.Key: Duration] = [:]

    init(limit: Int, probes: [ScheduledProbe], isHanging: (Int) -> Bool) {
        schedule = ProbeSchedule(limit: limit)
        keys = probes.map(\.key)
        hanging = Set(probes.enumerated().filter { isHanging($0.offset) }.map(\.element.key))
        // The address tells the simulation whose probe it is.
        let addressed = probes.map { probe in
            var probe = probe
            probe.request.host = probe.key.node
            return probe
        }
        schedule.replace(addressed, now: .zero)
        for probe in addressed {
            var alone = ProbeSchedule()
            alone.replace([probe], now: .zero)
            due[probe.key] = alone.wakeUp
        }
    }

    mutating func go(for time: Duration) {
        let end = now + time
        while true {
            for start in schedule.start(now: now) { begin(start) }
            let next = [schedule.wakeUp, ends.map(\.at).min()].compactMap { $0 }.filter { $0 > now }.min()
            guard let next, next <= end else { break }
            now = next
            let over = ends.filter { $0.at <= now }
            ends.removeAll { $0.at <= now }
            for (_, id, outcome) in over { schedule.finish(id, outcome, now: now) }
        }
        now = end
    }

    private mutating func begin(_ start: ProbeSchedule.Start) {
        let key = ScheduledProbe.Key(mirror: "embedded", node: start.request.host, name: "p2p")
        let isHanging = hanging.contains(key)
        let outcome = ProbeOutcome(fault: isHanging ? .timeout : nil, address: start.request.address, message: "")
        ends.append((now + (isHanging ? start.request.timeout : .milliseconds(5)), start.id, outcome))
        starts[key, default: 0] += 1
        if let place = due[key] {
            // Its place comes again every 10 s.
            let since = now - place
            late[key] = max(late[key] ?? .zero, since - .seconds(since.components.seconds / 10 * 10))
        }
    }

    mutating func forgetStarts() {
        starts = [:]
        late = [:]
    }

    func lateness(hanging isHanging: Bool) -> Duration {
        keys.filter { hanging.contains($0) == isHanging }.compactMap { late[$0] }.max() ?? .zero
    }

    func fewestStarts(hanging isHanging: Bool) -> Int {
        keys.filter { hanging.contains($0) == isHanging }.map { starts[$0] ?? 0 }.min() ?? 0
    }
}
