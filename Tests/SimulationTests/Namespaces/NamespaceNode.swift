import Foundation
import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import MirrorSandbox
import Subprocess
import Synchronization
import SystemPackage
import Testing

/// A node whose real agent runs in a mount and user namespace of its own (`unshare -Urm`), with the embedded API server
/// outside of it on loopback.
final class NamespaceNode: Sendable {
    private static let mirror = "embedded"
    private static let namespace = "p2pmirror-system"
    private static let key = ObjectKey(name: Names.mirrorNode(mirror: mirror, node: "server-1"))
    private static let distribution = NamespaceFiles.distribution

    let state: URL
    private let server = APIServer()
    private let front: Mutex<APIServerFront?>
    private let port: UInt16
    private let blueprint = FleetBlueprint(
        .rke2,
        version: "v1.32.5+rke2r1",
        hosts: (1...3).map { FleetBlueprint.Host(name: "server-\($0)", address: "127.0.0.\($0)") }
    )
    /// Process of the agent; 0 before it runs.
    private let process = Mutex<Int32>(0)
    private let published = Mutex(0)

    /// - Parameter deadline: seconds that the agent gives the unit; a busy machine may take long to show a Node.
    init(deadline: Int = 600) async throws {
        state = FileManager.default.temporaryDirectory.appending(path: "namespace-\(UUID().uuidString)")
        let front = try await server.serve(host: "127.0.0.1", port: 0)
        port = front.port
        self.front = Mutex(front)
        try put("kubeconfig", SandboxCluster.kubeconfig(server: front.url))
        try put("systemctl", NamespaceFiles.systemctl)
        try put("restarts", "")
        try put("active", "active\n")
        for (path, content) in [
            (Self.distribution.configFile, NamespaceFiles.config),
            (Self.distribution.dropInFile, NamespaceFiles.oldDropIn),
            (Self.distribution.registriesFile, NamespaceFiles.oldRegistries),
        ] {
            try put("initial\(path)", content)
        }
        try FileManager.default.createDirectory(at: state.appending(path: "host"), withIntermediateDirectories: true)
        try await prepareObjects(deadline)
    }

    deinit { try? FileManager.default.removeItem(at: state) }

    /// Runs the agent beside `body`.
    func run(mounts: String = "", isDeaf: Bool = false, _ body: @escaping @Sendable () async throws -> Void)
        async throws
    {
        try put("entry", NamespaceFiles.entry(mounts: mounts, isDeaf: isDeaf))
        try? FileManager.default.removeItem(at: state.appending(path: "prepared"))
        let log = try FileDescriptor.open(
            FilePath(state.appending(path: "log").path()),
            .writeOnly,
            options: [.append, .create],
            permissions: .ownerReadWrite
        )
        _ = try await Subprocess.run(
            .name("unshare"),
            arguments: ["-Urm", "sh", .init(state.appending(path: "entry").path())],
            environment: .inherit.updating([
                "HOST": state.appending(path: "host").path(), "STATE": state.path(), "AGENT": try Self.executable,
                "P2PMIRROR_SANDBOX": "1",
            ]),
            input: .none,
            output: .fileDescriptor(log, closeAfterSpawningProcess: false),
            error: .fileDescriptor(log, closeAfterSpawningProcess: true)
        ) { execution in
            self.process.withLock { $0 = execution.processIdentifier.value }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            try? execution.send(signal: .kill)
            try outcome.get()
        }
        await stopServer()
    }

    /// A file of the host as it is in the namespace, by its path from the host's root.
    func read(_ path: String) -> String? { try? String(contentsOf: inside(path), encoding: .utf8) }

    func write(_ path: String, _ content: String) throws { try Data(content.utf8).write(to: inside(path)) }

    /// Uses up all the room of the file system that a directory is on.
    func fill(_ directory: String) throws {
        let file = try FileDescriptor.open(
            FilePath(inside("\(directory)/filler").path()),
            .writeOnly,
            options: .create,
            permissions: .ownerReadWrite
        )
        defer { try? file.close() }
        var block = [UInt8](repeating: 1, count: 4_096)
        while !block.isEmpty {
            do {
                _ = try block.withUnsafeBytes { try file.write($0) }
            } catch Errno.noSpace {
                block = Array(block.prefix(block.count / 2))
            }
        }
    }

    /// Puts a pipe that nobody writes to.
    func putPipe(_ path: String) { mkfifo(inside(path).path(), 0o600) }

    /// Has systemctl never end from now on, or end as usual.
    func silence(_ isSilent: Bool) throws {
        guard !isSilent else { return try put("silent", "") }
        try FileManager.default.removeItem(at: state.appending(path: "silent"))
    }

    /// Where the agent serves metrics and health.
    var endpoint: UInt16? { log.firstMatch(of: /address=127\.0\.0\.1:(\d+)/).flatMap { UInt16($0.output.1) } }

    /// Asks the agent to end, and waits for that.
    func terminate() async throws {
        let pid = process.withLock { $0 }
        kill(pid, SIGTERM)
        // One that has ended and was not waited for has no program any more.
        while (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")) != nil {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: inside(path)) }

    var restarts: Int { (text("restarts") ?? "").count { $0 == "\n" } }
    var log: String { text("log") ?? "" }

    var agent: MirrorNodeStatus.Agent? {
        get async throws { try await objects.find(MirrorNode.self, Self.key)?.status?.agent }
    }

    func hang(with text: String) throws { try put("hangs", text) }

    func stopServer() async {
        let front = front.withLock { front in
            defer { front = nil }
            return front
        }
        await front?.stop()
    }

    func startServer() async throws {
        let started = try await server.serve(host: "127.0.0.1", port: port)
        front.withLock { $0 = started }
    }

    /// Looks again and again until something is so: at each look both files must be wholly as one of the allowed texts.
    ///
    /// - Throws: what the agent logged, where that takes more than three minutes.
    func wait(
        for what: String,
        registries: Set<String>,
        until isSo: () async throws -> Bool
    ) async throws {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(180) {
            try await publishStarts()
            // Before that the files are still being copied, and a look may find one that is empty.
            guard text("prepared") != nil else {
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            if let found = read(Self.distribution.registriesFile) { #expect(registries.contains(found)) }
            if let found = read(Self.distribution.dropInFile) {
                #expect(DropIn.settings(in: Array(found.utf8)) != nil, "\(found)")
            }
            if try await isSo() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw KubeError(.timeout, "it never came to this: \(what)\n\(log)")
    }

    /// Requests that need no socket, so that the server's being away makes no difference to them.
    private var objects: KubeAPI { KubeAPI(server.transport(agent: "test")) }

    private func prepareObjects(_ deadline: Int) async throws {
        for crd in try Definitions.all() { try await Definitions.apply(crd, objects) }
        try await Definitions.createNamespace(Self.namespace, objects)
        for host in blueprint.hosts { try await publish(host, state.appending(path: "initial/etc/rancher")) }
        let uid = try await objects.get(Node.self, ObjectKey(name: "server-1")).metadata.uid ?? ""
        let holder = DisruptionHolder(mirror: Self.mirror, node: "server-1", revision: "1-a")
        let lease = Lease(
            metadata: ObjectMeta(
                name: DisruptionLease.name,
                namespace: Self.namespace,
                annotations: [
                    AnnotationKey.holderMirror: Self.mirror, AnnotationKey.holderNode: "server-1",
                    AnnotationKey.holderRevision: "1-a",
                ]
            ),
            spec: Lease.Spec(holderIdentity: holder.identity, leaseTransitions: 1)
        )
        try await objects.create(lease, manager: "test")
        let mirrorNode = MirrorNode(
            metadata: ObjectMeta(
                name: Self.key.name,
                labels: [LabelKey.mirror: Self.mirror, LabelKey.node: Names.labelValue("server-1")]
            ),
            spec: MirrorNodeSpec(
                mirrorName: Self.mirror,
                nodeName: "server-1",
                nodeUID: uid,
                provider: .rke2,
                role: .server,
                desired: MirrorNodeSpec.Desired(
                    server: ServerSetting(action: .point, url: NamespaceFiles.newURL),
                    registries: ["docker.io", "quay.io"]
                ),
                revision: "1-a",
                approval: MirrorNodeSpec.Approval(
                    revision: "1-a",
                    epoch: 1,
                    expires: WallClock.now().timestamp + 3_600,
                    deadlineSeconds: deadline,
                    reason: "BreaksCycle"
                )
            )
        )
        try await objects.create(mirrorNode, manager: "test")
    }

    /// Shows each start that went well in the Node, as the real service does.
    private func publishStarts() async throws {
        let number = restarts
        guard number > published.withLock({ $0 }), text("active") == "active\n",
            FileManager.default.fileExists(atPath: state.appending(path: "started.\(number)").path())
        else { return }
        published.withLock { $0 = number }
        try await publish(blueprint.hosts[0], state.appending(path: "started.\(number)"))
    }

    /// - Parameter rancher: the directory that stands for `/etc/rancher`.
    private func publish(_ host: FleetBlueprint.Host, _ rancher: URL) async throws {
        let advertisement = NodeAdvertisement(host: host, blueprint: blueprint)
        let root = state.appending(path: "root-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root.appending(path: "etc"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: rancher, to: root.appending(path: "etc/rancher"))
        let configuration = try HostDirectory(root: root.path()).configuration(Self.distribution, role: host.role)
        let publisher = NodePublisher(objects, advertisement)
        try await publisher.register(annotations: advertisement.annotations(of: configuration), peer: true)
        try await publisher.report(ready: "True", voter: true, now: WallClock.now().timestamp)
    }

    private func inside(_ path: String) -> URL {
        let pid = process.withLock { $0 }
        return URL(filePath: "/proc/\(pid)/root\(state.appending(path: "host").path())\(path)")
    }

    private func put(_ name: String, _ content: String) throws {
        let url = state.appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
    }

    private func text(_ name: String) -> String? {
        try? String(contentsOf: state.appending(path: name), encoding: .utf8)
    }

    /// The executable that this checkout builds.
    private static var executable: String {
        get throws {
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let path = URL(filePath: tests).deletingLastPathComponent().appending(path: "p2pmirror").path()
            try #require(
                FileManager.default.isExecutableFile(atPath: path),
                "\(path) is not there: run swift build first"
            )
            return path
        }
    }
}
