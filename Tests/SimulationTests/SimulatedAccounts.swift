import Foundation
import KubeCore
import KubectlTesting
import MirrorSandbox

/// The ServiceAccounts of `manifests/base` in a simulated cluster: operator and agents have their rights and no others.
struct SimulatedAccounts: Sendable {
    /// Bearer tokens.
    let `operator`: String
    let agent: String

    /// Read once: there are many clusters in a run of the tests, and YAML is slow to read.
    static let objects = Result {
        try ["namespace", "operator-rbac", "agent-rbac"].flatMap { name in
            let url = Definitions.checkout.appending(path: "manifests/base/\(name).yaml")
            return try YAMLCoding.documents([UInt8](Data(contentsOf: url)))
        }
    }

    /// Creates the accounts, their roles and the namespaces that they stand in.
    ///
    /// - Parameter right: what no role grants.
    init(_ api: KubeAPI, without right: Right? = nil) async throws {
        for object in try Self.objects.get() {
            let object = right?.withheld(from: object) ?? object
            let namespace = object[path: "metadata", "namespace"]?.stringValue
            _ = try await api.answer(
                to: .create(Self.resource(of: object), namespace: namespace, object, manager: "test")
            )
        }
        self.operator = try await Self.token("p2pmirror-operator", api)
        agent = try await Self.token("p2pmirror-agent", api)
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
