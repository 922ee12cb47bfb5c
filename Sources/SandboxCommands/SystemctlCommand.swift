import ArgumentParser
import MirrorSandbox

/// `systemctl` of a simulated host, for the sandbox's agents.
struct SystemctlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "systemctl",
        abstract: "Stands in for systemctl on a simulated host.",
        shouldDisplay: false
    )

    @Option(help: "Address of the sandbox's service control.")
    var control: String

    @Option(help: "Name of the simulated host.")
    var host: String

    @Argument(parsing: .captureForPassthrough, help: "What systemctl would be given.")
    var arguments: [String] = []

    func run() async throws {
        let systemctl = try SimulatedSystemctl(control: control, host: host)
        let (output, exitCode) = try await systemctl.run(arguments.filter { $0 != "--" })
        if !output.isEmpty { print(output) }
        if exitCode != 0 { throw ExitCode(exitCode) }
    }
}
