import Foundation
import KubeCore
import MirrorSandbox
import Subprocess

/// An unmodified kubectl before an API server, and all that it said.
struct Kubectl {
    struct Outcome: Sendable {
        var status: Int32
        var text: String
    }

    private let folder: URL
    private(set) var transcript = ""

    /// Whether there is one on PATH.
    static let isThere = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/kubectl")
    }

    init(server: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "kubectl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let config = SandboxCluster.kubeconfig(server: server)
        try config.write(to: folder.appending(path: "config"), atomically: true, encoding: .utf8)
    }

    func close() { try? FileManager.default.removeItem(at: folder) }

    /// Major and minor version, such as `1.32`.
    func version() async throws -> String {
        let outcome = try await run("version --client -o json")
        let version = try JSONCoding.decode(JSONValue.self, from: Array(outcome.text.utf8))["clientVersion"]
        // Some distributions put a plus behind the minor version.
        let minor = (version?["minor"]?.stringValue ?? "?").prefix { $0.isNumber }
        return "\(version?["major"]?.stringValue ?? "?").\(minor)"
    }

    /// Runs lines one after the other, each split at its spaces.
    mutating func type(_ lines: String...) async throws {
        for line in lines { note(line, try await run(line)) }
    }

    mutating func note(_ line: String, _ outcome: Outcome) {
        transcript += "$ kubectl \(line)\n\(Self.masked(outcome.text))[\(outcome.status)]\n"
    }

    func run(_ line: String) async throws -> Outcome {
        let result = try await Subprocess.run(
            .name("kubectl"),
            arguments: Arguments(line.split(separator: " ").map { Self.argument(String($0)) }),
            environment: .inherit.updating([
                "KUBECONFIG": folder.appending(path: "config").path(), "HOME": folder.path(), "TZ": "UTC",
            ]),
            output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 20)
        )
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = Int32(code) }
        return Outcome(status: status, text: result.standardOutput + result.standardError)
    }

    /// Files of the checkout by their whole path.
    private static func argument(_ word: String) -> String {
        let isFile = word.hasPrefix("crds/") || word.hasPrefix("manifests/")
        return isFile ? Definitions.checkout.appending(path: word).path() : word
    }

    /// Ages, times, uids, versions and the width of columns change from run to run.
    private static func masked(_ text: String) -> String {
        text.split(separator: "\n").map { line in
            let indent = line.prefix { $0 == " " }
            return indent
                + line.dropFirst(indent.count)
                .replacing(#/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/#, with: "<time>")
                .replacing(#/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/#, with: "<uid>")
                .replacing(#/(Resource Version:|resourceVersion:)\s+"?\d+"?/#) { "\($0.output.1)  <version>" }
                .replacing(#/<invalid>|\b[0-9]+[smhdy]([0-9]+[smhd])?\b/#, with: "<age>")
                .replacing(#/ {2,}/#, with: "  ").replacing(#/-{2,}/#, with: "--").replacing(#/\s+$/#, with: "")
        }.map { $0 + "\n" }.joined()
    }

    /// A transcript by commands, so that a difference shows where it is.
    static func steps(_ transcript: String) -> [String] {
        transcript.split(separator: "$ kubectl ").map(String.init)
    }

    /// The commands and their exit codes.
    static func codes(_ transcript: String) -> [String] {
        steps(transcript).map { step in
            let lines = step.split(separator: "\n")
            return "\(lines.first ?? "") \(lines.last ?? "")"
        }
    }
}
