import Foundation
import KubeCore
import Subprocess
import SystemPackage

/// The namespaces that `hack/systemd` made for this run: a network with a loopback interface and nothing else, mounts
/// and processes of its own. All that the tests start lives in there, and ends with it.
struct Site: Sendable {
    /// A file system in memory for what the hosts change of their root.
    let directory: String
    /// The root that all hosts share.
    let root: String
    /// What hosts and containers run our program from.
    let kit: String
    /// Directory for the control groups of the hosts.
    let cgroup: String
    /// The API server for what must hold with a real one; nil for the embedded one.
    let kubeconfig: String?
    /// Where logs stay after a failure.
    let logs: String

    static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()

    /// - Throws: `KubeError` outside of such namespaces, because nothing could be tested there.
    init() throws(KubeError) {
        let environment = ProcessInfo.processInfo.environment
        guard let directory = environment["P2PMIRROR_TEST_SITE"], let root = environment["P2PMIRROR_TEST_HOST_ROOT"],
            let logs = environment["P2PMIRROR_TEST_LOGS"], let cgroup = environment["P2PMIRROR_TEST_CGROUP"]
        else {
            throw KubeError(.configuration, "SystemdTests need namespaces of their own: run hack/systemd")
        }
        self.directory = directory
        self.root = root
        self.logs = logs
        kit = "\(directory)/kit"
        self.cgroup = cgroup
        kubeconfig = environment["P2PMIRROR_TEST_KUBECONFIG"]
    }

    /// The program in the kit, started by the kit's own loader and libraries: the hosts' Debian may be another one.
    static let program = ["/opt/p2pmirror/run-p2pmirror"]

    /// The program, for what runs beside the hosts.
    var executable: String { "\(kit)/p2pmirror" }
}

/// Something that runs beside the tests until it is stopped.
struct Running: Sendable {
    private let task: Task<Void, Never>

    /// - Parameter log: file that its output is appended to.
    init(_ command: [String], log: String) {
        task = Task {
            do {
                let output = try FileDescriptor.open(
                    FilePath(log),
                    .writeOnly,
                    options: [.append, .create],
                    permissions: .ownerReadWrite
                )
                _ = try await Subprocess.run(
                    .path(FilePath(command[0])),
                    arguments: Arguments(Array(command.dropFirst())),
                    input: .none,
                    output: .fileDescriptor(output, closeAfterSpawningProcess: false),
                    error: .fileDescriptor(output, closeAfterSpawningProcess: true)
                )
            } catch {
                print("\(command.joined(separator: " ")): \(error)")
            }
        }
    }

    /// Kills it and waits for its end.
    func stop() async {
        task.cancel()
        await task.value
    }
}

/// Looks again and again until something is so.
///
/// - Throws: `KubeError` that names it, after `seconds`.
func wait(
    for what: String,
    within seconds: Double = 60,
    isolation: isolated (any Actor)? = #isolation,
    until isSo: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    throw KubeError(.timeout, "it did not come to this within \(Int(seconds)) s: \(what)")
}
