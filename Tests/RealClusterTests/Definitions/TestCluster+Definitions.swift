import Foundation
import KubeCore
import MirrorAPI
import MirrorSandbox

/// What API servers of different releases do differently with the same definitions.
struct ServerAbilities {
    /// Evaluates the rules of definitions; from 1.25 on. Before, definitions are installed without them, and whoever
    /// reads an object checks it (``LenientP2PMirror``).
    var hasRules: Bool
    /// Sends a collection as a stream; from 1.32 on by default, and with an etcd of its time.
    var hasStreamingLists: Bool
    /// Whether it is no kube-apiserver but the one of this package.
    var isEmbedded: Bool
}

extension TestCluster {
    static let definitions = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition",
        namespaced: false
    )

    func abilities() async throws -> ServerAbilities {
        let version: JSONValue = try await api.send(KubeRequest(.get, "/version"))
        let minor = Int((version["minor"]?.stringValue ?? "").prefix { $0.isNumber }) ?? 0
        let isEmbedded = version["gitVersion"]?.stringValue?.contains("p2pmirror") == true
        return ServerAbilities(hasRules: minor >= 25, hasStreamingLists: minor >= 32, isEmbedded: isEmbedded)
    }

    /// The definitions of a directory, without those of its subdirectories.
    static func definitions(in folder: String) throws -> [JSONValue] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { $0.hasSuffix(".yaml") }
            .flatMap { try YAMLCoding.documents([UInt8](Data(contentsOf: URL(filePath: "\(folder)/\($0)")))) }
    }

    /// Where the definitions of this checkout are, as this server can have them.
    func definitionFolder() async throws -> String {
        try await abilities().hasRules ? "\(Self.root)/crds" : "\(Self.root)/crds/without-cel"
    }

    /// The error of a request; nil where the server accepted it.
    func refusal(of request: KubeRequest) async -> KubeError? {
        do {
            _ = try await api.answer(to: request)
            return nil
        } catch {
            return error
        }
    }
}

extension KubeRequest {
    /// Asks for the checks of a write and not for the write.
    var dry: KubeRequest {
        var request = self
        request.query.append(QueryItem("dryRun", "All"))
        return request
    }
}
