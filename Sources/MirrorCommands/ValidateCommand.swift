import ArgumentParser
import KubeCore
import MirrorAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The CRD's rules without a cluster.
struct ValidateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Checks P2PMirror and MirrorNode objects in files.",
        discussion: "Exit code 0: all are right; 1: at least one is not."
    )

    @Argument(help: "Files in YAML or JSON.")
    var files: [String]

    func run() async throws {
        var faults = 0
        for file in files {
            let documents = try YAMLCoding.documents([UInt8](try Data(contentsOf: URL(filePath: file))))
            for document in documents {
                let name = document["metadata"]?["name"]?.stringValue ?? "(no name)"
                let kind = document["kind"]?.stringValue ?? "(no kind)"
                let violations = Self.violations(of: document, kind: kind)
                faults += violations.count
                for violation in violations { print("\(file): \(kind) \(name): \(violation)") }
                if violations.isEmpty { print("\(file): \(kind) \(name): valid") }
            }
        }
        if faults > 0 { throw ExitCode.failure }
    }

    private static func violations(of document: JSONValue, kind: String) -> [FieldViolation] {
        switch kind {
        case P2PMirror.resource.kind: AdmissionRules.p2pMirror(new: document)
        case MirrorNode.resource.kind: AdmissionRules.mirrorNode(new: document)
        default: [FieldViolation(path: "kind", message: "\"\(kind)\" is neither P2PMirror nor MirrorNode")]
        }
    }
}
