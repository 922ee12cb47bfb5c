package import Foundation

extension Kubectl {
    /// What was said and what should have been, command by command, so that a difference shows where it is.
    ///
    /// `RECORD_TRANSCRIPTS=1` writes the transcript of the version of kubectl that is on PATH anew. A version without
    /// a transcript is held to the exit codes of another one's.
    ///
    /// - Parameters:
    ///   - folder: where the transcripts are, as `kubectl-<version>.txt`.
    ///   - other: the version whose exit codes count where there is no transcript.
    ///   - codesOnly: whether exit codes are all that is compared.
    package func comparison(
        in folder: URL,
        else other: String,
        codesOnly: Bool = false
    ) async throws -> (said: [String], recorded: [String]) {
        let file = folder.appending(path: "kubectl-\(try await version()).txt")
        if ProcessInfo.processInfo.environment["RECORD_TRANSCRIPTS"] == "1" {
            try transcript.write(to: file, atomically: true, encoding: .utf8)
        }
        if !codesOnly, let recorded = try? String(contentsOf: file, encoding: .utf8) {
            return (Self.steps(transcript), Self.steps(recorded))
        }
        let recorded = try String(contentsOf: folder.appending(path: "kubectl-\(other).txt"), encoding: .utf8)
        return (Self.codes(transcript), Self.codes(recorded))
    }

    private static func steps(_ transcript: String) -> [String] {
        transcript.split(separator: "$ kubectl ").map(String.init)
    }

    /// The commands and their exit codes.
    private static func codes(_ transcript: String) -> [String] {
        steps(transcript).map { step in
            let lines = step.split(separator: "\n")
            return "\(lines.first ?? "") \(lines.last ?? "")"
        }
    }

    /// Ages, times, uids, versions and the width of columns change from run to run.
    static func masked(_ text: String) -> String {
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
}
