public import ArgumentParser
import MirrorAPI

/// The sandbox: incidents on a simulated fleet, and the processes that it is made of. It does not ship to clusters.
public struct SandboxRootCommand: AsyncParsableCommand {
    /// Name, purpose and subcommands; without one a scenario is run.
    public static let configuration = CommandConfiguration(
        commandName: "p2pmirror-sandbox",
        abstract: "Reproduces incidents of image mirrors on a simulated fleet and shows them gone.",
        version: Release.version,
        subcommands: [
            RunCommand.self, NodeCommand.self, SystemctlCommand.self, ContainerCommand.self, PacedOperatorCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )

    /// Creates the command.
    public init() {}
}

/// Runs the command line of this process and ends it with the command's exit code.
public func runSandbox() async {
    await SandboxRootCommand.main()
}
