import Foundation
import KubeCore
import Subprocess
import SystemPackage

/// An unmodified kubectl before an API server, and all that it said, to be compared with what was recorded.
package struct Kubectl: Sendable {
    package struct Outcome: Sendable {
        package var status: Int32
        package var text: String

        package init(status: Int32, text: String) {
            self.status = status
            self.text = text
        }
    }

    /// Where kubectl runs and has its home, with the checkout's `crds` and `manifests` in it.
    private let folder: URL
    package private(set) var transcript = ""

    /// Whether there is one on PATH.
    package static let isThere = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/kubectl")
    }

    private static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// - Parameters:
    ///   - kubeconfig: the text of a kubeconfig.
    ///   - files: files by name that commands can name.
    package init(kubeconfig: String, files: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "kubectl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write(kubeconfig, to: "config")
        for (name, text) in files { try write(text, to: name) }
        for name in ["crds", "manifests"] {
            let link = folder.appending(path: name)
            try FileManager.default.createSymbolicLink(
                at: link,
                withDestinationURL: Self.checkout.appending(path: name)
            )
        }
    }

    package func close() { try? FileManager.default.removeItem(at: folder) }

    /// Writes a file that commands can name; one that begins with `#!` is a program.
    package func write(_ text: String, to name: String) throws {
        let file = folder.appending(path: name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        guard text.hasPrefix("#!") else { return }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path())
    }

    /// Major and minor version, such as `1.32`.
    package func version() async throws -> String {
        let outcome = try await run("version --client -o json")
        let version = try JSONCoding.decode(JSONValue.self, from: Array(outcome.text.utf8))["clientVersion"]
        // Some distributions put a plus behind the minor version.
        let minor = (version?["minor"]?.stringValue ?? "?").prefix { $0.isNumber }
        return "\(version?["major"]?.stringValue ?? "?").\(minor)"
    }

    /// Runs lines one after the other, each split at its spaces, and notes down what is said.
    package mutating func type(_ lines: String...) async throws {
        for line in lines { note(line, try await run(line)) }
    }

    /// Runs lines of whose output only the exit code counts.
    package mutating func typeForStatus(_ lines: String...) async throws {
        for line in lines { note(line, Outcome(status: try await run(line).status, text: "")) }
    }

    package mutating func note(_ line: String, _ outcome: Outcome) {
        transcript += "$ kubectl \(line)\n\(Self.masked(outcome.text))[\(outcome.status)]\n"
    }

    package func run(_ line: String) async throws -> Outcome {
        let result = try await Subprocess.run(
            .name("kubectl"),
            arguments: Arguments(line.split(separator: " ").map(String.init)),
            environment: .inherit.updating([
                "KUBECONFIG": folder.appending(path: "config").path(), "HOME": folder.path(), "TZ": "UTC",
                "EDITOR": folder.appending(path: "editor").path(),
            ]),
            workingDirectory: FilePath(folder.path()),
            output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 20)
        )
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = Int32(code) }
        return Outcome(status: status, text: result.standardOutput + result.standardError)
    }
}
