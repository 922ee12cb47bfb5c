public import ArgumentParser
import MirrorAPI

/// The one binary that operator, agent and sandbox ship in.
public struct P2PMirrorCommand: AsyncParsableCommand {
    /// Name, purpose and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "p2pmirror",
        abstract: "Keeps a fleet of peer-to-peer image mirrors healthy.",
        version: Release.version,
        subcommands: [
            OperatorCommand.self, AgentCommand.self, SandboxCommand.self, PlanCommand.self, ValidateCommand.self,
            DefinitionsCommand.self,
            VersionCommand.self, SandboxNodeCommand.self, SandboxSystemctlCommand.self, SandboxSpegelCommand.self,
        ]
    )

    /// Creates the command.
    public init() {}
}

/// Runs the command line of this process and ends it with the command's exit code.
public func runP2PMirror() async {
    await P2PMirrorCommand.main()
}
