import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("What is wrong in a file is told with the place where it is changed")
struct RemedyTests {
    private static func message(isHelm: Bool) throws -> String {
        var world = DragonflyWorld()
        world.observe()
        let file = world.evidence.files["dragonfly-scheduler"]?["scheduler.yaml"] ?? ""
        world.evidence.files["dragonfly-scheduler"] = [
            "scheduler.yaml": file.replacing("retryBackToSourceLimit: 3", with: "retryBackToSourceLimit: -1")
        ]
        if isHelm {
            for index in world.evidence.workloads.indices {
                world.evidence.workloads[index].body["metadata"]?["labels"] = ["heritage": "Helm"]
            }
        }
        let condition = try #require(world.condition(.nodesCurrent))
        #expect(condition.status == .false && condition.reason == "SettingsWrong")
        return condition.message
    }

    @Test func `helm's values, where Helm owns the release`() throws {
        let message = try Self.message(isHelm: true)
        #expect(
            message.contains("Remedy: set in values.yaml: scheduler.config.scheduler.retryBackToSourceLimit: 3"),
            "\(message)"
        )
    }

    @Test func `the ConfigMap's file, where nobody does`() throws {
        let message = try Self.message(isHelm: false)
        let place = "the ConfigMap's scheduler.yaml of schedulers"
        #expect(message.contains("Remedy: set in \(place): scheduler.retryBackToSourceLimit: 3"), "\(message)")
    }
}
