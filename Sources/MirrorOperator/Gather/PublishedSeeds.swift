import KubeCore
import MirrorPlanner

/// The seeds that are in a mirror's set, read from the API server itself: right before one leaves, nothing else than
/// the truth will do.
struct PublishedSeeds {
    private let api: KubeAPI
    private let query: PublishedSeedsQuery

    init(_ api: KubeAPI, _ query: PublishedSeedsQuery) {
        self.api = api
        self.query = query
    }

    /// The names of the seeds, from the metadata of what carries the label.
    ///
    /// - Throws: `KubeError` where they can't be read.
    func names() async throws(KubeError) -> [String] {
        query.names(try await metadata(query.resource, query.options))
    }

    private func metadata(_ resource: ResourceType, _ options: ListOptions) async throws(KubeError) -> [ObjectMeta] {
        var found: [ObjectMeta] = []
        var bounds = ListBounds()
        var continuation: String?
        repeat {
            var request = KubeRequest.list(resource, options, continuation: continuation)
            request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json"
            let page: Page = try await api.send(request)
            try bounds.take(objects: page.items.count)
            found += page.items.map(\.metadata)
            continuation = page.metadata.continue.flatMap { $0.isEmpty ? nil : $0 }
            if let continuation { try bounds.follow(continuation) }
        } while continuation != nil
        return found
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

        private enum CodingKeys: String, CodingKey {
            case metadata, items
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            metadata = try container.decode(ListMetadata.self, forKey: .metadata)
            // Null where there is none: the server makes an empty list of this form of a nil slice.
            items = try container.decode([Item]?.self, forKey: .items) ?? []
        }
    }
}
