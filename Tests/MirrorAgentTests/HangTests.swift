import Dispatch
import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization
import Testing

/// What hangs on a host, and what goes on all the same.
@Suite("What hangs on a host", .timeLimit(.minutes(1)))
struct HangTests {
    /// Looks at files that do not end until `release`, and after ten seconds by themselves, so that a thread that is
    /// taken shows as time.
    private final class Gate: Sendable {
        private let isOpen = DispatchSemaphore(value: 0)
        private let waiting = Mutex(0)

        var count: Int { waiting.withLock { $0 } }

        func wait() {
            waiting.withLock { $0 += 1 }
            if isOpen.wait(timeout: .now() + .seconds(10)) == .success { isOpen.signal() }
        }

        func release() { isOpen.signal() }
    }

    @Test("Files that hang take none of the threads that tasks share")
    func files() async throws {
        let gate = Gate()
        // More than any machine of tests has cores, which is how many of those threads there are.
        let agents = try (0..<70).map { _ in
            let world = try World()
            world.setFault { operation in
                if operation.kind == .read { gate.wait() }
                return nil
            }
            return (world, world.agent().agent)
        }
        let passes = agents.map { world, agent in Task { _ = try? await agent.step(now: World.now) } }
        let begin = ContinuousClock.now
        while gate.count < agents.count, ContinuousClock.now - begin < .seconds(5) {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(gate.count >= agents.count)
        #expect(ContinuousClock.now - begin < .seconds(5))
        gate.release()
        for pass in passes { await pass.value }
    }

    @Test("A service manager that does not answer is waited for, and then all is put back at once")
    func serviceManager() async throws {
        let world = try World { $0.effectiveServer == World.url ? .hangs : .well }
        await world.settle()
        #expect(try world.status?.phase == .restarting)
        let late = World.now + 601
        world.service.setFault(ServiceError(.timeout, "systemctl show did not end within 20 seconds"))
        await world.settle(now: late)
        #expect(try world.status?.message?.contains("did not end within 20 seconds") == true)
        world.service.setFault(nil)
        await world.settle(now: late + 30)
        #expect(try world.status?.phase == .failed)
        #expect(world.disk.contents[World.dropIn] == nil && world.service.restarts == 2)
    }
}
