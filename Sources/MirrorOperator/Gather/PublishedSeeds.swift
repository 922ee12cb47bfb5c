import KubeCore
import MirrorAPI
import MirrorPlanner

/// The seeds that are in a mirror's set, read from the API server itself: right before one leaves, nothing else than
/// the truth will do.
struct PublishedSeeds {
    private let api: KubeAPI
    private let mirror: P2PMirror
    private let fleet: SpegelFleet?

    /// - Parameter snapshot: what the decision was made from.
    init(_ api: KubeAPI, _ mirror: P2PMirror, _ snapshot: Snapshot) {
        self.api = api
        self.mirror = mirror
        fleet = mirror.spec.provider == .spegel ? SpegelFleet(mirror, snapshot) : nil
    }

    /// The names of their nodes, from the metadata of what carries the label.
    ///
    /// - Throws: `KubeError` where they can't be read.
    func names() async throws(KubeError) -> [String] {
        guard let distribution = RancherDistribution(mirror.spec.provider) else { return try await peers() }
        let options = ListOptions(labelSelector: "\(distribution.peerLabel)=true", limit: 1_000)
        return try await metadata(Node.resource, options).filter(isSeed).map(\.name)
    }

    /// A pod that the decision did not know does not count: so much the less may leave.
    private func peers() async throws(KubeError) -> [String] {
        guard let fleet else { return [] }
        let labels = fleet.selector.merging([LabelKey.candidate: "true"]) { $1 }
        let query = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        let options = ListOptions(namespace: fleet.names.namespace, labelSelector: query, limit: 1_000)
        let published = Set(try await metadata(Pod.resource, options).compactMap(\.uid))
        return fleet.places.filter { $0.pod?.metadata.uid.map(published.contains) == true }.map(\.name)
    }

    private func metadata(_ resource: ResourceType, _ options: ListOptions) async throws(KubeError) -> [ObjectMeta] {
        var found: [ObjectMeta] = []
        var continuation: String?
        repeat {
            var request = KubeRequest.list(resource, options, continuation: continuation)
            request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
            let page: Page = try await api.send(request)
            found += page.items.map(\.metadata)
            continuation = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
        } while continuation != nil
        return found
    }

    private func isSeed(_ metadata: ObjectMeta) -> Bool {
        mirror.spec.selector.matches(metadata.labels)
            && (mirror.spec.candidates.selector?.matches(metadata.labels) ?? true)
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
