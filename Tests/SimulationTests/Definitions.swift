import Foundation
import KubeCore
import MirrorAPI

/// The CRDs of this checkout, for API servers of tests.
enum Definitions {
    /// How much of a P2PMirror the API server checks.
    enum Strictness: String, Sendable {
        /// No definition at all.
        case absent
        /// As a server with CEL.
        case complete
        /// As a server that knows no CEL: types and bounds only.
        case withoutCEL
        /// As a server with the CRDs of another release, which says nothing of the specification.
        case unchecked
    }

    /// The top of the checkout.
    static let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let resource = ResourceType(
        group: "apiextensions.k8s.io",
        version: "v1",
        plural: "customresourcedefinitions",
        kind: "CustomResourceDefinition",
        namespaced: false
    )

    /// Read once: there are many clusters in a run of the tests, and YAML is slow to read.
    private static let complete = Result { try read(.complete) }
    private static let withoutCEL = Result { try read(.withoutCEL) }

    static func all(_ strictness: Strictness = .complete) throws -> [JSONValue] {
        switch strictness {
        case .absent: []
        case .complete: try complete.get()
        case .withoutCEL: try withoutCEL.get()
        case .unchecked:
            try withoutCEL.get().map { $0["spec"]?["names"]?["kind"] == "P2PMirror" ? unchecked($0) : $0 }
        }
    }

    private static func read(_ strictness: Strictness) throws -> [JSONValue] {
        let directory = strictness == .complete ? "crds" : "crds/without-cel"
        return try ["p2pmirrors", "mirrornodes"].flatMap { plural in
            let url = checkout.appending(path: "\(directory)/p2pmirror.io_\(plural).yaml")
            return try YAMLCoding.documents([UInt8](Data(contentsOf: url)))
        }
    }

    private static func unchecked(_ definition: JSONValue) -> JSONValue {
        let anything: JSONValue = ["x-kubernetes-preserve-unknown-fields": true]
        var definition = definition
        let versions = (definition["spec"]?["versions"]?.arrayValue ?? []).map { version in
            var version = version
            version["schema"] = [
                "openAPIV3Schema": ["type": "object", "properties": ["spec": anything, "status": anything]]
            ]
            return version
        }
        definition["spec"]?["versions"] = .array(versions)
        return definition
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
