import KubeCore
import MirrorAPI
import MirrorAgent
import Synchronization
import Testing

@Suite("The agent's loop")
struct RunLoopTests {
    /// A clock whose sleeps end at once; it ends the loop after so many.
    private final class Sleeps: Clock, Sendable {
        typealias Instant = ContinuousClock.Instant

        private let pauses = Mutex<[Duration]>([])
        private let limit: Int
        let now = ContinuousClock.now
        let minimumResolution = Duration.zero

        init(limit: Int) { self.limit = limit }

        var all: [Duration] { pauses.withLock { $0 } }

        func sleep(until deadline: Instant, tolerance: Duration?) async throws {
            let count = pauses.withLock { pauses in
                pauses.append(now.duration(to: deadline))
                return pauses.count
            }
            if count >= limit { withUnsafeCurrentTask { $0?.cancel() } }
        }
    }

    @Test("it goes on without a pause while there is something to do, then looks at its intervals with jitter")
    func paces() async throws {
        let world = try World()
        let clock = Sleeps(limit: 2)
        let (agent, _) = world.agent()
        await Task { await agent.run(clock: clock, now: { World.now }, jitter: { 0 }) }.value
        #expect(try world.status?.phase == .applied)
        #expect(clock.all == [.milliseconds(7_500), .milliseconds(7_500)])
    }

    @Test("a pass that fails is made again soon")
    func retries() async throws {
        let world = try World()
        world.server.setReachable(false)
        let clock = Sleeps(limit: 3)
        let (agent, _) = world.agent()
        await Task { await agent.run(clock: clock, now: { World.now }, jitter: { 1 }) }.value
        #expect(clock.all == Array(repeating: .milliseconds(2_500), count: 3))
        #expect(await agent.lastSuccessfulPass == nil)
    }
}
