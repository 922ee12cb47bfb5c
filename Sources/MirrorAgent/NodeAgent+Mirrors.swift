import KubeCore
import MirrorAPI
import MirrorPlanner

/// What one process has seen of a mirror's node, look by look.
struct Observation {
    var cpu = ServiceCPU()
    /// The `registries.yaml` that the present run of the service was started with.
    var registriesMark: RegistriesMark?
    /// Since when the mirror has been gone.
    var goneSince: Timestamp?
    var figures: SeedFigures?
    /// Since when ports of the node's mirror have not answered.
    var silence: [Int: Timestamp] = [:]
    /// Since when the operator has said that the adopted release is gone.
    var releaseGoneSince: Timestamp?
    /// When our file was changed that the present containerd has read.
    var inForce: Timestamp?
}

extension NodeAgent {
    /// This node's MirrorNodes by mirror.
    func ownMirrorNodes() async throws(KubeError) -> [String: MirrorNode] {
        let found = try await mirrorNodes.mirrorNodes()
        let own = found.filter { $0.spec.nodeName == options.nodeName && AgentPath.isSafe(mirror: $0.spec.mirrorName) }
        return Dictionary(own.map { ($0.spec.mirrorName, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The mirrors that have a MirrorNode or a journal here, in the order of their names.
    func mirrors(_ mirrorNodes: [String: MirrorNode]?) throws(HostError) -> [String] {
        let entries = try files.list(AgentPath.state) ?? []
        let journaled = entries.filter { $0.isDirectory && AgentPath.isSafe(mirror: $0.name) }.map(\.name)
        return Set(journaled + (mirrorNodes ?? [:]).keys).sorted()
    }
}
