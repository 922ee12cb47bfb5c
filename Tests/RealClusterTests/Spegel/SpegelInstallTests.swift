import KubeCore
import KubectlTesting
import MirrorAPI
import Testing

extension RealCluster {
    /// An installation by the operator, from nothing and back, with controllers that make pods of DaemonSets and
    /// collect what has lost its owner.
    @Suite(.enabled(if: Kubectl.isThere)) struct SpegelInstallations {
        private static func install(_ version: String) -> JSONValue {
            ["install": ["version": .string(version), "maxUnavailable": "50%"]]
        }

        @Test func `one kubectl apply installs all, and then nothing is written any more`() async throws {
            try await SpegelTrial.run { trial in
                try await trial.operating {
                    try await trial.apply(spegel: Self.install("v0.7.3"), registries: ["docker.io", "ghcr.io"])
                    try await trial.untilInstalled(
                        version: "v0.7.3",
                        registries: ["https://docker.io", "https://ghcr.io"]
                    )
                    try await Self.expectObjects(of: trial)
                    try await trial.until("the mirror counts its peers") {
                        let candidates = try await trial.mirror()[path: "status", "candidates"]
                        return candidates?["published"] == 3 && candidates?["total"] == 3 ? nil : "\(candidates ?? [:])"
                    }
                    #expect(try await trial.condition("Accepted")?["status"] == "True")
                    try await trial.untilQuiet()
                    let written = trial.recorder.writes.count
                    try await Task.sleep(for: .seconds(5))
                    #expect(trial.recorder.writes.dropFirst(written).map(\.description) == [])
                }
            }
        }

        /// What is there beside the pods' template, which `untilInstalled` looks at.
        private static func expectObjects(of trial: SpegelTrial) async throws {
            let mirror = try await trial.mirror()
            #expect(mirror[path: "metadata", "finalizers"]?.arrayValue?.contains("p2pmirror.io/spegel") == true)
            let name = SpegelTrial.daemonSet
            let set = try await trial.get(BareKind.daemonSets, name)
            let metrics = try await trial.get(BareKind.services, name)
            let registry = try await trial.get(BareKind.services, "\(name)-registry")
            let bootstrap = try await trial.get(BareKind.services, "\(name)-bootstrap")
            let account = try await trial.get(BareKind.serviceAccounts, name)
            for object in [set, metrics, registry, bootstrap, account] { expectOwned(object, by: mirror) }

            let template = set[path: "spec", "template"] ?? [:]
            #expect(set[path: "spec", "updateStrategy", "type"] == "OnDelete")
            #expect(template.labels[SpegelTrial.candidate] == "true", "pods are born candidates")
            #expect(template[path: "spec", "serviceAccountName"] == .string(name))
            #expect(set[path: "spec", "selector", "matchLabels", SpegelTrial.candidate] == nil)
            for service in [metrics, registry, bootstrap] {
                let selector = service[path: "spec", "selector"]?.objectValue ?? [:]
                #expect(!selector.isEmpty)
                #expect(selector.allSatisfy { template.labels[$0.key] == $0.value }, "\(service.name)")
            }
            #expect(registry[path: "spec", "type"] == "NodePort")
            #expect(registry[path: "spec", "ports"]?.arrayValue?.compactMap { $0["nodePort"] } == [30021])
            #expect(bootstrap[path: "spec", "clusterIP"] == "None")
            #expect(bootstrap[path: "spec", "publishNotReadyAddresses"] == true)
            #expect(bootstrap[path: "spec", "selector", SpegelTrial.candidate] == "true")
            let containers = template[path: "spec", "containers"]?.arrayValue ?? []
            let arguments = containers.first?["args"]?.arrayValue ?? []
            // Without the cluster's domain, which the pods' resolver adds.
            let domain = "\(name)-bootstrap.\(trial.namespace).svc"
            #expect(arguments.contains("--bootstrap-kind=dns"))
            #expect(arguments.contains(.string("--dns-bootstrap-domain=\(domain)")))
            let elsewhere = try await trial.pods().filter {
                !trial.nodes.contains($0[path: "spec", "nodeName"]?.stringValue ?? "")
            }
            #expect(elsewhere.map(\.name) == [], "pods on nodes that the mirror does not select")
        }

        private static func expectOwned(_ object: JSONValue, by mirror: JSONValue) {
            let labels: [String: JSONValue] = [
                "app.kubernetes.io/name": "spegel", "app.kubernetes.io/instance": .string(SpegelTrial.mirror),
                "app.kubernetes.io/managed-by": "p2pmirror",
                "p2pmirror.io/mirror": .string(SpegelTrial.mirror),
            ]
            for (key, value) in labels { #expect(object.labels[key] == value, "\(object.name): \(key)") }
            let owners = object[path: "metadata", "ownerReferences"]?.arrayValue ?? []
            #expect(owners.map { $0["uid"] } == [.string(mirror.uid)])
            #expect(owners.first?["controller"] == true)
            #expect(object.managed(by: SpegelTrial.ours).map { $0["operation"] } == ["Apply"], "\(object.name)")
        }

        @Test func `an upgrade, a downgrade and other registries go in waves that keep enough pods ready`() async throws
        {
            try await SpegelTrial.run(nodes: 4) { trial in
                try await trial.operating {
                    try await trial.apply(spegel: Self.install("v0.7.3"))
                    try await trial.untilInstalled(version: "v0.7.3")
                    let watch = ReadyWatch(trial)
                    let watching = Task { await watch.run() }
                    try await trial.apply(spegel: Self.install("v0.7.4"))
                    try await trial.untilInstalled(version: "v0.7.4", within: .seconds(90))
                    try await trial.apply(spegel: Self.install("v0.6.0"))
                    try await trial.untilInstalled(version: "v0.6.0", within: .seconds(90))
                    try await trial.apply(spegel: Self.install("v0.6.0"), registries: ["quay.io"])
                    try await trial.untilInstalled(
                        version: "v0.6.0",
                        registries: ["https://quay.io"],
                        within: .seconds(90)
                    )
                    watching.cancel()
                    await watching.value
                    #expect(watch.fewest >= 2, "two of four may be replaced at a time")
                    #expect(watch.looks > 20)
                }
            }
        }

        @Test func `a wave that does not become ready stops the upgrade, and the way back is open`() async throws {
            try await SpegelTrial.run(nodes: 4) { trial in
                try await trial.operating {
                    try await trial.apply(spegel: Self.install("v0.7.3"))
                    try await trial.untilInstalled(version: "v0.7.3")
                    trial.kubelet.withheld = Set(trial.nodes)
                    try await trial.apply(spegel: Self.install("v0.7.4"))
                    try await trial.until("the first pod is replaced and not ready") {
                        let unready = try await trial.pods(component: "spegel").filter { !$0.isReadyPod }
                        return unready.isEmpty ? "all are ready" : nil
                    }
                    try await Task.sleep(for: .seconds(5))
                    let ready = try await trial.pods(component: "spegel").filter(\.isReadyPod)
                    #expect(ready.count == 3, "the others were left alone")
                    try await trial.apply(spegel: Self.install("v0.7.3"))
                    trial.kubelet.withheld = []
                    try await trial.untilInstalled(version: "v0.7.3", within: .seconds(90))
                }
            }
        }
    }
}
