import KubeCore
import KubeRuntime
import KubeTestSupport
import Logging
import Synchronization
import Testing

@Suite("Quiet watches")
struct QuietWatchTests {
    private let clock = TestClock()
    private let lines = LineCounter()

    private func reflectors(
        _ count: Int,
        _ server: QuietServer,
        _ configuration: WatcherConfiguration = WatcherConfiguration()
    ) -> [Reflector<Widget>] {
        let memory = ServerMemory(clock: clock)
        return (0..<count).map { number in
            Reflector<Widget>(
                KubeAPI(server),
                configuration: configuration,
                server: memory,
                clock: clock,
                generator: { SeededGenerator(seed: UInt64(number + 1)) },
                logger: lines.logger
            )
        }
    }

    /// Lets the time pass in steps of a second, each of which everybody gets to see.
    private func pass(_ time: Swift.Duration) async {
        let end = clock.now.offset + time
        while clock.now.offset < end {
            clock.advance(by: .seconds(1))
            var calm = 0
            var seen = -1
            while calm < 3 {
                try? await Task.sleep(for: .microseconds(300))
                let sleepers = clock.sleepers
                calm = sleepers == seen ? calm + 1 : 0
                seen = sleepers
            }
        }
    }

    /// Runs the reflectors until the body returns.
    private func run(_ reflectors: [Reflector<Widget>], _ body: () async -> Void) async {
        let task = Task {
            await withTaskGroup(of: Void.self) { group in
                for reflector in reflectors { group.addTask { await reflector.run() } }
            }
        }
        await eventually("all are synced") { reflectors.allSatisfy(\.store.isSynced) }
        await body()
        task.cancel()
        await task.value
    }

    @Test("ten minutes of quiet on a current server cost no list, no line and about two requests for each watch")
    func current() async {
        let server = QuietServer(clock)
        let reflectors = reflectors(3, server)
        await run(reflectors) {
            server.forgetRequests()
            lines.reset()
            for _ in 0..<60 {
                await pass(.seconds(10))
                for reflector in reflectors {
                    #expect(reflector.health.freshness != .unproven)
                    #expect(reflector.health.age < .seconds(150))
                }
            }
        }
        #expect(server.lists == 0)
        #expect(server.requests.count <= 3 * 5)
        #expect(lines.count == 0)
        print("ten minutes of quiet, three watches: \(server.requests.count) requests, \(server.lists) lists")
    }

    @Test("ten minutes of quiet on a server without bookmarks for quiet kinds cost one list, once")
    func old() async {
        let server = QuietServer(clock, reads: .passTheCache)
        await run(reflectors(1, server)) {
            server.forgetRequests()
            await pass(.seconds(600))
        }
        #expect(server.lists <= 1)
        #expect(server.requests.count <= 6)
    }

    @Test("many watches of one kind share the read: a fleet of agents at rest is no load")
    func fleet() async {
        let server = QuietServer(clock)
        await run(reflectors(30, server)) {
            await pass(.seconds(300))
            server.forgetRequests()
            await pass(.seconds(600))
        }
        let reads = server.requests.count { $0.query("watch") == nil }
        #expect(server.lists == 0)
        // Each watch is opened again after five to ten minutes; that is the rest of the requests.
        #expect(reads <= 20)
        #expect(server.requests.count - reads <= 30 * 3)
        print("ten minutes of quiet, 30 agents: \(reads) reads, \(server.requests.count - reads) watches")
    }

    @Test("a watch that is dead without a word is found within 150 s, and what it missed comes without a list")
    func dead() async {
        let server = QuietServer(clock)
        let reflectors = reflectors(1, server)
        await run(reflectors) {
            await pass(.seconds(100))
            server.forgetRequests()
            server.cut()
            server.add("missed")
            let start = clock.now.offset
            while reflectors[0].store.count == 0, clock.now.offset - start < .seconds(300) { await pass(.seconds(1)) }
            #expect(clock.now.offset - start <= .seconds(150))
        }
        #expect(server.lists == 0)
    }

    @Test("a server that goes away is known to within 75 s")
    func away() async {
        let server = QuietServer(clock)
        let reflectors = reflectors(1, server)
        await run(reflectors) {
            await pass(.seconds(10))
            server.cut()
            server.set(isAway: true)
            await pass(.seconds(75))
            #expect(reflectors[0].health.freshness == .unproven)
        }
    }

    @Test("where silence tells nothing, a proof is a list, and is made only where it is demanded")
    func proof() async {
        let server = QuietServer(clock, reads: .passTheCache)
        let reflector = reflectors(1, server)[0]
        await run([reflector]) {
            await pass(.seconds(400))
            #expect(reflector.health.freshness == .quiet)
            #expect(reflector.needsProof && !reflector.health.isStale)
            server.forgetRequests()
            let proving = Task { await reflector.prove(within: .seconds(10)) }
            await eventually("the list") { server.lists == 1 }
            await proving.value
            #expect(!reflector.needsProof)
            #expect(reflector.health.age < .seconds(2))
            #expect(server.requests.count <= 3)
            await reflector.prove(within: .seconds(10))
            #expect(server.lists == 1)
        }
    }

    @Test("where streaming lists are refused, the start takes no time, and one question for all is asked again")
    func coldStart() async {
        let message =
            "a watch stream was requested by the client but the required storage feature "
            + "RequestWatchProgress is disabled"
        let status = "{\"kind\":\"Status\",\"code\":500,\"reason\":\"InternalError\",\"message\":\"\(message)\"}"
        let server = QuietServer(
            clock,
            reads: .passTheCache,
            refusal: "{\"type\":\"ERROR\",\"object\":\(status)}\n"
        )
        let all = reflectors(2, server)
        await run([all[0]]) {
            // The clock stands still: nothing has waited.
            #expect(server.requests.map { $0.query("sendInitialEvents") ?? "" } == ["true", "", ""])
            server.forgetRequests()
            await run([all[1]]) {
                #expect(server.requests.count { $0.query("sendInitialEvents") != nil } == 0)
                #expect(server.lists == 1)
            }
        }
        #expect(clock.now.offset == .zero)
    }
}

/// Counts what is logged from INFO on.
final class LineCounter: Sendable {
    private let state = Mutex<[String]>([])

    var all: [String] { state.withLock { $0 } }
    var count: Int { all.count }
    func reset() { state.withLock { $0 = [] } }
    fileprivate func add(_ line: String) { state.withLock { $0.append(line) } }

    var logger: Logger {
        Logger(label: "test") { _ in Handler(counter: self) }
    }

    private struct Handler: LogHandler {
        let counter: LineCounter
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(counter: LineCounter) { self.counter = counter }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { counter.add("\(event.level) \(event.message) \(event.metadata ?? [:])") }
    }
}
