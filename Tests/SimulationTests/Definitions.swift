import Foundation
import KubeCore
import MirrorAPI

/// The CRDs of this checkout, for API servers of tests.
enum Definitions {
    static let resource = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition",
        namespaced: false
    )

    static func all() throws -> [JSONValue] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try ["p2pmirrors", "mirrornodes"].flatMap { plural in
            let url = root.appending(path: "crds/p2pmirror.io_\(plural).yaml")
            return try YAMLCoding.documents([UInt8](Data(contentsOf: url)))
        }
    }

    static func apply(_ crd: JSONValue, _ api: KubeAPI) async throws(KubeError) {
        let key = ObjectKey(name: crd["metadata"]?["name"]?.stringValue ?? "")
        _ = try await api.answer(to: .patch(resource, key, .apply(crd, manager: "test", force: true)))
    }

    static func createNamespace(_ name: String, _ api: KubeAPI) async throws(KubeError) {
        let namespaces = ResourceType(
            group: "",
            version: "v1",
            plural: "namespaces",
            kind: "Namespace",
            namespaced: false
        )
        let object: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
        _ = try await api.answer(to: .create(namespaces, namespace: nil, object, manager: "test"))
    }
}
