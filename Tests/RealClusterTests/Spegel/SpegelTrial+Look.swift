import Foundation
import KubeCore
import KubectlTesting
import MirrorAPI
import MirrorSandbox

// What a test sees and does.
extension SpegelTrial {
    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// The object, which must be there.
    func get(_ resource: ResourceType, _ name: String) async throws -> JSONValue {
        guard let object = try await api.bare(resource, key(name)) else {
            throw ScenarioFailure("there is no \(resource.kind) \(name)")
        }
        return object
    }

    /// The pods of Spegel; those of the clean-up are another component.
    func pods(component: String? = nil) async throws -> [JSONValue] {
        try await api.allBare(BareKind.pods, namespace).filter {
            component == nil || $0.labels["app.kubernetes.io/component"]?.stringValue == component
        }
    }

    func mirror() async throws -> JSONValue {
        guard let object = try await api.bare(P2PMirror.resource, ObjectKey(name: Self.mirror)) else {
            throw ScenarioFailure("the mirror is gone")
        }
        return object
    }

    /// Waits until there is no complaint any more.
    ///
    /// - Throws: `ScenarioFailure` with the last complaint and the mirror's status after `limit`.
    func until(
        _ what: String,
        within limit: Duration = .seconds(30),
        _ complaint: () async throws -> String?
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while let text = try await complaint() {
            guard ContinuousClock.now < deadline else {
                let mirror = try await api.bare(P2PMirror.resource, ObjectKey(name: Self.mirror))
                let status = try mirror?["status"].map { String(decoding: try JSONCoding.encode($0), as: UTF8.self) }
                throw ScenarioFailure("\(what): not within \(limit): \(text); the mirror: \(status ?? "none")")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The mirror as one file for kubectl.
    func manifest(
        spegel: JSONValue,
        registries: [String] = [],
        rollout: [String: JSONValue] = [:]
    ) throws -> String {
        var spec: JSONValue = [
            "provider": "Spegel", "mode": "Enforce", "namespace": .string(namespace),
            "selector": ["matchLabels": ["p2pmirror.io/test": .string(namespace)]], "health": ["probes": []],
            "candidates": ["healthyForSeconds": 10],
            "rollout": .object(["minReadySeconds": 0].merging(rollout) { $1 }), "spegel": spegel,
        ]
        if !registries.isEmpty { spec["registries"] = .array(registries.map { .string($0) }) }
        let object: JSONValue = [
            "apiVersion": "p2pmirror.io/v1alpha1", "kind": "P2PMirror", "metadata": ["name": .string(Self.mirror)],
            "spec": spec,
        ]
        return String(decoding: try JSONCoding.encode(object), as: UTF8.self)
    }

    /// `kubectl apply` of one mirror.
    func apply(
        spegel: JSONValue,
        registries: [String] = [],
        rollout: [String: JSONValue] = [:]
    ) async throws {
        let text = try manifest(spegel: spegel, registries: registries, rollout: rollout)
        try await kubectl("apply --validate=false -f mirror.yaml", ["mirror.yaml": text])
    }

    /// Runs kubectl, which must succeed.
    func kubectl(_ line: String, _ files: [String: String] = [:]) async throws {
        let kubeconfig = try String(contentsOfFile: cluster.kubeconfig, encoding: .utf8)
        let kubectl = try Kubectl(kubeconfig: kubeconfig, files: files)
        defer { kubectl.close() }
        let outcome = try await kubectl.run(line)
        guard outcome.status == 0 else { throw ScenarioFailure("kubectl \(line): \(outcome.text)") }
    }

    /// The condition of that type, as the mirror shows it.
    func condition(_ type: String) async throws -> JSONValue? {
        (try await mirror()[path: "status", "conditions"]?.arrayValue ?? []).first { $0["type"] == .string(type) }
    }

    /// What the operator has written in the trial's namespace, in order.
    func writes(_ resource: ResourceType) -> [RecordingTransport.Write] {
        recorder.writes.filter { $0.isOf(resource, in: namespace) }
    }
}
