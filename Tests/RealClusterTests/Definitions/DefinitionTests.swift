import Foundation
import KubeCore
import MirrorAPI
import MirrorAPITesting
import MirrorSandbox
import Testing

extension RealCluster {
    /// The definitions of `crds/` on this server.
    @Suite struct Definitions {
        @Test func `the definitions are read back as they were applied, and the server finds no fault`() async throws {
            let cluster = try await TestCluster.shared()
            for definition in try TestCluster.definitions(in: try await cluster.definitionFolder()) {
                let key = ObjectKey(name: definition.name)
                let stored: JSONValue = try await cluster.api.send(.get(TestCluster.definitions, key))
                #expect(Self.missing(definition["spec"] ?? [:], in: stored["spec"] ?? [:]) == [])
                let conditions = stored[path: "status", "conditions"]?.arrayValue ?? []
                let truths = conditions.filter { $0["status"] == "True" }.compactMap { $0["type"]?.stringValue }
                #expect(Set(truths) == ["Established", "NamesAccepted"])
            }
        }

        /// What stands in the first value and not so in the second, which may have more fields.
        static func missing(_ wanted: JSONValue, in found: JSONValue, at path: String = "spec") -> [String] {
            switch (wanted, found) {
            case (.object(let wanted), .object(let found)):
                wanted.sorted { $0.key < $1.key }
                    .flatMap { missing($1, in: found[$0] ?? .null, at: "\(path).\($0)") }
            case (.array(let wanted), .array(let found)) where wanted.count == found.count:
                zip(wanted, found).enumerated().flatMap { missing($1.0, in: $1.1, at: "\(path)[\($0)]") }
            default:
                // What is false may be left out.
                wanted == found || (wanted == false && found == .null) ? [] : [path]
            }
        }

        /// The release before is that of `P2PMIRROR_TEST_PREVIOUS_CRDS`; without it, these definitions less their
        /// rules. A server that refuses those of the release before had them without their rules.
        @Test func `objects of the release before stay as they are under these definitions`() async throws {
            let cluster = try await TestCluster.shared()
            let sandbox = try SandboxCluster.external(kubeconfig: cluster.kubeconfig)
            let objects = [try Samples.p2pMirror.wireValue(), try Samples.mirrorNode.wireValue()]
            try await Self.installPrevious(cluster)
            var before: [JSONValue] = []
            for object in objects { before.append(try await Self.create(object, cluster)) }
            try await sandbox.apply(crds: "\(TestCluster.root)/crds")
            for object in before {
                let (kind, key) = try Self.kind(of: object)
                let expected = kind.spec.completed(object["spec"] ?? [:])
                var read: JSONValue = [:]
                // A server takes a moment to serve another definition.
                for _ in 0..<50 where read["spec"] != expected {
                    read = try await cluster.api.send(.get(kind.resource, key))
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(differences(expected, read["spec"]) == [])
                #expect(read["status"] == object["status"])
                #expect(read["metadata"] == object["metadata"], "an upgrade writes no object")
                #expect(await cluster.refusal(of: try .replace(kind.resource, key, read, manager: "test")) == nil)
                _ = try await cluster.api.answer(to: .delete(kind.resource, key))
            }
        }

        private static func installPrevious(_ cluster: TestCluster) async throws {
            let given = ProcessInfo.processInfo.environment["P2PMIRROR_TEST_PREVIOUS_CRDS"] ?? ""
            let previous = given.isEmpty ? "\(TestCluster.root)/crds" : given
            let hasRules = try await cluster.abilities().hasRules && !given.isEmpty
            let folders = hasRules ? [previous, "\(previous)/without-cel"] : ["\(previous)/without-cel"]
            for (position, folder) in folders.enumerated() {
                var refusals: [String] = []
                for definition in try TestCluster.definitions(in: folder) {
                    let patch = Patch.apply(definition, manager: "sandbox", force: true)
                    let key = ObjectKey(name: definition.name)
                    let request = try KubeRequest.patch(TestCluster.definitions, key, patch)
                    if let error = await cluster.refusal(of: request) { refusals.append(error.message) }
                }
                if refusals.isEmpty { return }
                print("refused, of the release before: \(refusals.joined(separator: "; "))")
                #expect(position + 1 < folders.count, "no definitions of the release before are accepted")
            }
        }

        private static func kind(of object: JSONValue) throws -> (KindSchema, ObjectKey) {
            let kind = try #require(KindSchema.all.first { $0.resource.kind == object["kind"]?.stringValue })
            return (kind, ObjectKey(name: object.name))
        }

        /// Creates an object with its status.
        private static func create(_ object: JSONValue, _ cluster: TestCluster) async throws -> JSONValue {
            let (kind, key) = try Self.kind(of: object)
            var created: JSONValue = try await cluster.api.send(
                .create(kind.resource, namespace: nil, object, manager: "test")
            )
            created["status"] = object["status"]
            return try await cluster.api.send(
                .replace(kind.resource, key, subresource: "status", created, manager: "test")
            )
        }

        @Test(arguments: PlantedFault.all)
        func `a definition with a fault that current servers refuse is refused`(_ fault: PlantedFault) async throws {
            let cluster = try await TestCluster.shared()
            let definition = try fault.definition()
            let request = try KubeRequest.create(TestCluster.definitions, namespace: nil, definition, manager: "test")
            let error = await cluster.refusal(of: request)
            let abilities = try await cluster.abilities()
            if abilities.hasRules {
                #expect(error?.isInvalid == true)
                #expect(error?.message.contains(fault.complaint) == true, "\(error?.message ?? "accepted")")
            }
            if error == nil {
                let key = ObjectKey(name: definition.name)
                _ = try await cluster.api.answer(to: .delete(TestCluster.definitions, key))
            }
        }
    }
}

/// A definition of this checkout with one fault, under another group.
struct PlantedFault: CustomTestStringConvertible {
    var testDescription: String
    /// What the server says of it.
    var complaint: String
    /// Puts the fault into the schema of the specification.
    var plant: @Sendable (JSONValue) -> JSONValue

    func definition() throws -> JSONValue {
        let text = try CRDFile("p2pmirrors").text.replacing("p2pmirror.io", with: "planted.example.org")
        let sound = try #require(YAMLCoding.documents(text).first)
        var version = try #require(sound[path: "spec", "versions"]?.arrayValue?.first)
        let path = ["schema", "openAPIV3Schema", "properties", "spec"]
        let schema = path.reduce(version) { $0[$1] ?? [:] }
        let planted = plant(schema)
        try #require(planted != schema, "the definition has nothing to plant this fault in")
        version = version.setting(planted, at: path)
        return sound.setting([version], at: ["spec", "versions"])
    }

    static let all = [
        PlantedFault(
            testDescription: "a default that lacks a field of its rule: spec.health.disk",
            complaint: "no such key: readmitBelowPercent",
            plant: {
                let path = ["properties", "health", "properties", "disk", "default", "readmitBelowPercent"]
                return $0.setting(nil, at: path)
            }
        ),
        PlantedFault(
            testDescription: "a default that lacks a field of its rule: spec.rollout",
            complaint: "no such key: progressDeadlineSeconds",
            plant: { $0.setting(nil, at: ["properties", "rollout", "default", "progressDeadlineSeconds"]) }
        ),
        PlantedFault(
            testDescription: "a rule with a reserved word: namespace",
            complaint: "x-kubernetes-validations",
            plant: { schema in
                let rules = (schema["x-kubernetes-validations"]?.arrayValue ?? []).map { rule in
                    let text = rule["rule"]?.stringValue ?? ""
                    return rule.setting(.string(text.replacing("__namespace__", with: "namespace")), at: ["rule"])
                }
                return schema.setting(.array(rules), at: ["x-kubernetes-validations"])
            }
        ),
    ]
}
