import ArgumentParser
import KubeCore
import MirrorAPI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The definitions that fit this release.
struct DefinitionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "definitions",
        abstract: "Prints the CustomResourceDefinitions of this release, for kubectl apply --server-side -f -."
    )

    @Flag(help: "For servers before Kubernetes 1.25, which refuse rules in a schema.")
    var withoutCEL = false

    @Option(help: ArgumentHelp("Write one file for each kind into this directory instead.", valueName: "dir"))
    var directory: String?

    func run() async throws {
        for kind in KindSchema.all {
            let text = try kind.definitionText(withRules: !withoutCEL)
            guard let directory else {
                print("---\n\(text)", terminator: "")
                continue
            }
            let file = URL(filePath: directory).appending(path: "\(kind.resource.group)_\(kind.resource.plural).yaml")
            try Data(text.utf8).write(to: file)
        }
    }
}
