import ArgumentParser
import Glibc
import KubeCore
import Logging
import MirrorAPI
import MirrorPlanner
import MirrorSandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Runs a scenario: an incident that is first reproduced and measured, and then shown gone.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Reproduces an incident on a simulated fleet and shows it gone.",
        discussion: """
            Starts an API server on loopback (or uses another one with --kubeconfig and --yes), a fleet of simulated \
            nodes, the operator and its agents. Exit code 0: the symptom showed, and the operator removed it; 1: it \
            did not; 130: interrupted before that was known. Ctrl-C after a good end (--keep) or with --bare is 0.

            Scenarios: rke2-ring and k3s-ring, servers that ask each other for peers without end; crashed-peer, a seed \
            that dies without saying goodbye; disk-full, a seed whose disk is full (needs user namespaces: unshare \
            -Urm); spegel-bootstrap, a Spegel that finds nobody because the three lowest addresses are dead (embedded \
            API server only; it has a number of nodes of its own); upgrade.

            The scenario upgrade instead lets the release of --previous heal the ring, puts this one in its place and \
            takes it back, and fails where a service was restarted, a file rewritten or a specification written.

            With --kubeconfig it refuses a cluster that already has one of its objects, and at the end, also after \
            Ctrl-C, it deletes its own; the CRDs and the two namespaces stay.
            """
    )

    @Option(help: "Scenario: rke2-ring, k3s-ring, crashed-peer, disk-full, spegel-bootstrap or upgrade.")
    var scenario: String = "rke2-ring"

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

    @Option(help: "For the scenario upgrade: the program p2pmirror of another release.")
    var previous: String?

    @Option(help: "For the scenario upgrade: directory of the CRDs of that release.")
    var previousCrds: String?

    func validate() throws {
        guard Self.providers[scenario] != nil else {
            let known = Self.providers.keys.sorted().joined(separator: ", ")
            throw ValidationError("--scenario \(scenario) is unknown; known are: \(known)")
        }
        guard (2...50).contains(nodes) else { throw ValidationError("--nodes \(nodes) is not between 2 and 50") }
        guard (scenario == Self.upgrade) == (previous != nil), (previous == nil) == (previousCrds == nil) else {
            throw ValidationError("--previous and --previous-crds belong to --scenario upgrade, which needs them both")
        }
        if previous != nil, keep || bare { throw ValidationError("--scenario upgrade knows no --keep and no --bare") }
        if let kubeconfig, !yes { throw ValidationError(Self.consequences(of: kubeconfig)) }
    }

    private static func consequences(of kubeconfig: String) -> String {
        """
        --kubeconfig \(kubeconfig) needs --yes, for this changes that cluster: it applies the CRDs of --crds (over \
        those that are there) and creates the namespaces p2pmirror-system and p2pmirror-node-lease, which all stay; it \
        creates simulated Nodes (server-1, ..., agent-1) and the P2PMirror \(RingScenario.mirrorName) in mode \
        Enforce, which selects those Nodes alone by a label of their own, and at the end deletes them and their \
        MirrorNodes. Give it only a cluster made for tests
        """
    }

    private static let upgrade = "upgrade"
    private static let providers: [String: Provider] = [
        "rke2-ring": .rke2, "k3s-ring": .k3s, "crashed-peer": .rke2, "disk-full": .rke2,
        SandboxSession.spegelScenario: .spegel, upgrade: .rke2,
    ]

    func run() async throws {
        let directory = try Self.makeDirectory()
        let session = SandboxSession(
            provider: Self.providers[scenario] ?? .rke2,
            servers: nodes,
            directory: directory,
            crds: crds,
            listen: try Self.address(listen),
            kubeconfig: kubeconfig,
            executable: try Self.executable(),
            say: Console.say
        )
        let (keep, bare, edition) = (keep, bare, previousEdition)
        let incident = SandboxSession.SeedIncident(rawValue: scenario)
        let isSpegel = scenario == SandboxSession.spegelScenario
        let finished = try await ProcessLifetime.run {
            do {
                if let edition {
                    try await session.upgrade(from: edition)
                } else if let incident {
                    try await session.run(incident, keep: keep, bare: bare)
                } else if isSpegel {
                    try await session.runSpegel(keep: keep, bare: bare)
                } else {
                    try await session.run(keep: keep, bare: bare)
                }
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

    private var previousEdition: UpgradeScenario.Edition? {
        guard let previous, let previousCrds else { return nil }
        return UpgradeScenario.Edition(name: "the previous release", executable: previous, crds: previousCrds)
    }

    /// What a shell says of a process that SIGINT ended: 128 and the signal's number.
    private static let interrupted: Int32 = 130

    private static func makeDirectory() throws -> String {
        let path = "\(FileManager.default.temporaryDirectory.path())/p2pmirror-sandbox-\(getpid())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private static func executable() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    private static func address(_ text: String) throws -> (host: String, port: UInt16) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ValidationError("--listen \(text) is not HOST:PORT")
        }
        return (String(text[..<colon]), port)
    }
}
