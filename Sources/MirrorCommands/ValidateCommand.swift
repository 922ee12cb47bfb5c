import ArgumentParser
import KubeCore
import MirrorAPI

/// The CRD's rules without a cluster.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks P2PMirror and MirrorNode objects in files.",
        discussion: "A field that no schema names is a fault: an API server drops it. "
            + "Exit code 0: all are right; 1: at least one is not."
    )

    @Argument(help: "Files in YAML or JSON.")
    var files: [String]

    func run() async throws {
        var faults = 0
        for file in files {
            let verdicts = Self.verdicts(on: file)
            for verdict in verdicts { Console.say(verdict.text.printable(atMost: Console.lineLimit)) }
            faults += verdicts.count { $0.isFault }
        }
        if faults > 0 { throw ExitCode.failure }
    }

    /// What there is to say of a file, each line with its name.
    static func verdicts(on file: String, patience: Duration = InputFile.patience) -> [(text: String, isFault: Bool)] {
        let content: [UInt8]
        do throws(KubeError) {
            content = try InputFile.read(file, patience: patience)
        } catch {
            return [(error.message, true)]
        }
        do throws(KubeError) {
            return try verdicts(on: content).map { ("\(file): \($0.text)", $0.isFault) }
        } catch {
            return [("\(file): \(error.message)", true)]
        }
    }

    /// What there is to say of a file's objects, in their order.
    static func verdicts(on content: [UInt8]) throws(KubeError) -> [(text: String, isFault: Bool)] {
        let documents = try YAMLCoding.documents(content)
        guard documents.contains(where: { $0 != .null }) else { return [("holds no object", true)] }
        return documents.flatMap { document -> [(text: String, isFault: Bool)] in
            let name = document["metadata"]?["name"]?.stringValue ?? "(no name)"
            let kind = document["kind"]?.stringValue ?? "(no kind)"
            let faults = faults(of: document, kind: kind)
            return faults.isEmpty
                ? [("\(kind) \(name): valid", false)] : faults.map { ("\(kind) \(name): \($0)", true) }
        }
    }

    private static func faults(of document: JSONValue, kind: String) -> [String] {
        switch kind {
        case P2PMirror.resource.kind:
            AdmissionRules.p2pMirror(new: document).map(\.description)
                + KindSchema.p2pMirror.fieldsNotKnown(in: document).map(\.description)
        case MirrorNode.resource.kind:
            AdmissionRules.mirrorNode(new: document).map(\.description)
                + KindSchema.mirrorNode.fieldsNotKnown(in: document).map(\.description)
        default: ["kind: \"\(kind)\" is neither P2PMirror nor MirrorNode"]
        }
    }
}
