import ArgumentParser
import Glibc
import KubeCore
import Logging
import MirrorCommands
import MirrorSandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The process of one simulated node; the sandbox starts it, or a real systemd in a test, and people don't.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Runs the daemon of one simulated node.",
        shouldDisplay: false
    )

    @Option(help: "File that describes the fleet.")
    var fleet: String

    @Option(help: "Name of the node.")
    var name: String

    @Option(help: "Root directory of the simulated host.")
    var hostRoot: String

    @OptionGroup var cluster: ClusterOptions

    @Option(help: "Address of the sandbox's service control. Default: none, and NOTIFY_SOCKET is told of the start.")
    var control: String?

    @Option(help: "Name of this process at the service control.")
    var unit: String = ""

    @Option(help: "Milliseconds that an answer takes beside the work that is really done.")
    var answerDelay: Int = 20

    @Option(help: "Milliseconds from the start until the daemon is ready.")
    var startDelay: Int = 500

    func run() async throws {
        let blueprint = try JSONCoding.decode(
            FleetBlueprint.self,
            from: [UInt8](try Data(contentsOf: URL(filePath: fleet)))
        )
        guard let host = blueprint.host(name) else {
            throw ValidationError("--name \(name): the fleet has no such node")
        }
        OpenFiles.raiseLimit()
        let transport = try cluster.transport(agent: "p2pmirror-sandbox")
        let onReady = try readiness()
        let daemon = try NodeDaemon(
            NodeDaemon.Options(
                host: host,
                blueprint: blueprint,
                root: hostRoot,
                answerDelay: .milliseconds(answerDelay),
                startDelay: .milliseconds(startDelay)
            ),
            api: KubeAPI(transport),
            logger: Logger(label: "daemon"),
            clock: { WallClock.now().timestamp }
        )
        try await ProcessLifetime.run(endingWithParent: true) { try await daemon.run(onReady: onReady) }
    }

    /// Who is told that the daemon is ready: the sandbox, or a real service manager where one asks for it.
    private func readiness() throws -> @Sendable () async -> Void {
        if let control {
            let supervisor = try ServiceControlClient(control)
            return { [unit] in await supervisor.tellReady(unit: unit, pid: getpid()) }
        }
        let socket = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"]
        return {
            guard let socket else { return }
            do {
                try ReadyNotice.send(to: socket)
            } catch {
                Logger(label: "daemon").error("\(error)")
            }
        }
    }
}
