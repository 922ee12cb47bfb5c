import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

@Suite("An API server that is away")
struct OutageTests {
    private let clock = TestClock()
    private let lines = LineCounter()

    private func pass(_ time: Swift.Duration) async {
        let end = clock.now.offset + time
        while clock.now.offset < end {
            clock.advance(by: .seconds(1))
            for _ in 0..<4 { try? await Task.sleep(for: .microseconds(200)) }
        }
    }

    @Test("is said to be once for all, again at growing intervals, and once when it is back, with the time")
    func everybody() async throws {
        let server = QuietServer(clock)
        let memory = ServerMemory(clock: clock)
        let api = KubeAPI(ReportingTransport(server, memory: memory, clock: clock, logger: lines.logger))
        let reflectors = (0..<5).map { number in
            Reflector<Widget>(
                api,
                server: memory,
                clock: clock,
                generator: { SeededGenerator(seed: UInt64(number)) },
                logger: lines.logger
            )
        }
        let elector = LeaderElector(
            api,
            configuration: try LeaderElectionConfiguration(lease: widgetKey("lease"), identity: "a"),
            manager: "test",
            clock: clock,
            wallClock: { MicroTimestamp(microseconds: 0) },
            logger: lines.logger
        )
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                for reflector in reflectors { group.addTask { await reflector.run() } }
                group.addTask { await elector.run() }
            }
        }
        await eventually("all are synced") { reflectors.allSatisfy(\.store.isSynced) }
        await pass(.seconds(5))
        server.cut()
        server.set(isAway: true)
        lines.reset()
        await pass(.seconds(600))
        let away = lines.all
        #expect(away.count <= 7, "\(away)")
        #expect(away.count { $0.contains("does not answer") && !$0.contains("still") } == 1, "\(away)")
        #expect((2...4).contains(away.count { $0.contains("still does not answer") }), "\(away)")
        lines.reset()
        server.set(isAway: false)
        await pass(.seconds(60))
        let back = lines.all.filter { $0.contains("answers again") }
        #expect(back.count == 1 && back[0].contains("away"), "\(lines.all)")
        print("ten minutes without a server, five watches and an elector: \(away.count) lines")
        task.cancel()
        await task.value
    }

    @Test("a request that fails begins one, and the next answer ends it")
    func single() async throws {
        let transport = ScriptedTransport([
            ("GET /version", .failure(KubeError(.timeout, "slow"))), ("GET /version", .response(200, "{}")),
        ])
        let reporting = ReportingTransport(transport, clock: clock, logger: lines.logger)
        let error = await #expect(throws: KubeError.self) {
            _ = try await reporting.send(KubeRequest(.get, "/version"))
        }
        #expect(error?.wasReported == true)
        _ = try await reporting.send(KubeRequest(.get, "/version"))
        #expect(lines.count == 2)
    }

    @Test("says its release, or nothing")
    func version() async {
        let transport = ScriptedTransport([
            ("GET /version", .response(200, #"{"gitVersion":"v1.36.2"}"#)), ("GET /version", .failure(refused)),
        ])
        #expect(await KubeAPI(transport).serverVersion() == "v1.36.2")
        #expect(await KubeAPI(transport).serverVersion() == nil)
    }

    @Test("what is said again comes after one minute, two, four and so on, up to half an hour")
    func intervals() {
        var intervals = GrowingIntervals()
        var said: [Int] = []
        for second in 0..<8000 where intervals.isDue("away", at: .seconds(second)) { said.append(second) }
        #expect(said == [0, 60, 180, 420, 900, 1860, 3660, 5460, 7260])
        let isOtherDue = intervals.isDue("other", at: .seconds(7261))
        #expect(isOtherDue)
    }

    @Test("a path that no kind is served under is told from an object that is not there")
    func unknownPath() {
        let request = KubeRequest(.get, "/apis/example.org/v1/widgets")
        let error = KubeResponse(status: 404, body: Array("404 page not found\n".utf8)).asError(of: request)
        #expect(error.message.contains("the kind is not installed"))
    }
}
