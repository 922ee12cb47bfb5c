import Foundation
import Glibc
import KubeTestSupport
import MirrorSandbox
import Testing

/// `p2pmirror operator` as a process before an API server whose lists have no end; hack/bench broken has more of them.
@Suite("The operator before a broken API server", .timeLimit(.minutes(2)))
struct BrokenServerProcessTests {
    private static func page(_ first: Int) -> String {
        let items = (first..<first + 500).map { number in
            #"{"metadata":{"name":"n\#(number)","uid":"u\#(number)","resourceVersion":"1"}}"#
        }
        return #"{"kind":"List","metadata":{"resourceVersion":"1","continue":"t\#(first)"},"items":["#
            + items.joined(separator: ",") + "]}"
    }

    private static func peakMegabytes(of process: Process) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let peak = status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.output.1) }
        return try #require(peak) / 1_024
    }

    @Test("Pages without an end take no more memory than its pod has, with room to spare")
    func memory() async throws {
        let next = Shared(0)
        let server = try RawServer { peer, _ in
            while let request = peer.request() {
                if request.line.contains("watch=") { return peer.answer("{}", status: "422 Unprocessable Entity") }
                let first = next.withLock { next in
                    next += 500
                    return next
                }
                peer.answer(Self.page(first))
            }
        }
        let site = FileManager.default.temporaryDirectory.appending(path: "broken-\(UUID().uuidString)")
        try Data(SandboxCluster.kubeconfig(server: server.url).utf8).write(to: site)
        defer { try? FileManager.default.removeItem(at: site) }
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "p2pmirror")
        process.arguments = [
            "operator", "--kubeconfig", site.path(), "--http-bind", "127.0.0.1:0", "--no-leader-elect",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["P2PMIRROR_SANDBOX": "1"]) { $1 }
        process.standardError = FileHandle.nullDevice
        try process.run()
        let begin = ContinuousClock.now
        // Each of its four lists ends at 80,000 objects.
        while next.value < 320_000, ContinuousClock.now - begin < .seconds(20) {
            try await Task.sleep(for: .milliseconds(50))
        }
        let peak = try Self.peakMegabytes(of: process)
        print("before pages without an end: \(next.value) objects, \(peak) MiB")
        #expect(next.value > 100_000)
        #expect(peak <= 160)
        kill(process.processIdentifier, SIGTERM)
        try await onThread { process.waitUntilExit() }
    }
}
