import Logging
import MirrorSandbox
import Testing

@Suite struct SupervisorTests {
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [0, 100, 300, 1_000, 3_000, 10_000]
    )
    func `a unit that is stopped while its process is being started ends`(microseconds: Int) async throws {
        let supervisor = Supervisor(executable: "/bin/sleep", logger: Logger(label: "test"))
        supervisor.start(Supervisor.Unit(name: "sleeper", arguments: ["600"], log: "/dev/null"))
        try await Task.sleep(for: .microseconds(microseconds))
        await supervisor.stop("sleeper")
        #expect(supervisor.state(of: "sleeper") == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a unit that crashes stays down, about to be started again, until it is revived`() async throws {
        let supervisor = Supervisor(executable: "/bin/sleep", logger: Logger(label: "test"))
        supervisor.start(Supervisor.Unit(name: "sleeper", arguments: ["600"], log: "/dev/null"))
        try await Self.until { (supervisor.state(of: "sleeper")?.mainPID ?? 0) > 0 }
        supervisor.crash("sleeper")
        try await Self.until { supervisor.state(of: "sleeper")?.subState == "auto-restart" }
        // Longer than the pause after which a unit that ended by itself is started again.
        try await Task.sleep(for: .seconds(1))
        let state = supervisor.state(of: "sleeper")
        #expect(state?.activeState == "activating" && state?.result == "signal")
        #expect(state?.mainPID == 0 && state?.starts == 1)
        supervisor.revive("sleeper")
        try await Self.until { supervisor.state(of: "sleeper")?.starts == 2 }
        supervisor.crash("sleeper")
        try await Self.until { supervisor.state(of: "sleeper")?.subState == "auto-restart" }
        await supervisor.stop("sleeper")
        #expect(supervisor.state(of: "sleeper") == nil)
    }

    private static func until(_ isSo: () -> Bool) async throws {
        while !isSo() { try await Task.sleep(for: .milliseconds(5)) }
    }
}
