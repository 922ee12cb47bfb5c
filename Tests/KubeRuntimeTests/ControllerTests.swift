import KubeCore
import KubeRuntime
import KubeTestSupport
import Logging
import Synchronization
import Testing

private struct Flaw: Error {}

@Suite("Controller")
struct ControllerTests {
    private let clock = TestClock()

    private func controller(
        _ queue: WorkQueue<String>,
        concurrency: Int = 4,
        logger: Logger = quiet,
        _ reconcile: @escaping Controller<String>.Reconciler
    ) -> Controller<String> {
        Controller(
            name: "test",
            queue: queue,
            concurrency: concurrency,
            clock: clock,
            logger: logger,
            makeID: { "0123" },
            reconcile: reconcile
        )
    }

    @Test(
        "errors are retried after the longer of backoff and Retry-After, terminal ones are not",
        arguments: [
            (TerminalError("spec.size is -1; need 0 or more") as any Error, ErrorDecision.giveUp),
            (Flaw(), .retry(after: .seconds(2))),
            (CancellationError(), .retry(after: .seconds(2))),
            (KubeError(.connection, "refused"), .retry(after: .seconds(2))),
            (KubeError(.status, "429", retryAfter: .seconds(9)), .retry(after: .seconds(9))),
            (KubeError(.status, "429", retryAfter: .seconds(1)), .retry(after: .seconds(2))),
        ]
    )
    func policy(error: any Error, decision: ErrorDecision) {
        #expect(ErrorDecision.standard(error, backoff: .seconds(2)) == decision)
    }

    @Test("a failure is tried again with growing delays, a success forgets them")
    func retries() async {
        let queue = WorkQueue<String>(name: "test", clock: clock)
        let runs = Shared(0)
        let controller = controller(queue) { _ in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            if run == 3 { return .requeue(after: .seconds(60)) }
            throw Flaw()
        }
        let task = Task { await controller.run() }
        queue.add("a")
        for delay in [Duration.milliseconds(5), .milliseconds(10), .seconds(60), .milliseconds(5)] {
            await eventually("a wait of \(delay)") { [clock] in clock.nextWake == delay }
            clock.advance(by: delay)
        }
        task.cancel()
        await task.value
        #expect(runs.withLock { $0 } >= 4)
    }

    @Test("a terminal error waits for a change")
    func terminal() async {
        let queue = WorkQueue<String>(name: "test", clock: clock)
        let runs = Shared(0)
        let controller = controller(queue) { _ in
            runs.withLock { $0 += 1 }
            throw TerminalError("no use")
        }
        let task = Task { await controller.run() }
        queue.add("a")
        await eventually("a run") { runs.withLock { $0 } == 1 }
        queue.add("a")
        await eventually("another run") { runs.withLock { $0 } == 2 }
        #expect(clock.sleepers == 0)
        task.cancel()
        await task.value
    }

    @Test("never two runs of one key at once, never more than allowed, and no lost wake-up", arguments: 1...5)
    func stress(seed: Int) async {
        let queue = WorkQueue<String>(name: "test")
        struct World: Sendable {
            var wanted: [String: Int] = [:]
            var seen: [String: Int] = [:]
            var running: Set<String> = []
            var most = 0
        }
        let world = Shared(World())
        let controller = Controller<String>(name: "test", queue: queue, concurrency: 3, logger: quiet) { key in
            let (isAlone, wanted) = world.withLock { world in
                defer { world.most = max(world.most, world.running.count) }
                return (world.running.insert(key).inserted, world.wanted[key])
            }
            if !isAlone { Issue.record("seed \(seed): \(key) runs twice") }
            for _ in 0..<Int.random(in: 0..<4) { await Task.yield() }
            world.withLock { world in
                world.running.remove(key)
                world.seen[key] = wanted
            }
            return .awaitChange
        }
        let task = Task { await controller.run() }
        await withTaskGroup(of: Void.self) { group in
            for adder in 0..<4 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(seed * 10 + adder))
                    for _ in 0..<150 {
                        let key = "k\(Int.random(in: 0..<8, using: &generator))"
                        world.withLock { $0.wanted[key, default: 0] += 1 }
                        queue.add(key)
                        if Bool.random(using: &generator) { await Task.yield() }
                    }
                }
            }
        }
        await eventually("all seen, seed \(seed)") { world.withLock { $0.wanted == $0.seen } }
        #expect(world.withLock { $0.most } <= 3)
        task.cancel()
        await task.value
    }

    @Test("a shutdown lets the running reconcile end and starts no other")
    func shutDown() async {
        let queue = WorkQueue<String>(name: "test", clock: clock)
        let runs = Shared<[String]>([])
        let controller = controller(queue, concurrency: 1) { [clock] key in
            try await clock.sleep(until: clock.now.advanced(by: .seconds(1)), tolerance: nil)
            runs.withLock { $0.append(key) }
            return .awaitChange
        }
        let task = Task { await controller.run() }
        queue.add("a")
        queue.add("b")
        await eventually("a running reconcile") { [clock] in clock.sleepers == 1 }
        queue.shutDown()
        clock.advance(by: .seconds(1))
        await task.value
        #expect(runs.withLock { $0 } == ["a"])
    }

    @Test("log lines of a reconcile carry controller, key and reconcileID")
    func logging() async {
        let lines = LogLines()
        let queue = WorkQueue<String>(name: "test", clock: clock)
        let logger = Logger(label: "test") { _ in CollectingLogHandler(lines: lines) }
        let controller = controller(queue, logger: logger) { _ in
            Logger.current.info("Looking")
            return .awaitChange
        }
        let task = Task { await controller.run() }
        queue.add("a")
        await eventually("a line") { !lines.all.isEmpty }
        #expect(lines.all.first == ["controller": "test", "key": "a", "reconcileID": "0123"])
        task.cancel()
        await task.value
    }
}

private final class LogLines: Sendable {
    private let lines = Mutex<[[String: String]]>([])
    var all: [[String: String]] { lines.withLock { $0 } }
    func append(_ line: [String: String]) { lines.withLock { $0.append(line) } }
}

private struct CollectingLogHandler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    init(lines: LogLines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.append(metadata.mapValues { "\($0)" })
    }
}
