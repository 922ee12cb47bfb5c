import Foundation
import KubeCore
import KubectlTesting
import MirrorSandbox

/// The ServiceAccounts of `manifests` in a simulated cluster: operator and agents have their rights and no others.
struct SimulatedAccounts: Sendable {
    /// Parts of the manifests.
    enum Part: CaseIterable {
        case base
        /// What mirrors of provider Spegel need beside the base.
        case spegel

        fileprivate var files: [String] {
            switch self {
            case .base: ["base/namespace", "base/operator-rbac", "base/agent-rbac"]
            case .spegel: ["components/spegel/operator-rbac"]
            }
        }

        /// Read once: there are many clusters in a run of the tests, and YAML is slow to read.
        private static let read = Result {
            try Dictionary(
                uniqueKeysWithValues: allCases.map { part in
                    let objects = try part.files.flatMap { name in
                        let url = Definitions.checkout.appending(path: "manifests/\(name).yaml")
                        return try YAMLCoding.documents([UInt8](Data(contentsOf: url)))
                    }
                    return (part, objects)
                }
            )
        }

        /// Accounts, roles, bindings and the namespaces that they stand in.
        var objects: [JSONValue] {
            get throws { try Self.read.get()[self] ?? [] }
        }
    }

    /// Bearer tokens.
    let `operator`: String
    let agent: String

    /// Creates the accounts, their roles and the namespaces that they stand in.
    ///
    /// - Parameter right: what no role grants.
    init(_ api: KubeAPI, _ parts: [Part] = [.base], without right: Right? = nil) async throws {
        for object in try parts.flatMap({ try $0.objects }) {
            let object = right?.withheld(from: object) ?? object
            let namespace = object[path: "metadata", "namespace"]?.stringValue
            _ = try await api.answer(
                to: .create(Self.resource(of: object), namespace: namespace, object, manager: "test")
            )
        }
        self.operator = try await Self.token("p2pmirror-operator", api)
        agent = try await Self.token("p2pmirror-agent", api)
    }

    /// All that the roles of these parts grant, in order.
    static func rights(of parts: [Part]) throws -> [Right] {
        try parts.flatMap { try $0.objects }.filter { $0["rules"] != nil }.flatMap { Right.all(in: $0) }.sorted()
    }

    private static func token(_ account: String, _ api: KubeAPI) async throws -> String {
        let path = "/api/v1/namespaces/\(SimulatedCluster.leaseNamespace)/serviceaccounts/\(account)/token"
        let body = try JSONCoding.encode(["kind": "TokenRequest"] as JSONValue)
        let answer: JSONValue = try await api.send(
            KubeRequest(.post, path, contentType: "application/json", body: body)
        )
        return answer[path: "status", "token"]?.stringValue ?? ""
    }

    private static func resource(of object: JSONValue) -> ResourceType {
        let kind = object["kind"]?.stringValue ?? ""
        let isCore = kind == "Namespace" || kind == "ServiceAccount"
        return ResourceType(
            group: isCore ? "" : "rbac.authorization.k8s.io",
            version: "v1",
            plural: "\(kind.lowercased())s",
            kind: kind,
            namespaced: object[path: "metadata", "namespace"] != nil
        )
    }
}
