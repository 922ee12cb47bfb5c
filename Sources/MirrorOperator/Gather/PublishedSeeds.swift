import KubeCore
import MirrorAPI
import MirrorPlanner

/// The seeds that are in a mirror's set, read from the API server itself: right before one leaves, nothing else than
/// the truth will do.
struct PublishedSeeds {
    private let api: KubeAPI
    private let mirror: P2PMirrorSpec

    init(_ api: KubeAPI, _ mirror: P2PMirrorSpec) {
        self.api = api
        self.mirror = mirror
    }

    /// Their names, from the metadata of the nodes that carry the label.
    ///
    /// - Throws: `KubeError` where they can't be read.
    func names() async throws(KubeError) -> [String] {
        let distribution = RancherDistribution(mirror.provider)
        let options = ListOptions(labelSelector: "\(distribution.peerLabel)=true", limit: 1_000)
        var names: [String] = []
        var continuation: String?
        repeat {
            var request = KubeRequest.list(Node.resource, options, continuation: continuation)
            request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
            let page: Page = try await api.send(request)
            for item in page.items where isSeed(item.metadata) { names.append(item.metadata.name) }
            continuation = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
        } while continuation != nil
        return names
    }

    private func isSeed(_ metadata: ObjectMeta) -> Bool {
        mirror.selector.matches(metadata.labels)
            && (mirror.candidates.selector?.matches(metadata.labels) ?? true)
    }

    private struct Page: Decodable {
        struct Item: Decodable {
            var metadata: ObjectMeta
        }

        struct ListMetadata: Decodable {
            var `continue`: String?
        }

        var metadata: ListMetadata
        var items: [Item]
    }
}
