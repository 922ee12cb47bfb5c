import ArgumentParser
import MirrorCommands

/// The operator beside simulated daemons whose time goes faster than in the world, and with it what waits for them.
///
/// `p2pmirror operator` has no such option: its waits are what keeps a fleet safe.
struct PacedOperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Runs the operator at the pace of simulated daemons.",
        shouldDisplay: false
    )

    @Option(help: "How much faster than in the world the daemons' time goes.")
    var daemonTimeFactor = 1

    @OptionGroup var command: OperatorCommand

    func validate() throws {
        guard (1...1_000).contains(daemonTimeFactor) else {
            throw ValidationError("--daemon-time-factor \(daemonTimeFactor) is not between 1 and 1000")
        }
    }

    func run() async throws { try await command.run(daemonTimeFactor: daemonTimeFactor) }
}
