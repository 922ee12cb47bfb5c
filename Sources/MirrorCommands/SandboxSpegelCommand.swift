import ArgumentParser
import Logging
import MirrorPlanner
import MirrorSandbox

/// The process of one simulated Spegel; the sandbox's kubelet starts it, people don't.
struct SandboxSpegelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox-spegel",
        abstract: "Runs the Spegel of one simulated Pod.",
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
        guard let version = SpegelVersion(image: image) else {
            throw ValidationError("--image \(image) has no tag with a version")
        }
        OpenFiles.raiseLimit()
        let daemon = SpegelDaemon(
            SpegelDaemon.Options(
                podIP: podIP,
                resolver: resolver,
                hostRoot: hostRoot,
                version: version,
                arguments: arguments.filter { $0 != "--" }
            ),
            logger: Logger(label: "spegel")
        )
        try await ProcessLifetime.run(endingWithParent: true) { try await daemon.run() }
    }
}
