package import KubeCore

/// Writes what a simulated node shows of itself to the API server, as kubelet and daemon do: it creates the Node, and
/// afterwards changes only what differs.
package struct NodePublisher: Sendable {
    package static let manager = "sandbox-kubelet"

    private let api: KubeAPI
    private let advertisement: NodeAdvertisement

    package init(_ api: KubeAPI, _ advertisement: NodeAdvertisement) {
        self.api = api
        self.advertisement = advertisement
    }

    private var key: ObjectKey { ObjectKey(name: advertisement.host.name) }

    /// Registers the node with labels and annotations; those of others stay.
    package func register(annotations: [String: String], peer: Bool) async throws(KubeError) {
        var labels = advertisement.labels
        var annotations = annotations
        if peer {
            labels.merge(advertisement.peerMetadata.labels) { $1 }
            annotations.merge(advertisement.peerMetadata.annotations) { $1 }
        }
        guard let node = try await api.find(Node.self, key) else {
            let metadata = ObjectMeta(name: key.name, labels: labels, annotations: annotations)
            try await api.create(Node(metadata: metadata), manager: Self.manager)
            return
        }
        let sameLabels = labels.allSatisfy { node.metadata.labels[$0.key] == $0.value }
        let sameAnnotations = annotations.allSatisfy { node.metadata.annotations[$0.key] == $0.value }
        guard !(sameLabels && sameAnnotations) else { return }
        let patch: JSONValue = [
            "metadata": [
                "labels": .object(labels.mapValues { .string($0) }),
                "annotations": .object(annotations.mapValues { .string($0) }),
            ]
        ]
        try await api.patch(Node.self, key, .merge(patch), manager: Self.manager)
    }

    /// Writes the node's status where it differs.
    package func report(ready: String, voter: Bool, now: Timestamp) async throws(KubeError) {
        guard let node = try await api.find(Node.self, key) else { return }
        let status = advertisement.status(ready: ready, voter: voter, now: now, previous: node.status)
        guard node.status != status else { return }
        let patch: JSONValue = ["status": try JSONCoding.value(of: status)]
        try await api.patch(Node.self, key, subresource: "status", .merge(patch), manager: Self.manager)
    }
}
