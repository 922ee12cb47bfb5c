import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: rights of service accounts")
struct APIServerAccessTests {
    private static let rbac = "/apis/rbac.authorization.k8s.io/v1"

    private struct Account {
        var bench: Bench
        var token: String

        func ask(_ method: KubeRequest.Method, _ path: String, _ body: JSONValue? = nil, type: String? = nil)
            async throws -> Answer
        {
            let request = KubeRequest(
                method,
                path,
                query: type == nil ? [] : [KubeRequest.QueryItem("fieldManager", "one")],
                contentType: body == nil ? nil : type ?? "application/json",
                body: try body.map { body throws(KubeError) in try JSONCoding.encode(body) }
            )
            let response = try await bench.server.transport(agent: "account", token: token).send(request)
            let value = (try? JSONCoding.decode(JSONValue.self, from: response.body)) ?? .null
            return Answer(status: response.status, value: value, headers: response.headers, body: response.body)
        }
    }

    /// A service account that has a role in `default` or in all namespaces.
    private static func account(_ rules: JSONValue, everywhere: Bool = false) async throws -> Account {
        let bench = try await Bench.withGadgets()
        let accounts = "/api/v1/namespaces/default/serviceaccounts"
        let object: JSONValue = ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "worker"]]
        #expect(try await bench.post(accounts, object).status == 201)
        let kind = everywhere ? "ClusterRole" : "Role"
        let place = everywhere ? rbac : "\(rbac)/namespaces/default"
        let plural = everywhere ? "clusterrole" : "role"
        let role: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": .string(kind), "metadata": ["name": "work"],
            "rules": rules,
        ]
        #expect(try await bench.post("\(place)/\(plural)s", role).status == 201)
        let binding: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": .string("\(kind)Binding"),
            "metadata": ["name": "work"],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": .string(kind), "name": "work"],
            "subjects": [["kind": "ServiceAccount", "name": "worker", "namespace": "default"]],
        ]
        #expect(try await bench.post("\(place)/\(plural)bindings", binding).status == 201)
        let answer = try await bench.post("\(accounts)/worker/token", ["kind": "TokenRequest"])
        #expect(answer.status == 201)
        return Account(bench: bench, token: answer["status", "token"]?.stringValue ?? "")
    }

    private static func rule(_ group: String, _ resource: String, _ verbs: [String], names: [String] = []) -> JSONValue
    {
        var rule: JSONValue = [
            "apiGroups": [.string(group)], "resources": [.string(resource)], "verbs": .array(verbs.map { .string($0) }),
        ]
        if !names.isEmpty { rule["resourceNames"] = .array(names.map { .string($0) }) }
        return rule
    }

    private static let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"

    private static func lease(_ name: String) -> JSONValue {
        ["apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": ["name": .string(name)]]
    }

    @Test("a right holds for its verb, resource, namespace and name alone, and a refusal says what is missing")
    func roles() async throws {
        let group = "coordination.k8s.io"
        let account = try await Self.account([
            Self.rule(group, "leases", ["create"]), Self.rule(group, "leases", ["get", "list"], names: ["a"]),
        ])
        #expect(try await account.ask(.post, Self.leases, Self.lease("a")).status == 201)
        #expect(try await account.ask(.get, "\(Self.leases)/a").status == 200)
        let who = "User \"system:serviceaccount:default:worker\" cannot"
        let other = try await account.ask(.get, "\(Self.leases)/b")
        #expect(other.status == 403)
        #expect(
            other.message
                == "leases.coordination.k8s.io \"b\" is forbidden: \(who) get resource \"leases\" in API group "
                + "\"coordination.k8s.io\" in the namespace \"default\""
        )
        let nodes = try await account.ask(.get, "/api/v1/nodes")
        #expect(
            nodes.message == "nodes is forbidden: \(who) list resource \"nodes\" in API group \"\" at the cluster scope"
        )
        let elsewhere = try await account.ask(
            .post,
            Self.leases.replacing("default", with: "kube-system"),
            Self.lease("a")
        )
        #expect(elsewhere.status == 403)
        #expect(try await account.ask(.delete, "\(Self.leases)/a").status == 403)
        let unknown = try await account.ask(.get, "/apis/monitoring.coreos.com/v1/servicemonitors")
        #expect(unknown.status == 403, "what is not served is not told to those who may not ask")
        #expect(try await account.ask(.get, "/version").status == 200)
    }

    @Test("who applies what is not there needs the right to create it too")
    func applying() async throws {
        let account = try await Self.account([Self.rule("example.com", "gadgets", ["patch"])], everywhere: true)
        let type = "application/apply-patch+yaml"
        let path = "\(Bench.gadgets)/a"
        let refused = try await account.ask(.patch, path, Bench.gadget("a"), type: type)
        #expect(refused.message.contains("cannot create resource \"gadgets\" in API group \"example.com\""))
        _ = try await account.bench.post(Bench.gadgets, Bench.gadget("a"))
        #expect(try await account.ask(.patch, path, Bench.gadget("a"), type: type).status == 200)
        let status = try await account.ask(
            .patch,
            "\(path)/status",
            ["status": [:]],
            type: "application/merge-patch+json"
        )
        #expect(status.message.contains("cannot patch resource \"gadgets/status\""))
    }

    @Test("a reference that blocks its owner's deletion needs the right to the owner's finalizers")
    func owners() async throws {
        let group = "coordination.k8s.io"
        let create = Self.rule(group, "leases", ["create"])
        for (extra, status) in [([], 403), ([Self.rule("example.com", "gadgets/finalizers", ["update"])], 201)] {
            let account = try await Self.account(.array([create] + extra), everywhere: true)
            let owner = try await account.bench.post(Bench.gadgets, Bench.gadget("o"))
            var lease = Self.lease("a")
            lease["metadata"]?["ownerReferences"] = [
                [
                    "apiVersion": "example.com/v1alpha1", "kind": "Gadget", "name": "o", "blockOwnerDeletion": true,
                    "uid": owner["metadata", "uid"] ?? "",
                ]
            ]
            #expect(try await account.ask(.post, Self.leases, lease).status == status)
        }
    }

    @Test("the owners of what is there are changed by who may delete it", arguments: [false, true])
    func adoption(mayDelete: Bool) async throws {
        let verbs = ["create", "update"] + (mayDelete ? ["delete"] : [])
        let rules: JSONValue = [Self.rule("coordination.k8s.io", "leases", verbs)]
        let account = try await Self.account(rules, everywhere: true)
        let owner = try await account.bench.post(Bench.gadgets, Bench.gadget("o"))
        func owned(_ lease: JSONValue) -> JSONValue {
            var lease = lease
            lease["metadata"]?["ownerReferences"] = [
                [
                    "apiVersion": "example.com/v1alpha1", "kind": "Gadget", "name": "o",
                    "uid": owner["metadata", "uid"] ?? "",
                ]
            ]
            return lease
        }
        #expect(try await account.ask(.post, Self.leases, owned(Self.lease("made"))).status == 201)
        var renewed = try await account.bench.get("\(Self.leases)/made").value
        renewed["spec"] = ["holderIdentity": "b"]
        #expect(try await account.ask(.put, "\(Self.leases)/made", renewed).status == 200)
        let found = try await account.ask(.post, Self.leases, Self.lease("found"))
        #expect(found.status == 201)
        let adopted = try await account.ask(.put, "\(Self.leases)/found", owned(found.value))
        #expect(adopted.status == (mayDelete ? 200 : 403))
        #expect(adopted.message.contains("cannot set an ownerRef on a resource you can't delete") != mayDelete)
    }

    @Test("a token that was not given out is refused")
    func strangers() async throws {
        let bench = Bench()
        let answer = try await bench.server.transport(agent: "x", token: "x").send(KubeRequest(.get, "/api/v1/nodes"))
        #expect(answer.status == 401)
    }
}
