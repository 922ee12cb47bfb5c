import ArgumentParser
import Glibc
import KubeCore
import Logging
import MirrorAPI
import MirrorCommands
import MirrorPlanner
import MirrorSandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs a scenario: an incident that is first reproduced and measured, and then shown gone.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Reproduces an incident on a simulated fleet and shows it gone.",
        discussion: """
            Starts an API server on loopback (or uses another one with --kubeconfig and --yes), a fleet of simulated \
            nodes, the operator and its agents. Exit code 0: the symptom showed, and the operator removed it; 1: it \
            did not; 130: interrupted before that was known. Ctrl-C after a good end (--keep) or with --bare is 0.

            Scenarios: \(SandboxScenario.all.map { "\($0.name), \($0.summary)" }.joined(separator: "; ")).

            With --kubeconfig it refuses a cluster that already has one of its objects, and at the end, also after \
            Ctrl-C, it deletes its own; the CRDs and the two namespaces stay.
            """
    )

    @Option(help: "Scenario: \(Self.names).")
    var scenario = SandboxScenario.all[0].name

    @Flag(help: "Leave everything running after a good end, until Ctrl-C, and print the kubeconfig.")
    var keep = false

    @Option(help: "Address of the embedded API server; port 0 takes a free one.")
    var listen: String = "127.0.0.1:0"

    @Option(help: "Number of servers.")
    var nodes: Int = 3

    @Option(help: "Run the fleet against the API server of this kubeconfig.")
    var kubeconfig: String?

    @Flag(help: "That the cluster of --kubeconfig may be changed; --kubeconfig does nothing without it.")
    var yes = false

    @Option(help: "Directory of the CRDs.")
    var crds: String = "crds"

    @Flag(help: "Only the fleet with its API server: no scenario, no operator.")
    var bare = false

    @Option(help: "The program p2pmirror, of operator and agents. Default: the one beside this program.")
    var program: String?

    @Option(help: "For the scenario \(Self.exchange): the program p2pmirror of another release.")
    var previous: String?

    @Option(help: "For the scenario \(Self.exchange): directory of the CRDs of that release.")
    var previousCrds: String?

    func validate() throws {
        guard let scenario = Self.scenario(scenario) else {
            throw ValidationError("--scenario \(scenario) is unknown; known are: \(Self.names)")
        }
        guard (2...50).contains(nodes) else { throw ValidationError("--nodes \(nodes) is not between 2 and 50") }
        guard scenario.isExchange == (previous != nil), (previous == nil) == (previousCrds == nil) else {
            throw ValidationError(
                "--previous and --previous-crds belong to --scenario \(Self.exchange), which needs them both"
            )
        }
        if previous != nil, keep || bare {
            throw ValidationError("--scenario \(scenario.name) knows no --keep and no --bare")
        }
        if let kubeconfig, !yes { throw ValidationError(Self.consequences(of: kubeconfig)) }
    }

    private static func consequences(of kubeconfig: String) -> String {
        """
        --kubeconfig \(kubeconfig) needs --yes, for this changes that cluster: it applies the CRDs of --crds (over \
        those that are there) and creates the namespaces p2pmirror-system and p2pmirror-node-lease, which all stay; it \
        creates simulated Nodes (server-1, ..., agent-1) and the P2PMirror \(SandboxCluster.mirrorName) in mode \
        Enforce, which selects those Nodes alone by a label of their own, and at the end deletes them and their \
        MirrorNodes. Give it only a cluster made for tests
        """
    }

    private static let names = SandboxScenario.all.map(\.name).joined(separator: ", ")
    private static let exchange = SandboxScenario.all.filter(\.isExchange).map(\.name).joined(separator: ", ")
    private static func scenario(_ name: String) -> SandboxScenario? { SandboxScenario.all.first { $0.name == name } }

    func run() async throws {
        let directory = try Self.makeDirectory()
        let session = SandboxSession(
            servers: nodes,
            directory: directory,
            crds: crds,
            listen: try Self.address(listen),
            kubeconfig: kubeconfig,
            programs: try Self.programs(product: program),
            say: Console.say
        )
        guard let scenario = Self.scenario(scenario) else { return }
        let wishes = SandboxScenario.Wishes(keep: keep, bare: bare, previous: previousEdition)
        let finished = try await ProcessLifetime.run {
            do {
                try await scenario.run(session, wishes)
            } catch let failure as ScenarioFailure where !Task.isCancelled {
                print("FAILED: \(failure)\nfiles and logs: \(directory)")
                throw ExitCode.failure
            }
            try? FileManager.default.removeItem(atPath: directory)
        }
        guard finished else {
            print("interrupted\nfiles and logs: \(directory)")
            throw ExitCode(Self.interrupted)
        }
    }

    private var previousEdition: ProductEdition? {
        guard let previous, let previousCrds else { return nil }
        return ProductEdition(name: "the previous release", executable: previous, crds: previousCrds)
    }

    /// What a shell says of a process that SIGINT ended: 128 and the signal's number.
    private static let interrupted: Int32 = 130

    private static func makeDirectory() throws -> String {
        let path = "\(FileManager.default.temporaryDirectory.path())/p2pmirror-sandbox-\(getpid())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private static func programs(product: String?) throws -> Programs {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let product = product ?? Programs(sandbox: own).product
        guard FileManager.default.isExecutableFile(atPath: product) else {
            throw ValidationError("--program \(product) is no program that can be run: build it, or name another one")
        }
        return Programs(sandbox: own, product: product)
    }

    private static func address(_ text: String) throws -> (host: String, port: UInt16) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ValidationError("--listen \(text) is not HOST:PORT")
        }
        return (String(text[..<colon]), port)
    }
}
