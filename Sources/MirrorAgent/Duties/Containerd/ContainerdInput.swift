import KubeCore
import MirrorAPI
import MirrorPlanner

/// All that a decision about one mirror and its node's containerd rests on.
struct ContainerdInput: Sendable {
    /// A file of ours.
    struct OwnFile: Hashable, Sendable {
        var path: String
        var content: [UInt8]
    }

    var now: Timestamp
    /// As in `AgentInput`.
    var steady: Timestamp
    var mirror: String
    /// Release of the agent.
    var version: String
    /// Nil where this node has none of this mirror.
    var mirrorNode: MirrorNode?
    var record: ContainerdRecord?
    /// Written for this mirror.
    var ownFile: OwnFile?
    var view = ContainerdView()
    /// Temporary files of an agent that was killed.
    var temporaries: [String] = []
    var figures: HostFigures?
    /// What could not be written at the last try.
    var failure: HostError?
    /// Whether the mirror is there; asked only where it has no MirrorNode here and something of ours is left.
    var presence: MirrorPresence?
    /// Since when it has been gone, by `steady`.
    var goneSince: Timestamp?

    init(now: Timestamp, mirror: String, version: String, mirrorNode: MirrorNode?) {
        self.now = now
        steady = now
        self.mirror = mirror
        self.version = version
        self.mirrorNode = mirrorNode
    }
}

/// What the kubelet says of the node, as far as it decides how containerd is read.
struct NodeFacts: Hashable, Sendable {
    /// Where its containerd's configuration is looked for.
    var places: ContainerdPlaces
    var containerd: ContainerdVersion?
    var addresses: [String]
    /// Where the mirror's ports are asked.
    var internalAddress: String?

    /// - Parameter node: the Node as it is sent; the type that the operator reads leaves the runtime out, of which it
    ///   would keep one for each node.
    init(_ node: JSONValue) {
        let kubelet = node[path: "status", "nodeInfo", "kubeletVersion"]?.stringValue ?? ""
        let annotations = (node[path: "metadata", "annotations"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        places = ContainerdPlaces(kubeletVersion: kubelet.isEmpty ? nil : kubelet, annotations: annotations)
        let runtime = node[path: "status", "nodeInfo", "containerRuntimeVersion"]?.stringValue ?? ""
        containerd = ContainerdVersion(runtimeVersion: runtime)
        let all = node[path: "status", "addresses"]?.arrayValue ?? []
        addresses = all.compactMap { $0["address"]?.stringValue }
        internalAddress = all.first { $0["type"] == "InternalIP" }?["address"]?.stringValue
    }
}
