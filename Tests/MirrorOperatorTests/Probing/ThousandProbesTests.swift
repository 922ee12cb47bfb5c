import Glibc
import KubeClient
import KubeCore
import KubeRuntime
import KubeTestSupport
import MirrorOperator
import MirrorPlanner
import MirrorSandbox
import Testing

/// Real sockets and virtual time: endpoints that hang do so for as long as the test takes, and none of the others may
/// notice.
@Suite(
    "A thousand probes",
    .enabled(if: FileLimit.raise(to: 1024), "they and their endpoints have up to 1,024 files open"),
    .timeLimit(.minutes(2))
)
struct ThousandProbesTests {
    /// How one endpoint in fifty each fares, and what comes of asking it; nil where nothing ever does.
    private enum Fate: CaseIterable {
        case hanging, trickling, garbage, refusing, silent

        var fault: ProbeOutcome.Fault? {
            switch self {
            case .hanging, .trickling, .silent: nil
            case .garbage: .protocolViolation
            case .refusing: .connection
            }
        }
    }

    private struct Result {
        var key: ScheduledProbe.Key
        var fault: ProbeOutcome.Fault?
    }

    private static let period = Duration.seconds(10)
    private static let tick = Duration.milliseconds(100)

    private let farm: EndpointFarm
    private let hole: SilentPort
    private let closedPort: Int

    init() throws {
        farm = try EndpointFarm()
        hole = try SilentPort()
        closedPort = try RawServer.closedPort()
    }

    private func fate(_ number: Int) -> Fate? {
        number % 10 == 0 ? Fate.allCases[number / 10 % Fate.allCases.count] : nil
    }

    private func probe(_ number: Int, fate: Fate?) -> ScheduledProbe {
        let kind: EndpointFarm.Kind =
            switch fate {
            case .hanging: .hanging
            case .trickling: .trickling
            case .garbage: .garbage
            case nil, .refusing, .silent: .well
            }
        let port = fate == .refusing ? closedPort : fate == .silent ? hole.port : farm.port
        return ScheduledProbe(
            key: ScheduledProbe.Key(mirror: "embedded", node: "node-\(number)", name: "ready"),
            request: ProbeRequest(
                host: "127.0.0.1",
                port: port,
                check: .httpGet(scheme: .http, path: EndpointFarm.path(kind, number)),
                timeout: .seconds(3600)
            ),
            period: Self.period
        )
    }

    @Test("Of which a tenth hang, trickle, refuse, are silent or talk garbage delay none of the others")
    func independence() async throws {
        let probes = (0..<1000).map { probe($0, fate: fate($0)) }
        let good = Set(probes.indices.filter { fate($0) == nil }.map { probes[$0].key })
        let starts = Self.starts(of: probes.filter { good.contains($0.key) }, periods: 3)
        let clock = TestClock()
        let (results, told) = AsyncStream<Result>.makeStream()
        let prober = Prober(
            try CurlProber(userAgent: "p2pmirror/test"),
            time: MonotonicTime(clock),
            report: { told.yield(Result(key: $0, fault: $1.fault)) }
        )
        await prober.replace(probes)
        let run = Task { await prober.run() }
        var result = results.makeAsyncIterator()
        var finished: [ScheduledProbe.Key: Int] = [:]
        var faults: [ScheduledProbe.Key: Set<ProbeOutcome.Fault?>] = [:]
        var next = starts.startIndex
        // Three periods, tick by tick: before time goes on, each that was due three ticks ago has its result.
        for step in 1...303 {
            clock.advance(by: Self.tick)
            let past = Self.tick * (step - 3)
            while next < starts.endIndex, starts[next].due <= past {
                let (_, key, count) = starts[next]
                while (finished[key] ?? 0) < count, let other = await result.next() {
                    finished[other.key, default: 0] += 1
                    faults[other.key, default: []].insert(other.fault)
                }
                next += 1
            }
        }
        let statistics = await prober.statistics
        run.cancel()
        await run.value

        #expect(starts.count == 2700)
        #expect(next == starts.endIndex)
        #expect(good.allSatisfy { faults[$0] == [nil] })
        for (number, probe) in probes.enumerated() {
            guard let fate = fate(number) else { continue }
            #expect(faults[probe.key] == fate.fault.map { [$0] })
        }
        #expect(statistics.deferred == 0)
        // 60 never end; the others are over within a tick or two.
        #expect(statistics.mostUnderWay <= 256)
        #expect(farm.mostUnanswered <= statistics.mostUnderWay)
        print(
            "1,000 probes over 3 periods: \(statistics.started) started, \(next) of 2700 of the 900 good endpoints "
                + "finished on time, \(statistics.deferred) deferred, most sockets \(statistics.mostUnderWay) "
                + "(at the server \(farm.mostUnanswered))"
        )
        withExtendedLifetime(hole) {}
    }

    /// When each probe is due, and for which time, in the order of time.
    private static func starts(
        of probes: [ScheduledProbe],
        periods: Int
    ) -> [(due: Duration, key: ScheduledProbe.Key, count: Int)] {
        let first = probes.compactMap { probe -> (Duration, ScheduledProbe.Key)? in
            var alone = ProbeSchedule()
            alone.replace([probe], now: .zero)
            return alone.wakeUp.map { ($0, probe.key) }
        }
        let all = first.flatMap { place, key in (0..<periods).map { (place + period * $0, key, $0 + 1) } }
        return all.sorted { $0.0 < $1.0 }
    }

    @Test("That are all due at once never have more sockets than they may", arguments: [2, 16])
    func bounded(limit: Int) async throws {
        let probes = (0..<1000).map { probe($0, fate: nil) }
        let clock = TestClock()
        let (results, told) = AsyncStream<Result>.makeStream()
        let prober = Prober(
            try CurlProber(userAgent: "p2pmirror/test"),
            limit: limit,
            time: MonotonicTime(clock),
            report: { told.yield(Result(key: $0, fault: $1.fault)) }
        )
        clock.advance(by: Self.period)
        await prober.replace(probes)
        clock.advance(by: Self.period)
        let run = Task { await prober.run() }
        var keys: Set<ScheduledProbe.Key> = []
        var result = results.makeAsyncIterator()
        while keys.count < 1000, let next = await result.next() {
            keys.insert(next.key)
            #expect(next.fault == nil)
        }
        let statistics = await prober.statistics
        run.cancel()
        await run.value
        #expect(statistics.mostUnderWay == limit)
        #expect(farm.mostUnanswered <= limit)
        #expect(statistics.started == 1000)
    }

    @Test("That are replaced go on without what is gone")
    func replaced() async throws {
        let clock = TestClock()
        let (results, told) = AsyncStream<Result>.makeStream()
        let prober = Prober(
            try CurlProber(userAgent: "p2pmirror/test"),
            time: MonotonicTime(clock),
            report: { told.yield(Result(key: $0, fault: $1.fault)) }
        )
        let run = Task { await prober.run() }
        await prober.replace([probe(10, fate: .hanging), probe(1, fate: nil)])
        clock.advance(by: Self.period)
        await prober.replace([probe(2, fate: nil)])
        // Time goes on until it has its result: what sleeps meanwhile may have fallen asleep late.
        let time = Task {
            while !Task.isCancelled {
                clock.advance(by: Self.tick)
                try? await Task.sleep(for: .milliseconds(1))
            }
        }
        var keys: [ScheduledProbe.Key] = []
        var result = results.makeAsyncIterator()
        while keys.last != probe(2, fate: nil).key, let next = await result.next() { keys.append(next.key) }
        time.cancel()
        #expect(!keys.contains(probe(10, fate: .hanging).key))
        run.cancel()
        await run.value
    }
}

/// A port whose queue is full, so that the kernel drops whatever else would connect.
private final class SilentPort: Sendable {
    let port: Int
    private let files: [Int32]

    init() throws {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let listener = socket(AF_INET, kind, 0)
        let clients = (0..<8).map { _ in socket(AF_INET, kind | Int32(SOCK_NONBLOCK.rawValue), 0) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let code = bind(listener, address, size) | listen(listener, 0) | getsockname(listener, address, &size)
                for client in clients { _ = connect(client, address, size) }
                return code
            }
        }
        files = [listener] + clients
        port = Int(UInt16(bigEndian: address.sin_port))
        try #require(code == 0)
    }

    deinit { for file in files { close(file) } }
}
