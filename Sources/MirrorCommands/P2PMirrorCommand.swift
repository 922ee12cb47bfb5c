public import ArgumentParser
import MirrorAPI

/// The one binary that operator and agent ship in, and nothing of the sandbox.
public struct P2PMirrorCommand: AsyncParsableCommand {
    /// Name, purpose and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "p2pmirror",
        abstract: "Keeps a fleet of peer-to-peer image mirrors healthy.",
        version: Release.version,
        subcommands: [
            OperatorCommand.self, AgentCommand.self, PlanCommand.self, ValidateCommand.self, DefinitionsCommand.self,
            VersionCommand.self,
        ]
    )

    /// Creates the command.
    public init() {}
}

/// Makes the process one that can be run; to be called before anything else.
public func prepareProcess() {
    Descriptors.fillStandard()
}

/// Runs the command line of this process and ends it with the command's exit code.
public func runP2PMirror() async {
    await P2PMirrorCommand.main()
}
