import Foundation
import KubeCore
import KubectlTesting
import MirrorAPI
import Testing

extension RealCluster {
    /// An unmodified kubectl with our kinds: on every server the same commands have the same outcome.
    @Suite(.enabled(if: Kubectl.isThere)) struct KubectlCommands {
        private static let transcripts = URL(filePath: TestCluster.root)
            .appending(path: "Tests/RealClusterTests/Transcripts")

        private static let mirror = """
            apiVersion: p2pmirror.io/v1alpha1
            kind: P2PMirror
            metadata: {name: trial, labels: {team: red}}
            spec: {provider: RKE2, pauseRequests: [one, two], selector: {matchLabels: {p2pmirror.io/test: nowhere}}}

            """

        private static let files = [
            "mirror.yaml": mirror,
            "changed.yaml": mirror.replacing("[one, two]", with: "[one], rollout: {minReadySeconds: 5}")
                .replacing("red", with: "blue"),
            "wrong.yaml": mirror.replacing("provider: RKE2", with: "provider: RKE2, topologie: {}"),
            "lease.yaml": lease(holder: "a"), "lease-changed.yaml": lease(holder: "b"),
            "editor": "#!/bin/sh\nsed -i 's/minReadySeconds: .*/minReadySeconds: 7/' \"$1\"\n",
        ]

        private static func lease(holder: String) -> String {
            """
            apiVersion: coordination.k8s.io/v1
            kind: Lease
            metadata: {name: trial, namespace: \(TestCluster.leaseNamespace)}
            spec: {holderIdentity: \(holder), leaseDurationSeconds: 5}

            """
        }

        private static func node(_ name: String, of mirror: P2PMirror) -> MirrorNode {
            var owner = mirror.controllerReference()
            owner.blockOwnerDeletion = true
            let spec = MirrorNodeSpec(
                mirrorName: "trial",
                nodeName: name,
                nodeUID: "1",
                provider: .rke2,
                role: .agent
            )
            return MirrorNode(metadata: ObjectMeta(name: "trial.\(name)", ownerReferences: [owner]), spec: spec)
        }

        /// Once the server's documents have our kinds: a real one brings them up to date some seconds after a
        /// definition. kubectl is not asked before: it would keep the old documents, and 1.20 says that they are new.
        private static func kubectl(_ cluster: TestCluster) async throws -> Kubectl {
            let names = ["io.p2pmirror.v1alpha1.P2PMirror", "io.p2pmirror.v1alpha1.MirrorNode"]
            for _ in 0..<300 {
                let documents = try await cluster.api.answer(to: KubeRequest(.get, "/openapi/v2"))
                let text = String(decoding: documents.body, as: UTF8.self)
                if names.allSatisfy({ text.contains("\"\($0)\"") }) { break }
                try await Task.sleep(for: .milliseconds(200))
            }
            return try Kubectl(kubeconfig: String(contentsOfFile: cluster.kubeconfig, encoding: .utf8), files: files)
        }

        @Test func `kubectl explains, applies, edits, reads and deletes our kinds alike on every server`() async throws
        {
            let cluster = try await TestCluster.shared()
            var kubectl = try await Self.kubectl(cluster)
            defer { kubectl.close() }
            try await Self.explain(&kubectl)
            try await Self.write(&kubectl)
            try await Self.read(&kubectl)
            try await Self.refuse(&kubectl)
            try await Self.delete(&kubectl, cluster.api)
            let version: JSONValue = try await cluster.api.send(KubeRequest(.get, "/version"))
            // What was recorded is what 1.20 says, and so does the embedded server to a kubectl of that time.
            let isKnown =
                version["minor"] == "20" || version["gitVersion"]?.stringValue?.contains("p2pmirror") == true
            let (said, recorded) = try await kubectl.comparison(
                in: Self.transcripts,
                else: "1.20",
                codesOnly: !isKnown
            )
            #expect(said == recorded)
        }

        @Test(arguments: ["p2pmirrors", "mirrornodes"])
        func `kubectl explains every field of the definitions with its type`(_ plural: String) async throws {
            let cluster = try await TestCluster.shared()
            let kubectl = try await Self.kubectl(cluster)
            defer { kubectl.close() }
            let file = URL(filePath: "\(TestCluster.root)/crds/p2pmirror.io_\(plural).yaml")
            let definition = try #require(try YAMLCoding.documents([UInt8](Data(contentsOf: file))).first)
            let version = try #require(definition["spec"]?["versions"]?.arrayValue?.first)
            let schema = version["schema"]?["openAPIV3Schema"]?["properties"]
            for part in ["spec", "status"] {
                let outcome = try await kubectl.run("explain \(plural).\(part) --recursive")
                let fields = outcome.text.split(separator: "\n").filter { $0.contains("\t<") }
                    .map { String($0.drop { $0 == " " }).replacing(" -required-", with: "") }
                #expect(outcome.status == 0)
                // Of a number or a percentage kubectl knows no type: releases from 1.27 on call it an object.
                let expected = ["", "Object"].map { Self.fields(of: schema?[part] ?? [:], untyped: $0) }
                #expect(expected.contains(fields), "\(fields)")
            }
        }

        /// kubectl takes a word for a category before it takes it for a kind, and then allows no name behind it.
        @Test(arguments: ["p2pmirror", "p2pmirrors", "p2pm", "p2pmirrors.p2pmirror.io"])
        func `one mirror is found by each name of its kind`(_ kind: String) async throws {
            let cluster = try await TestCluster.shared()
            let kubectl = try await Self.kubectl(cluster)
            defer { kubectl.close() }
            let commands = [
                "apply -f mirror.yaml", "get \(kind) trial", "get \(kind)/trial", "describe \(kind) trial",
                "label \(kind) trial team=green --overwrite", "annotate \(kind) trial note=why",
                #"patch \#(kind) trial --type merge -p {"spec":{"mode":"Enforce"}}"#, "edit \(kind) trial",
                "apply -f changed.yaml --server-side --force-conflicts",
                "wait --for=jsonpath={.spec.rollout.minReadySeconds}=5 \(kind)/trial --timeout=10s",
                "delete \(kind) trial", "wait --for=delete \(kind)/trial --timeout=10s",
            ]
            for command in commands {
                let outcome = try await kubectl.run(command)
                // Older releases of kubectl wait for conditions and deletions alone.
                let isUnknown = outcome.text.contains("unrecognized condition")
                #expect(outcome.status == 0 || isUnknown, "kubectl \(command): \(outcome.text)")
            }
        }

        @Test func `every sample is accepted, and by current servers all of the manifests`() async throws {
            let cluster = try await TestCluster.shared()
            let kubectl = try await Self.kubectl(cluster)
            defer { kubectl.close() }
            let manifests = "\(TestCluster.root)/manifests"
            let samples = try FileManager.default.contentsOfDirectory(atPath: "\(manifests)/samples").sorted()
            var commands = samples.map { "-f manifests/samples/\($0)" }
            let abilities = try await cluster.abilities()
            // 1.20 lacks policy/v1, and the embedded server most of the kinds.
            if abilities.hasRules, !abilities.isEmbedded {
                // Where the overlay for Dragonfly binds a role.
                _ = try await kubectl.run("create namespace dragonfly-system")
                let overlays = try FileManager.default.contentsOfDirectory(atPath: "\(manifests)/overlays").sorted()
                commands += ["base"].map { "-k manifests/\($0)" } + overlays.map { "-k manifests/overlays/\($0)" }
            }
            #expect(samples.count > 4)
            for command in commands {
                let outcome = try await kubectl.run("apply --dry-run=server \(command)")
                #expect(outcome.status == 0, "kubectl apply \(command): \(outcome.text)")
            }
        }

        /// The fields below a schema with their types, as kubectl writes them.
        private static func fields(of schema: JSONValue, untyped: String) -> [String] {
            let item = schema["type"] == "array" ? schema["items"] ?? [:] : schema
            return (item["properties"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
                .flatMap { ["\($0)\t<\(type(of: $1, untyped))>"] + fields(of: $1, untyped: untyped) }
        }

        private static func type(of schema: JSONValue, _ untyped: String) -> String {
            switch schema["type"]?.stringValue {
            case "array"?: "[]\(type(of: schema["items"] ?? [:], untyped))"
            case "object"? where schema["additionalProperties"] != nil:
                "map[string]\(type(of: schema["additionalProperties"] ?? [:], untyped))"
            case "object"?: "Object"
            case let other: other ?? untyped
            }
        }

        private static func explain(_ kubectl: inout Kubectl) async throws {
            try await kubectl.type(
                "explain p2pmirror.spec.selector --recursive",
                "explain p2pmirror.spec.mode",
                "explain mn.spec.approval",
                "explain mn.spec.nothing",
                "api-resources --api-group=p2pmirror.io"
            )
        }

        private static func write(_ kubectl: inout Kubectl) async throws {
            try await kubectl.type("apply -f mirror.yaml", "apply -f mirror.yaml")
            try await kubectl.typeForStatus("diff -f mirror.yaml", "diff -f changed.yaml")
            try await kubectl.type(
                "apply -f changed.yaml",
                "get p2pm trial -o jsonpath={.spec.pauseRequests}{.metadata.labels}{.spec.rollout.minReadySeconds}",
                "edit p2pm trial",
                "get p2pm trial -o jsonpath={.spec.rollout.minReadySeconds}",
                "replace -f mirror.yaml",
                "replace --force -f mirror.yaml",
                "label p2pm trial team=green",
                "label p2pm trial team=green --overwrite",
                "annotate p2pm trial note=why",
                #"patch p2pm trial --type merge -p {"spec":{"mode":"Enforce"}}"#,
                #"patch p2pm trial --type json -p [{"op":"replace","path":"/spec/mode","value":"Observe"}]"#,
                "apply -f lease.yaml",
                "apply -f lease-changed.yaml",
                #"patch lease trial -n p2pmirror-system -p {"spec":{"leaseDurationSeconds":7}}"#,
                "get lease trial -n p2pmirror-system -o jsonpath={.spec}"
            )
        }

        private static func read(_ kubectl: inout Kubectl) async throws {
            try await kubectl.type(
                "get p2pm trial",
                "get p2pm trial -o wide",
                "get p2pm -o custom-columns=NAME:.metadata.name,MODE:.spec.mode --sort-by=.metadata.name",
                "get p2pm --field-selector metadata.name=trial -o name",
                "get p2pm -A -l team=green -o name --chunk-size=1",
                "get lease trial -n p2pmirror-system",
                "wait --for=condition=Ready p2pm/trial --timeout=100ms"
            )
        }

        /// What there is not: a clean error and never a success.
        private static func refuse(_ kubectl: inout Kubectl) async throws {
            try await kubectl.type(
                "apply -f wrong.yaml",
                "get p2pm --field-selector spec.mode=Observe",
                #"patch p2pm trial --type merge -p {"spec":{"mode":"Maybe"}}"#,
                "scale p2pm trial --replicas=2",
                "get --raw /apis/p2pmirror.io/v1alpha1/nothings"
            )
            try await kubectl.typeForStatus(
                #"patch p2pm trial --type strategic -p {"spec":{"mode":"Enforce"}}"#,
                #"patch p2pm trial --type json -p [{"op":"replace","path":"/spec/none/none","value":1}]"#
            )
        }

        private static func delete(_ kubectl: inout Kubectl, _ api: KubeAPI) async throws {
            let owners = "get mn -o jsonpath={range.items[*]}{.metadata.name}{.metadata.ownerReferences}{end}"
            try await own(["a", "b"], api)
            try await kubectl.type("delete p2pm trial --cascade=orphan --timeout=60s", owners)
            try await kubectl.type("delete mn --all", "apply -f mirror.yaml")
            try await own(["a", "b"], api)
            try await kubectl.type(
                "delete p2pm trial --cascade=foreground --timeout=60s",
                owners,
                "delete p2pm trial",
                "delete p2pm trial --ignore-not-found",
                "delete -f lease.yaml"
            )
        }

        private static func own(_ names: [String], _ api: KubeAPI) async throws {
            let mirror = try await api.get(P2PMirror.self, ObjectKey(name: "trial"))
            for name in names { try await api.create(node(name, of: mirror), manager: "test") }
        }
    }
}
