import Foundation
import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

/// Fleets in the middle of their work, one for each provider, as hack/fuzz changes them (`Tests/FuzzTests/Snapshots`).
/// `RECORD_SNAPSHOTS=1` writes them anew.
@Suite("Recorded snapshots")
struct RecordedSnapshotTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "FuzzTests/Snapshots")

    private static func fleets() throws -> [String: Snapshot] {
        let steps = try ExtremeNumbersTests.snapshots()
        var spegel = SpegelWorld(nodes: 3)
        spegel.pass(40)
        var dragonfly = DragonflyWorld(schedulers: 1, seeds: 2, clients: 1)
        dragonfly.pass(60)
        dragonfly.dead = ["dragonfly-seed-client-0"]
        dragonfly.pass(90)
        return [
            "0-rancher-begun.json": steps[1], "1-rancher-later.json": steps[steps.count - 2],
            "2-spegel.json": spegel.snapshot, "3-dragonfly.json": dragonfly.snapshot,
        ]
    }

    @Test("They are read, and each has a plan")
    func areRead() throws {
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] != nil {
            for (name, snapshot) in try Self.fleets() {
                try Data(try JSONCoding.encode(snapshot) + [0x0A]).write(to: Self.folder.appending(path: name))
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path()).sorted()
        var providers: Set<Provider> = []
        for name in names {
            let content = [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
            let snapshot = try JSONCoding.decode(Snapshot.self, from: content)
            let mirror = try #require(snapshot.mirrors.first)
            #expect(Planner.plan(mirror: mirror.metadata.name, snapshot) != nil)
            providers.insert(mirror.spec.provider)
        }
        #expect(providers == [.rke2, .spegel, .dragonfly])
    }
}
