import KubeCore
import MirrorSandbox
import Testing

/// The kinds that a stateful release consists of.
@Suite struct APIServerReleaseTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"
    private static let sets = "/apis/apps/v1/namespaces/default/statefulsets"
    private static let policies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"
    private static let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

    private static func object(_ apiVersion: String, _ kind: String, _ members: JSONValue) -> JSONValue {
        JSONPatchTarget.merged(
            [
                "apiVersion": .string(apiVersion), "kind": .string(kind),
                "metadata": ["name": "o", "namespace": "default"],
            ],
            members
        )
    }

    private static func set(_ image: String = "a:1", _ more: JSONValue = [:]) -> JSONValue {
        let spec: JSONValue = [
            "selector": ["matchLabels": ["app": "x"]], "serviceName": "x",
            "template": [
                "metadata": ["labels": ["app": "x"]],
                "spec": ["containers": [["name": "c", "image": .string(image)]]],
            ], "volumeClaimTemplates": [["metadata": ["name": "storage"], "spec": ["accessModes": ["ReadWriteOnce"]]]],
        ]
        return object("apps/v1", "StatefulSet", ["spec": JSONPatchTarget.merged(spec, more)])
    }

    private static func policy(_ spec: JSONValue) -> JSONValue {
        object("networking.k8s.io/v1", "NetworkPolicy", ["spec": spec])
    }

    @Test func `each key of a ConfigMap may have a writer of its own, and an immutable one stays as it is`()
        async throws
    {
        let bench = Bench()
        let one = Self.object("v1", "ConfigMap", ["data": ["a": "1"]])
        #expect(try await bench.apply("\(Self.maps)/o", one, by: "one").status == 201)
        let two = try await bench.apply(
            "\(Self.maps)/o",
            Self.object("v1", "ConfigMap", ["data": ["b": "2"]]),
            by: "two"
        )
        #expect(two["data"] == ["a": "1", "b": "2"])
        #expect(two["metadata", "generation"] == nil)
        _ = try await bench.merge("\(Self.maps)/o", ["immutable": true])
        let refused = try await bench.merge("\(Self.maps)/o", ["data": ["a": "3"]])
        #expect(refused.status == 422)
        #expect(refused.message.contains("field is immutable when `immutable` is set"))
    }

    @Test func `a StatefulSet gets its defaults, and only some of it may change`() async throws {
        let bench = Bench()
        let made = try await bench.apply("\(Self.sets)/o", Self.set(), by: "one")
        #expect(made.status == 201)
        #expect(made["spec", "replicas"] == 1)
        #expect(made["spec", "podManagementPolicy"] == "OrderedReady")
        #expect(made["spec", "updateStrategy"] == ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]])
        #expect(made["spec", "volumeClaimTemplates", "0", "spec", "volumeMode"] == "Filesystem")
        #expect(made["spec", "template", "spec", "containers", "0", "imagePullPolicy"] == "IfNotPresent")
        #expect(made["metadata", "generation"] == 1)
        let newer = try await bench.apply("\(Self.sets)/o", Self.set("a:2"), by: "one")
        #expect(newer["metadata", "generation"] == 2)
        let moved = try await bench.merge("\(Self.sets)/o", ["spec": ["serviceName": "y"]])
        #expect(moved.status == 422)
        #expect(moved.message.contains("updates to statefulset spec for fields other than"))
        let status = try await bench.merge("\(Self.sets)/o/status", ["status": ["readyReplicas": 1]])
        #expect(status["status", "readyReplicas"] == 1)
        #expect(status["metadata", "generation"] == 2)
    }

    @Test func `a NetworkPolicy says which directions it is about, and its ports exist`() async throws {
        let bench = Bench()
        let made = try await bench.apply(
            "\(Self.policies)/o",
            Self.policy([
                "podSelector": ["matchLabels": ["a": "b"]],
                "ingress": [["ports": [["port": 4_002], ["port": 4_003]]]],
            ]),
            by: "one"
        )
        #expect(made.status == 201)
        #expect(made["spec", "policyTypes"] == ["Ingress"])
        #expect(made["spec", "ingress", "0", "ports", "1", "protocol"] == "TCP")
        #expect(made["metadata", "generation"] == 1)
        let again = try await bench.apply(
            "\(Self.policies)/o",
            Self.policy(["podSelector": ["matchLabels": ["a": "b"]]]),
            by: "one"
        )
        #expect(again["spec", "ingress"] == nil)
        #expect(again["metadata", "generation"] == 2)
        let wrong = try await bench.merge(
            "\(Self.policies)/o",
            ["spec": ["ingress": [["ports": [["port": 70_000]]]], "policyTypes": ["Sideways"]]]
        )
        #expect(wrong.status == 422)
        #expect(wrong.message.contains("must be between 1 and 65535, inclusive"))
        #expect(wrong.message.contains("spec.policyTypes[0]"))
    }

    @Test func `a PodDisruptionBudget has one bound, and a status of its own`() async throws {
        let bench = Bench()
        let spec: JSONValue = ["maxUnavailable": 1, "selector": ["matchLabels": ["a": "b"]]]
        let made = try await bench.apply(
            "\(Self.budgets)/o",
            Self.object("policy/v1", "PodDisruptionBudget", ["spec": spec]),
            by: "one"
        )
        #expect(made.status == 201)
        #expect(made["status", "disruptionsAllowed"] == 0)
        let both = try await bench.merge("\(Self.budgets)/o", ["spec": ["minAvailable": "50%"]])
        #expect(both.status == 422)
        #expect(both.message.contains("minAvailable and maxUnavailable cannot be both set"))
    }

    @Test(arguments: [
        ("/api/v1", "configmaps", ["Name", "Data", "Age"]),
        ("/apis/apps/v1", "statefulsets", ["Name", "Ready", "Age"]),
        ("/apis/networking.k8s.io/v1", "networkpolicies", ["Name", "Pod-Selector", "Age"]),
        (
            "/apis/policy/v1", "poddisruptionbudgets",
            ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"]
        ),
    ])
    func `kubectl finds the kinds and their columns`(group: String, plural: String, columns: [String]) async throws {
        let bench = Bench()
        let found = try await bench.get(group)
        #expect(found["resources"]?.arrayValue?.contains { $0["name"]?.stringValue == plural } == true)
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let table = try await bench.ask(.get, "\(group)/namespaces/default/\(plural)", accept: accept)
        let names = table["columnDefinitions"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        #expect(Array(names.prefix(columns.count)) == columns)
    }
}
