import Foundation
import KubeClient
import KubeCore
import MirrorAPI
import MirrorSandbox
import Synchronization
import Testing

/// The API server that this run is about: the one of `P2PMIRROR_TEST_KUBECONFIG`, or else the embedded one.
///
/// All tests of a run share it, one after the other.
final class TestCluster: Sendable {
    static let leaseNamespace = "p2pmirror-system"

    let kubeconfig: String
    let transport: CurlTransport
    let api: KubeAPI
    /// Where this run keeps its files.
    let directory: String
    /// Whether controllers run beside the API server: those of DaemonSets and of namespaces.
    let hasControllerManager: Bool
    private let power: any APIServerPower

    /// The cluster of this run, with CRDs and namespace.
    static func shared() async throws -> TestCluster {
        try await preparation.value
    }

    /// A loopback network for a fleet; several runs may be on one machine.
    static var network: String { "127.\(90 + getpid() % 100).\(Int.random(in: 1...250))" }

    private static let preparation = Task { try await TestCluster() }

    private init() async throws {
        let environment = ProcessInfo.processInfo.environment
        directory = NSTemporaryDirectory() + "p2pmirror-real-\(getpid())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if let path = environment["P2PMIRROR_TEST_KUBECONFIG"] {
            kubeconfig = path
            hasControllerManager = true
            power = ExternalPower(stateDirectory: environment["P2PMIRROR_TEST_KUBE_DIR"])
        } else {
            let embedded = try await EmbeddedPower(directory: directory)
            kubeconfig = embedded.kubeconfig
            hasControllerManager = false
            power = embedded
        }
        let configuration = try ClusterConfiguration.load(explicitKubeconfig: kubeconfig, environment: [:])
        transport = try CurlTransport(configuration, options: ClientOptions(userAgent: "p2pmirror-tests"))
        api = KubeAPI(transport)
        try await SandboxCluster.external(kubeconfig: kubeconfig)
            .prepare(crds: Self.root + "/crds", namespace: Self.leaseNamespace)
    }

    /// What a fleet is run with: operator and agents as the ServiceAccounts of the manifests.
    func fleetSettings(
        _ blueprint: FleetBlueprint,
        _ folder: String,
        _ manifests: TestAccounts.Manifests = .withRestart
    ) async throws -> SimulatedFleet.Settings {
        var settings = SimulatedFleet.Settings(
            blueprint: blueprint,
            directory: "\(directory)/\(folder)",
            programs: Programs(sandbox: "\(try Self.executable)-sandbox"),
            kubeconfig: kubeconfig
        )
        settings.accounts = try await accounts(manifests).fleet
        return settings
    }

    /// Notes that what is asked of the server from now on is asked for that test's sake.
    func record(_ test: Test?) { power.record(test?.id.description ?? "") }

    /// Kills the API server the hard way; all connections break, what it has stored stays.
    func killServer() async throws { try await power.kill() }

    /// Asks the API server to end, and kills it where it has not ended after a few seconds.
    func terminateServer() async throws { try await power.terminate() }

    /// Starts it again at the same address and waits until it answers.
    func startServer() async throws {
        try await power.start()
        for _ in 0..<300 {
            if (try? await api.answer(to: .list(P2PMirror.resource))) != nil { return }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw KubeError(.connection, "the API server does not answer a minute after its start")
    }

    /// The executable that this checkout builds.
    static var executable: String {
        get throws {
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(filePath: tests).deletingLastPathComponent().appending(path: "p2pmirror").path()
            guard FileManager.default.isExecutableFile(atPath: path) else {
                throw KubeError(.configuration, "\(path) is not there: run swift build first")
            }
            return path
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()
}

/// How an API server is killed and started again.
protocol APIServerPower: Sendable {
    func kill() async throws
    func terminate() async throws
    func start() async throws
    func record(_ test: String)
}

extension APIServerPower {
    func record(_ test: String) {}
}

/// The embedded server: its listener and every connection go, its objects stay, as etcd's do.
private final class EmbeddedPower: APIServerPower {
    let kubeconfig: String
    private let server = APIServer()
    private let port: UInt16
    private let front: Mutex<APIServerFront?>

    init(directory: String) async throws {
        let front = try await server.serve(host: "127.0.0.1", port: 0)
        port = front.port
        self.front = Mutex(front)
        kubeconfig = "\(directory)/kubeconfig"
        try Data(SandboxCluster.kubeconfig(server: front.url).utf8).write(to: URL(filePath: kubeconfig))
        if let path = ProcessInfo.processInfo.environment["P2PMIRROR_RECORD_RIGHTS"] {
            server.observe { [record = AccessRecord(path)] user, access, _ in record.add(user, access) }
        }
    }

    func record(_ test: String) { AccessRecord.begin(test) }

    func kill() async throws {
        let front = front.withLock { front in
            defer { front = nil }
            return front
        }
        await front?.stop()
    }

    func terminate() async throws {
        server.endWatches()
        try await kill()
    }

    func start() async throws {
        let started = try await server.serve(host: "127.0.0.1", port: port)
        front.withLock { $0 = started }
    }
}

/// A kube-apiserver whose process id and start script stand in a directory.
private struct ExternalPower: APIServerPower {
    let stateDirectory: String?

    func kill() async throws { try await end([SIGKILL]) }

    /// A kube-apiserver waits up to a minute for open watches when it is asked to end.
    func terminate() async throws { try await end([SIGTERM, SIGKILL]) }

    /// Sends the signals in turn, each 3 s after the one before, until the process is gone.
    private func end(_ signals: [Int32]) async throws {
        let text = try String(contentsOfFile: directory() + "/kube-apiserver.pid", encoding: .utf8)
        guard let pid = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw KubeError(.configuration, "kube-apiserver.pid holds no process id")
        }
        for signal in signals {
            Glibc.kill(pid, signal)
            let deadline = signal == SIGKILL ? nil : ContinuousClock.now + .seconds(3)
            while Glibc.kill(pid, 0) == 0, deadline.map({ ContinuousClock.now < $0 }) ?? true {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = [try directory() + "/run-kube-apiserver"]
        let log = FileHandle(forWritingAtPath: try directory() + "/kube-apiserver.log")
        log?.seekToEndOfFile()
        process.standardOutput = log
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    private func directory() throws(KubeError) -> String {
        guard let stateDirectory else {
            throw KubeError(.configuration, "P2PMIRROR_TEST_KUBE_DIR is needed to kill and start the API server")
        }
        return stateDirectory
    }
}
