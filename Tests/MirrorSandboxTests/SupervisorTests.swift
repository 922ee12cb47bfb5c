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
}
