import Foundation
import KubeClient
import KubeCore
import KubectlTesting
import MirrorSandbox
import Testing

/// Operator and agents as the ServiceAccounts of the manifests, with the rights that `kubectl kustomize` renders for
/// one of the directories there and no others.
struct TestAccounts: Sendable {
    /// What the manifests' directories grant; the ones that only patch workloads grant what the base does.
    enum Manifests: String, CaseIterable {
        case base
        case withRestart = "overlays/with-restart"
        case withSpegel = "overlays/with-spegel"
        case withSpegelRepair = "overlays/with-spegel-repair"
        case withRestartAndSpegel = "overlays/with-restart-and-spegel"
        case withDragonfly = "overlays/with-dragonfly"
    }

    /// Kubeconfigs of operator and agents.
    let fleet: SimulatedFleet.Accounts
    let operatorTransport: CurlTransport
    let agentTransport: CurlTransport
    /// The objects that were applied.
    let objects: [JSONValue]

    /// The objects of a directory that are about rights, in the order in which they can be applied.
    static func rendered(_ manifests: Manifests) async throws -> [JSONValue] {
        let kubectl = try Kubectl(kubeconfig: "")
        defer { kubectl.close() }
        let outcome = try await kubectl.run("kustomize \(TestCluster.root)/manifests/\(manifests.rawValue)")
        guard outcome.status == 0 else { throw ScenarioFailure("kubectl kustomize: \(outcome.text)") }
        let kinds = ["Namespace", "ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"]
        return try YAMLCoding.documents(outcome.text)
            .compactMap { object in kinds.firstIndex(of: object["kind"]?.stringValue ?? "").map { ($0, object) } }
            .sorted { $0.0 < $1.0 }
            .map(\.1)
    }
}

extension TestCluster {
    /// Gives the ServiceAccounts the rights of a directory of the manifests, takes away those of the others, and
    /// waits until the server acts on it.
    ///
    /// - Parameters:
    ///   - namespace: where mirrors of provider Spegel have their objects, if not where the manifests say.
    ///   - release: where the release of Dragonfly is, if not where the manifests say.
    func accounts(
        _ manifests: TestAccounts.Manifests,
        spegelIn namespace: String? = nil,
        dragonflyIn release: String? = nil
    ) async throws -> TestAccounts {
        record(nil)
        var objects = try await TestAccounts.rendered(manifests)
        if let release {
            for index in objects.indices where objects[index][path: "metadata", "namespace"] == "dragonfly-system" {
                objects[index]["metadata"]?["namespace"] = .string(release)
            }
        }
        if let namespace {
            objects += objects.filter { $0["kind"] == "RoleBinding" && $0.name.contains("spegel") }.map { binding in
                var binding = binding
                binding["metadata"]?["namespace"] = .string(namespace)
                return binding
            }
        }
        // Servers before 1.21 take Events about objects of the whole cluster in kube-system alone. They are older than
        // those that are supported, so the manifests grant nothing there.
        if try await !abilities().hasRules {
            objects += objects.filter { $0.name == "p2pmirror-operator-events" }.map { object in
                var object = object
                object["metadata"]?["namespace"] = "kube-system"
                return object
            }
        }
        for object in objects { try await put(object) }
        let kept = Set(objects.map(\.right))
        for other in TestAccounts.Manifests.allCases {
            for object in try await TestAccounts.rendered(other) where object["roleRef"] != nil {
                if !kept.contains(object.right) { try await api.deleteBare(object.resource, object.key) }
            }
        }
        let paths = try await (kubeconfig(of: "p2pmirror-operator"), kubeconfig(of: "p2pmirror-agent"))
        let accounts = TestAccounts(
            fleet: SimulatedFleet.Accounts(operator: paths.0, agent: paths.1),
            operatorTransport: try Self.transport(paths.0),
            agentTransport: try Self.transport(paths.1),
            objects: objects
        )
        try await untilGranted(accounts, objects.contains { $0["kind"] == "ClusterRole" && $0.name.contains("spegel") })
        record(Test.current)
        return accounts
    }

    private func put(_ object: JSONValue) async throws {
        _ = try await api.answer(
            to: .patch(object.resource, object.key, .apply(object, manager: "test", force: true))
        )
    }

    private static func transport(_ kubeconfig: String) throws -> CurlTransport {
        let configuration = try ClusterConfiguration.load(explicitKubeconfig: kubeconfig, environment: [:])
        return try CurlTransport(configuration, options: ClientOptions(userAgent: "p2pmirror-tests"))
    }

    /// A kubeconfig for a ServiceAccount, with a token for a day.
    private func kubeconfig(of account: String) async throws -> String {
        let request: JSONValue = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 86_400],
        ]
        let answer: JSONValue = try await api.send(
            KubeRequest(
                .post,
                "/api/v1/namespaces/\(Self.leaseNamespace)/serviceaccounts/\(account)/token",
                contentType: "application/json",
                body: JSONCoding.encode(request)
            )
        )
        let token = try #require(answer[path: "status", "token"])
        let text = try String(contentsOfFile: kubeconfig, encoding: .utf8)
        var config = try #require(try YAMLCoding.documents(text).first)
        let user = config["users"]?.arrayValue?.first?["name"] ?? "admin"
        config["users"] = [["name": user, "user": ["token": token]]]
        let path = "\(directory)/kubeconfig-\(account)"
        try Data(JSONCoding.encode(config)).write(to: URL(filePath: path))
        return path
    }

    /// Waits until the roles are in force: a real server learns of them by watches of its own.
    private func untilGranted(_ accounts: TestAccounts, _ hasSpegel: Bool) async throws {
        let sets = KubeRequest(.get, "/apis/apps/v1/daemonsets", query: [KubeRequest.QueryItem("limit", "1")])
        let nodes = KubeRequest(.get, "/api/v1/nodes", query: [KubeRequest.QueryItem("limit", "1")])
        for _ in 0..<100 {
            let asOperator = try await accounts.operatorTransport.send(sets).status
            let asAgent = try await accounts.agentTransport.send(nodes).status
            if asOperator == (hasSpegel ? 200 : 403), asAgent == 200 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ScenarioFailure("the server does not act on the roles 10 s after they were applied")
    }
}

extension JSONValue {
    fileprivate var key: ObjectKey {
        ObjectKey(namespace: self[path: "metadata", "namespace"]?.stringValue, name: name)
    }

    fileprivate var right: String { "\(self["kind"]?.stringValue ?? "") \(key)" }

    fileprivate var resource: ResourceType {
        let kind = self["kind"]?.stringValue ?? ""
        let isCore = kind == "Namespace" || kind == "ServiceAccount"
        return ResourceType(
            group: isCore ? "" : "rbac.authorization.k8s.io",
            version: "v1",
            plural: "\(kind.lowercased())s",
            kind: kind,
            namespaced: !(kind == "Namespace" || kind.hasPrefix("Cluster"))
        )
    }
}
