import Foundation
import Glibc
import KubeCore
import KubeTestSupport
import MirrorSandbox
import Testing

/// `p2pmirror operator` as a process, beside an API server in this one.
@Suite("The operator as a process", .timeLimit(.minutes(2)))
struct OperatorProcessTests {
    private struct Site {
        let api: KubeAPI
        let front: APIServerFront
        let directory: URL
        var log: URL { directory.appending(path: "log") }

        init() async throws {
            let server = APIServer()
            front = try await server.serve()
            api = KubeAPI(server.transport())
            directory = FileManager.default.temporaryDirectory.appending(path: "operator-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try SandboxCluster.kubeconfig(server: front.url)
                .write(to: directory.appending(path: "kubeconfig"), atomically: true, encoding: .utf8)
            let namespace: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "p2pmirror-system"],
            ]
            let body = try JSONCoding.encode(namespace)
            _ = try await api.answer(
                to: KubeRequest(.post, "/api/v1/namespaces", contentType: "application/json", body: body)
            )
        }

        /// Renewals of the Lease that are seen in so many seconds.
        func renewals(within seconds: Int) async throws -> Int {
            var renewals: Set<String> = []
            let begin = ContinuousClock.now
            while ContinuousClock.now - begin < .seconds(seconds) {
                if let time = try await lease()?.spec?.renewTime { renewals.insert("\(time)") }
                try await Task.sleep(for: .milliseconds(100))
            }
            return renewals.count
        }

        /// A credential plugin that gives a certificate for two seconds, and does not end when it is asked for another
        /// one. Over plain HTTP nobody asks for the certificate.
        func addHangingPlugin() throws {
            let script = """
                [ -e "\(directory.path())/asked" ] && exec sleep 40
                touch "\(directory.path())/asked"
                printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{'
                printf '"clientCertificateData":"-----BEGIN X-----","clientKeyData":"-----BEGIN X-----",'
                printf '"expirationTimestamp":"%s"}}' "$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)"
                """
            try script.write(to: directory.appending(path: "plugin"), atomically: true, encoding: .utf8)
            let kubeconfig: JSONValue = [
                "current-context": "a", "contexts": [["name": "a", "context": ["cluster": "c", "user": "u"]]],
                "clusters": [["name": "c", "cluster": ["server": .string(front.url)]]],
                "users": [
                    [
                        "name": "u",
                        "user": [
                            "exec": [
                                "apiVersion": "client.authentication.k8s.io/v1", "command": "sh",
                                "args": [.string(directory.appending(path: "plugin").path())],
                                "interactiveMode": "Never",
                            ]
                        ],
                    ]
                ],
            ]
            try Data(JSONCoding.encode(kubeconfig)).write(to: directory.appending(path: "kubeconfig"))
        }

        func start(bind: String, errors: FileHandle? = nil) throws -> Process {
            let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let process = Process()
            process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "p2pmirror")
            process.arguments = [
                "operator", "--kubeconfig", directory.appending(path: "kubeconfig").path(), "--http-bind", bind,
            ]
            // It ends with this process.
            process.environment = ProcessInfo.processInfo.environment.merging(["P2PMIRROR_SANDBOX": "1"]) { $1 }
            _ = FileManager.default.createFile(atPath: log.path(), contents: nil)
            let output = FileHandle(forWritingAtPath: log.path())
            process.standardOutput = output
            process.standardError = errors ?? output
            try process.run()
            return process
        }

        func text() throws -> String { try String(contentsOf: log, encoding: .utf8) }

        func lease() async throws -> Lease? {
            try await api.find(Lease.self, ObjectKey(namespace: "p2pmirror-system", name: "p2pmirror-operator"))
        }

        func end() async {
            await front.stop()
            try? FileManager.default.removeItem(at: directory)
        }
    }

    @Test("an address that is taken ends it, with a sentence that names it")
    func takenAddress() async throws {
        let site = try await Site()
        let port = try RawServer.closedPort()
        let process = try site.start(bind: "127.0.0.1:\(port)")
        try await onThread { process.waitUntilExit() }
        #expect(process.terminationStatus == 1)
        #expect(try site.text().contains("127.0.0.1:\(port), for /metrics and /healthz, is taken by a process"))
        #expect(try await site.lease() == nil)
        await site.end()
    }

    enum Hang: String, CaseIterable {
        case errors = "a full standard error"
        case plugin = "a credential plugin that does not end"
    }

    @Test("whatever hangs, its Lease is renewed, and it ends when it is told to", arguments: Hang.allCases)
    func hang(hang: Hang) async throws {
        let site = try await Site()
        let pipe = Pipe()
        if hang == .plugin { try site.addHangingPlugin() }
        let errors = pipe.fileHandleForWriting
        if hang == .errors {
            // Full from the beginning.
            _ = fcntl(errors.fileDescriptor, F_SETFL, O_NONBLOCK)
            let block = [UInt8](repeating: 0, count: 4_096)
            while write(errors.fileDescriptor, block, block.count) > 0 {}
            _ = fcntl(errors.fileDescriptor, F_SETFL, 0)
        }
        let process = try site.start(bind: "127.0.0.1:0", errors: hang == .errors ? errors : nil)
        while try await site.lease()?.spec?.holderIdentity == nil { try await Task.sleep(for: .milliseconds(20)) }
        // One is due every 2 s; the plugin is asked again after 2 s, and waited for 2 s.
        #expect(try await site.renewals(within: 9) >= 4)
        let asked = ContinuousClock.now
        kill(process.processIdentifier, SIGTERM)
        try await onThread { process.waitUntilExit() }
        #expect(ContinuousClock.now - asked < .seconds(10))
        #expect(try await site.lease()?.spec?.holderIdentity == "", "it gives its Lease back")
        withExtendedLifetime(pipe) {}
        await site.end()
    }

    @Test(
        "under endless lines and idle connections it renews its Lease, answers its probe, and ends when it is told to"
    )
    func flood() async throws {
        let site = try await Site()
        let process = try site.start(bind: "127.0.0.1:0")
        while try await site.lease()?.spec?.holderIdentity == nil { try await Task.sleep(for: .milliseconds(20)) }
        let text = try site.text()
        let port = try #require(text.firstMatch(of: /"address":"127\.0\.0\.1:(\d+)"/).flatMap { UInt16($0.output.1) })

        let isOver = Shared(false)
        async let flood: Void = RawClient.flood(port: port, connections: 8) { isOver.value }
        let idle = try await onThread { try (0..<200).map { _ in try RawClient(port: port) } }
        let renewals = try await site.renewals(within: 5)
        let answer = try await onThread { try RawClient.get("/healthz", port: port) }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        // One is due every 2 s.
        #expect(renewals >= 3)

        let asked = ContinuousClock.now
        kill(process.processIdentifier, SIGTERM)
        try await onThread { process.waitUntilExit() }
        #expect(ContinuousClock.now - asked < .seconds(10))
        #expect(process.terminationStatus == 0)
        #expect(try await site.lease()?.spec?.holderIdentity == "")
        isOver.withLock { $0 = true }
        await flood
        withExtendedLifetime(idle) {}
        await site.end()
    }
}
