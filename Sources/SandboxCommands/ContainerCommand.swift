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

    @Option(help: "A variable of the container, as NAME=VALUE.")
    var env: [String] = []

    @Option(help: "A directory that the container has, as PATH=DIRECTORY.")
    var mount: [String] = []

    @Option(help: "File of what the network and a scenario want of the process.")
    var orders: String?

    @Argument(parsing: .captureForPassthrough, help: "Arguments of the container.")
    var arguments: [String] = []

    func run() async throws {
        OpenFiles.raiseLimit()
        let container = try ContainerOptions(
            podIP: podIP,
            resolver: resolver,
            hostRoot: hostRoot,
            image: image,
            arguments: arguments.filter { $0 != "--" },
            environment: Self.pairs(env),
            mounts: Self.pairs(mount),
            orders: orders
        ).container(logger: Logger(label: "container"))
        try await ProcessLifetime.run(endingWithParent: true) { try await container.run() }
    }

    private static func pairs(_ texts: [String]) -> [String: String] {
        let pairs = texts.map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts.count > 1 ? parts[1] : "")
        }
        return Dictionary(pairs, uniquingKeysWith: { $1 })
    }
}
