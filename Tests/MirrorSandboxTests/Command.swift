import Foundation
import Subprocess

/// Programs of the machine, run as a person would.
enum Command {
    /// What a program said and how it ended.
    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    /// Whether a program is on PATH.
    static func exists(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains { folder in
            FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)")
        }
    }

    static func run(_ name: String, _ arguments: [String], environment: [String: String] = [:]) async throws
        -> Outcome
    {
        var changes: [Environment.Key: String?] = [:]
        for (key, value) in environment { changes[Environment.Key(stringLiteral: key)] = value }
        let result = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            environment: .inherit.updating(changes),
            output: .string(limit: 1 << 22),
            error: .string(limit: 1 << 20)
        )
        var status: Int32 = -1
        if case .exited(let code) = result.terminationStatus { status = Int32(code) }
        return Outcome(status: status, output: result.standardOutput, error: result.standardError)
    }
}
