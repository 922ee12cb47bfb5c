import ArgumentParser
import Logging
import MirrorCommands
import MirrorSandbox

/// The process of one container of a simulated Pod; the sandbox's kubelet starts it, people don't.
struct ContainerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "container",
        abstract: "Runs what stands for one container of a simulated Pod.",
        shouldDisplay: false
    )

    @Option(help: "Address of the Pod.")
    var podIP: String

    @Option(help: "Address of the DNS server.")
    var resolver: String

    @Option(help: "Root directory of the simulated host.")
    var hostRoot: String

    @Option(help: "Image of the container.")
    var image: String

    @Argument(parsing: .captureForPassthrough, help: "Arguments of the container.")
    var arguments: [String] = []

    func run() async throws {
        OpenFiles.raiseLimit()
        let container = try ContainerOptions(
            podIP: podIP,
            resolver: resolver,
            hostRoot: hostRoot,
            image: image,
            arguments: arguments.filter { $0 != "--" }
        ).container(logger: Logger(label: "container"))
        try await ProcessLifetime.run(endingWithParent: true) { try await container.run() }
    }
}
