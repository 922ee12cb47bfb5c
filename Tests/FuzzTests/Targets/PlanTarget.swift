import KubeCore
import MirrorAPI

@testable import MirrorPlanner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Whatever a snapshot holds, there is a plan, and it can be told.
enum PlanTarget {
    /// The first byte chooses one of the recorded snapshots, the others change it; JSON text is a snapshot of its own.
    static func plan(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        guard let first = bytes.first else { return .refused }
        let snapshot: Snapshot?
        if first == UInt8(ascii: "{") {
            snapshot = try? JSONCoding.decode(Snapshot.self, from: bytes)
        } else {
            let change = recorded[Int(first) % recorded.count]
            snapshot = try? JSONCoding.decode(Snapshot.self, from: change.changed(by: bytes.dropFirst()))
        }
        guard let snapshot else { return .refused }
        for mirror in snapshot.mirrors {
            guard let plan = Planner.plan(mirror: mirror.metadata.name, snapshot) else { continue }
            _ = PlanText(plan).lines
            guard (try? JSONCoding.encode(plan.status)) != nil else { return .wrong("a status can't be written") }
        }
        return .read
    }

    /// Fleets in the middle of their work, one for each provider.
    static let recorded: [DocumentChange] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Snapshots")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.sorted().compactMap { name in
            guard let content = try? Data(contentsOf: folder.appending(path: name)),
                let document = try? JSONCoding.decode(JSONValue.self, from: [UInt8](content))
            else { return nil }
            return DocumentChange(of: document)
        }
    }()
}
