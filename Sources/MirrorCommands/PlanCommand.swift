import ArgumentParser
import KubeCore
import MirrorAPI
import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The pure planner over a snapshot in a file: what would happen, and why.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Says what the operator would do about a snapshot, without a cluster."
    )

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text, yaml
    }

    @Option(name: .shortAndLong, help: "Snapshot in YAML or JSON.")
    var file: String

    @Option(name: .shortAndLong, help: "text or yaml.")
    var output: Output = .text

    func run() async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: file)))
        let snapshot = try YAMLCoding.decode(Snapshot.self, from: bytes)
        for mirror in snapshot.mirrors.sorted(by: { $0.metadata.name < $1.metadata.name }) {
            guard let plan = Planner.plan(mirror: mirror.metadata.name, snapshot) else { continue }
            switch output {
            case .text: Console.say(lines: PlanText(plan).lines)
            case .yaml: Console.say(lines: try YAMLCoding.encode(plan.status).split(separator: "\n").map(String.init))
            }
        }
    }
}
