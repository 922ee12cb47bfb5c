import KubeCore
import MirrorAPI

@testable import MirrorPlanner

extension World {
    mutating func remember(_ record: MirrorNodeStatus.Candidate?, of name: String, _ version: String?) -> Bool {
        guard let index = mirrorNodeIndex(name), snapshot.mirrorNodes[index].metadata.resourceVersion == version else {
            return false
        }
        var status = snapshot.mirrorNodes[index].status ?? MirrorNodeStatus()
        status.candidate = record
        snapshot.mirrorNodes[index].status = status
        let next = nextVersion()
        snapshot.mirrorNodes[index].metadata.resourceVersion = next
        return true
    }

    /// Carries out a JSON patch of a Node's labels and annotations, as the API server would.
    mutating func move(_ name: String, _ write: Write) -> Bool {
        guard let index = nodeIndex(name), case .json(let operations) = write.body,
            snapshot.nodes[index].metadata.resourceVersion == write.version
        else { return false }
        var metadata = snapshot.nodes[index].metadata
        for operation in operations {
            guard metadata.patch(operation) else { return false }
        }
        metadata.resourceVersion = nextVersion()
        snapshot.nodes[index].metadata = metadata
        return true
    }
}

extension ObjectMeta {
    mutating func patch(_ operation: JSONPatchOperation) -> Bool {
        switch operation {
        case .test(let path, let value): return self[path] == value.stringValue
        case .add(let path, let value), .replace(let path, let value): self[path] = value.stringValue
        case .remove(let path): self[path] = nil
        }
        return true
    }

    /// A label or an annotation, by its JSON pointer.
    private subscript(_ path: String) -> String? {
        get {
            let (isLabel, key) = Self.place(path)
            return isLabel ? labels[key] : annotations[key]
        }
        set {
            let (isLabel, key) = Self.place(path)
            if isLabel { labels[key] = newValue } else { annotations[key] = newValue }
        }
    }

    private static func place(_ path: String) -> (isLabel: Bool, key: String) {
        let parts = path.split(separator: "/")
        let key = parts.last.map { $0.split(separator: "~1").joined(separator: "/") } ?? ""
        return (parts.dropFirst().first == "labels", key)
    }
}
