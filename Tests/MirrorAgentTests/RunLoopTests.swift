import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization
import Testing

@Suite("The agent's loop")
struct RunLoopTests {
    /// A clock whose sleeps end at once, but for the last of so many, during which the loop is ended.
    private final class Sleeps: Clock, Sendable {
        typealias Instant = ContinuousClock.Instant

        private let pauses = Mutex<[Duration]>([])
        private let limit: Int
        private let end: AsyncStream<Void>
        private let isAtEnd: AsyncStream<Void>.Continuation
        let now = ContinuousClock.now
        let minimumResolution = Duration.zero

        init(limit: Int) {
            self.limit = limit
            (end, isAtEnd) = AsyncStream.makeStream()
        }

        var all: [Duration] { pauses.withLock { $0 } }

        func sleep(until deadline: Instant, tolerance: Duration?) async throws {
            let count = pauses.withLock { pauses in
                pauses.append(now.duration(to: deadline))
                return pauses.count
            }
            guard count >= limit else { return }
            isAtEnd.finish()
            try await Task.sleep(for: .seconds(60))
        }

        /// Runs a loop until its last pause.
        func run(_ agent: NodeAgent, jitter: Double) async {
            let loop = Task { await agent.run(clock: self, now: { World.now }, jitter: { jitter }) }
            for await _ in end {}
            loop.cancel()
            await loop.value
        }
    }

    @Test("it goes on without a pause while there is something to do, then looks at its intervals with jitter")
    func paces() async throws {
        let world = try World()
        let clock = Sleeps(limit: 2)
        let (agent, _) = world.agent()
        await clock.run(agent, jitter: 0)
        #expect(try world.status?.phase == .applied)
        #expect(clock.all == [.seconds(90), .seconds(90)])
        #expect(agent.health.failure == nil)
    }

    @Test("a pass that fails is made again soon, and later and later while nothing is under way")
    func retries() async throws {
        let world = try World()
        world.server.setReachable(false)
        let clock = Sleeps(limit: 7)
        let (agent, _) = world.agent()
        await clock.run(agent, jitter: 1)
        #expect(clock.all == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) * 1.25 })
        #expect(await agent.lastSuccessfulPass == nil)
    }

    @Test("while a step is under way a failure changes no pause")
    func retriesDuringStep() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        let (first, process) = world.agent()
        #expect(await world.run(first) == .soon)
        world.disk.end(process: process)
        world.server.setReachable(false)
        let clock = Sleeps(limit: 5)
        await clock.run(world.agent().agent, jitter: 0.5)
        #expect(clock.all == Array(repeating: .seconds(1), count: 5))
    }

    @Test("after a burst of passes a pause is forced that no change ends")
    func limitsBursts() {
        let options = AgentOptions(nodeName: "n", leaseNamespace: "ns", version: "test")
        var pacing = Pacing(options)
        for _ in 1..<Pacing.longestBurst {
            #expect(pacing.pause(after: .done(.later)) == Pacing.Pause(open: options.idleInterval))
        }
        let forced = Pacing.Pause(blind: options.busyInterval, open: options.idleInterval)
        #expect(pacing.pause(after: .done(.later)) == forced)
        #expect(pacing.pause(after: .done(.now)) == Pacing.Pause(blind: options.busyInterval))
        pacing.passedInPeace()
        #expect(pacing.pause(after: .done(.now)) == Pacing.Pause())
    }

    @Test("an agent is not ready when a pass has been due for two minutes, and is ready in the longest pause")
    func readiness() {
        let clock = HandClock()
        let health = AgentHealth(clock: clock)
        clock.advance(.seconds(119))
        #expect(health.failure == nil)
        clock.advance(.seconds(1))
        #expect(health.failure == "no pass has succeeded for 120 s: the present one has not ended")
        health.passFailed("connection refused")
        health.passBegins()
        #expect(health.failure == "no pass has succeeded for 120 s: connection refused")
        health.passSucceeded()
        clock.advance(.seconds(600))
        #expect(health.failure == nil)
        health.passBegins()
        clock.advance(.seconds(130))
        #expect(health.failure?.hasPrefix("no pass has succeeded for 130 s") == true)
    }

    /// A clock that a test moves; nobody sleeps by it.
    private final class HandClock: Clock, Sendable {
        typealias Instant = ContinuousClock.Instant

        private let present = Mutex(ContinuousClock.now)
        var now: Instant { present.withLock { $0 } }
        let minimumResolution = Duration.zero

        func advance(_ duration: Duration) { present.withLock { $0 = $0.advanced(by: duration) } }
        func sleep(until deadline: Instant, tolerance: Duration?) async throws { throw CancellationError() }
    }
}
