import Foundation
import KubeCore
import Logging
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import MirrorSandbox
import Synchronization
import Testing

/// A release of Dragonfly in a namespace of its own, an operator in this process, and daemons that answer it as they
/// are told: no packet leaves for the addresses of the pods.
struct DragonflyTrial: Sendable {
    let cluster: TestCluster
    let namespace: String
    let recorder: RecordingTransport
    let daemons: ToldDaemons

    var api: KubeAPI { cluster.api }
    var mirror: String { namespace }
    var seeds: [String] { (0...2).map { "dragonfly-seed-client-\($0)" } }

    /// Runs a test, of which nothing is left afterwards.
    static func run(_ chart: TestRelease, _ body: (DragonflyTrial) async throws -> Void) async throws {
        let cluster = try await TestCluster.shared()
        let namespace = "dragonfly-\(StableHash.short(UUID().uuidString))"
        let names = JSONValue.object([
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)],
        ])
        try await cluster.api.createBare(names, manager: "test")
        let accounts = try await cluster.accounts(.withDragonfly, dragonflyIn: namespace)
        let trial = DragonflyTrial(
            cluster: cluster,
            namespace: namespace,
            recorder: RecordingTransport(accounts.operatorTransport),
            daemons: ToldDaemons()
        )
        var failure: (any Error)?
        do {
            for object in chart.objects(namespace) { try await trial.create(object) }
            for pod in chart.pods(namespace) { try await trial.run(pod) }
            try await body(trial)
        } catch {
            failure = error
        }
        do { try await trial.takeAway() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    private func create(_ object: JSONValue) async throws(KubeError) {
        guard let resource = TestRelease.resource(object["kind"]?.stringValue ?? "") else {
            throw KubeError(.configuration, "the tests know no such kind: \(object)")
        }
        _ = try await api.answer(to: .create(resource, namespace: namespace, object, manager: "helm"))
    }

    /// Makes a pod, and does what its kubelet would.
    private func run(_ pod: JSONValue) async throws {
        var body = pod
        body["status"] = nil
        try await create(body)
        let key = ObjectKey(namespace: namespace, name: pod.name)
        let status: JSONValue = ["status": pod["status"] ?? [:]]
        _ = try await api.answer(
            to: .patch(Pod.resource, key, subresource: "status", .merge(status), manager: "kubelet")
        )
    }

    /// Runs the operator while the body runs.
    func operating(_ body: () async throws -> Void) async throws {
        let options = OperatorOptions(
            leaseNamespace: TestCluster.leaseNamespace,
            identity: namespace,
            leaderElection: false
        )
        var logger = Logger(label: "operator")
        logger.logLevel = .warning
        let daemons = daemons
        let mirrorOperator = try MirrorOperator(
            recorder,
            options: options,
            peers: { url throws(KubeError) in daemons.pages(url) },
            calls: daemons,
            logger: logger
        )
        let running = Task { await mirrorOperator.run() }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        running.cancel()
        await running.value
        if let failure { throw failure }
    }

    func apply(mode: String) async throws {
        let object: JSONValue = [
            "apiVersion": "p2pmirror.io/v1alpha1", "kind": "P2PMirror", "metadata": ["name": .string(mirror)],
            "spec": [
                "provider": "Dragonfly", "mode": .string(mode), "namespace": .string(namespace),
                "selector": ["matchLabels": ["p2pmirror.io/test": .string(namespace)]],
                "candidates": ["healthyForSeconds": 10, "unhealthyForSeconds": 5],
            ],
        ]
        _ = try await api.answer(
            to: .patch(P2PMirror.resource, ObjectKey(name: mirror), .apply(object, manager: "admin", force: true))
        )
    }

    func status() async throws -> JSONValue {
        try await api.bare(P2PMirror.resource, ObjectKey(name: mirror))?["status"] ?? [:]
    }

    func condition(_ type: String) async throws -> JSONValue {
        try await status()["conditions"]?.arrayValue?.first { $0["type"] == .string(type) } ?? [:]
    }

    func policies() async throws -> [JSONValue] {
        try await api.allBare(NetworkPolicyKind.resource, namespace)
    }

    /// Every object of the namespace, whole.
    func record() async throws -> [String: JSONValue] {
        var objects: [String: JSONValue] = [:]
        for kind in TestRelease.kinds + [Pod.resource] {
            for object in try await api.allBare(kind, namespace) { objects["\(kind.kind) \(object.name)"] = object }
        }
        return objects
    }

    func until(_ what: String, within limit: Duration = .seconds(30), _ complaint: () async throws -> String?)
        async throws
    {
        let deadline = ContinuousClock.now + limit
        while let text = try await complaint() {
            guard ContinuousClock.now < deadline else {
                let status = try await status()
                throw ScenarioFailure("\(what): not within \(limit): \(text); the mirror: \(status)")
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Returns once it is gone.
    func deleteMirror() async throws {
        try await api.delete(P2PMirror.self, ObjectKey(name: mirror))
        try await until("the mirror is gone") {
            try await api.find(P2PMirror.self, ObjectKey(name: mirror)) == nil ? nil : "it is there"
        }
    }

    private func takeAway() async throws {
        try await api.delete(P2PMirror.self, ObjectKey(name: mirror))
        for kind in TestRelease.kinds + [Pod.resource] {
            for object in try await api.allBare(kind, namespace) {
                try await api.deleteBare(kind, ObjectKey(namespace: namespace, name: object.name))
            }
        }
        for number in 1...3 { try await api.deleteBare(BareKind.nodes, ObjectKey(name: "\(namespace)-\(number)")) }
        try await api.deleteBare(BareKind.namespaces, ObjectKey(name: namespace))
    }
}
