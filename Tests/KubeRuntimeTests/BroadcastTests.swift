import KubeTestSupport
import Testing

@testable import KubeRuntime

@Suite("Broadcast", .timeLimit(.minutes(1)))
struct BroadcastTests {
    private let broadcast = Broadcast()

    @Test("a change between the look and the wait is not lost")
    func changeBeforeWait() async {
        let seen = broadcast.generation
        broadcast.notify()
        await broadcast.wait(past: seen)
        #expect(broadcast.generation > seen)
    }

    @Test("a wait of a cancelled task returns at once")
    func cancelledBefore() async {
        let broadcast = broadcast
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await broadcast.wait(past: broadcast.generation)
        }
        await task.value
    }

    @Test("all waiters are woken, and those who are cancelled leave")
    func all() async {
        let broadcast = broadcast
        let seen = broadcast.generation
        let waiters = (0..<10).map { _ in Task { await broadcast.wait(past: seen) } }
        waiters[0].cancel()
        await waiters[0].value
        broadcast.notify()
        for waiter in waiters { await waiter.value }
    }

    @Test("a wait with a limit ends with it, on the clock that it is given")
    func limit() async {
        let clock = TestClock()
        let broadcast = broadcast
        let task = Task {
            await broadcast.wait(past: broadcast.generation, upTo: .seconds(3), on: MonotonicTime(clock))
        }
        await eventually("a sleeper") { clock.nextWake == .seconds(3) }
        clock.advance(by: .seconds(3))
        await task.value
        #expect(clock.sleepers == 0)
    }
}
