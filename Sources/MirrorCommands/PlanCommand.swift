import ArgumentParser
import KubeCore
import MirrorAPI
import MirrorPlanner

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

    /// Bytes of the largest snapshot: a node has about 13 kB.
    private static let sizeLimit = 1 << 30

    func run() async throws {
        let bytes = try InputFile.read(file, limit: Self.sizeLimit)
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
