import ArgumentParser
import MirrorAPI

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the release.")

    func run() async throws {
        print("p2pmirror \(Release.version)")
    }
}
