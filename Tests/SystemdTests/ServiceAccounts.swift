import Foundation
import KubeCore
import MirrorSandbox

/// The rights of operator and agents on a real API server: those of the manifests, and no more.
struct ServiceAccounts: Sendable {
    /// Kubeconfig of the operator, and of every agent.
    let operatorConfiguration: String
    let agentConfiguration: String

    /// Everybody uses the same kubeconfig: the embedded API server knows no rights.
    init(of cluster: SandboxCluster) throws {
        operatorConfiguration = try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8)
        agentConfiguration = operatorConfiguration
    }

    /// Creates accounts, roles and bindings of an overlay, and takes a token for each account.
    init(of cluster: SandboxCluster, overlay: String) async throws {
        let objects = try Kustomization(URL(filePath: "\(Site.checkout)manifests/\(overlay)")).objects
        for object in objects {
            guard let resource = Self.resources[object["kind"]?.stringValue ?? ""] else { continue }
            let key = ObjectKey(
                namespace: object["metadata"]?["namespace"]?.stringValue,
                name: object["metadata"]?["name"]?.stringValue ?? ""
            )
            _ = try await cluster.api.answer(to: .patch(resource, key, .apply(object, manager: "kubectl", force: true)))
        }
        let admin = try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8)
        operatorConfiguration = try await Self.configuration(admin, "p2pmirror-operator", cluster.api)
        agentConfiguration = try await Self.configuration(admin, "p2pmirror-agent", cluster.api)
    }

    private static let rights = "rbac.authorization.k8s.io"
    private static let resources: [String: ResourceType] = [
        "ServiceAccount": ResourceType(
            group: "",
            version: "v1",
            plural: "serviceaccounts",
            kind: "ServiceAccount",
            namespaced: true
        ),
        "ClusterRole": type("clusterroles", "ClusterRole", namespaced: false),
        "ClusterRoleBinding": type("clusterrolebindings", "ClusterRoleBinding", namespaced: false),
        "Role": type("roles", "Role", namespaced: true),
        "RoleBinding": type("rolebindings", "RoleBinding", namespaced: true),
    ]

    private static func type(_ plural: String, _ kind: String, namespaced: Bool) -> ResourceType {
        ResourceType(group: rights, version: "v1", plural: plural, kind: kind, namespaced: namespaced)
    }

    /// The administrator's kubeconfig with the token of an account in the place of the administrator's credentials.
    private static func configuration(_ admin: String, _ account: String, _ api: KubeAPI) async throws -> String {
        let request: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600],
        ]
        let path = "/api/v1/namespaces/\(Fleet.leaseNamespace)/serviceaccounts/\(account)/token"
        let answer: JSONValue = try await api.send(
            KubeRequest(.post, path, contentType: "application/json", body: JSONCoding.encode(request))
        )
        guard var file = try YAMLCoding.documents(admin).first, let token = answer["status"]?["token"] else {
            throw KubeError(.decoding, "no token of \(account): \(answer)")
        }
        let name = file["users"]?.arrayValue?.first?["name"] ?? .null
        file["users"] = .array([["name": name, "user": ["token": token]]])
        return try YAMLCoding.encode(file)
    }
}
