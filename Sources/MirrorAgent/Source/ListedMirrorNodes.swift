package import KubeCore
import KubeRuntime
package import Logging
package import MirrorAPI

/// MirrorNodes by a list in every pass: for simulations, whose passes are few and must need nothing that runs beside
/// them.
package struct ListedMirrorNodes: MirrorNodeSource {
    private let api: KubeAPI
    private let node: String
    private let logger: Logger

    package init(_ api: KubeAPI, node: String, logger: Logger) {
        self.api = api
        self.node = node
        self.logger = logger
    }

    package func mirrorNodes() async throws(KubeError) -> [MirrorNode] {
        let page: ObjectPage<MirrorNode> = try await api.send(
            .list(MirrorNode.resource, Self.selection(node: node))
        )
        for key in page.unreadable {
            logger.warning("MirrorNode can't be read and is left out", metadata: ["key": "\(key)"])
        }
        return page.objects
    }

    package func wrote(_ mirrorNode: MirrorNode) {}

    package func changed() async {
        // A list tells of no change.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }
}
