import Foundation
import KubeCore
import Logging
import MirrorAPI
import MirrorOperator
import MirrorSandbox
import Testing

/// A namespace and some Nodes of its own for one test, with kubelets that make pods ready, and an operator in this
/// process.
struct SpegelTrial: Sendable {
    static let mirror = "trial"
    static let ours = "p2pmirror-spegel"
    static let candidate = "p2pmirror.io/candidate"

    let cluster: TestCluster
    let namespace: String
    /// The Nodes that the mirror selects, by name.
    let nodes: [String]
    let kubelet: TestKubelet
    /// All that the operator has written.
    let recorder: RecordingTransport

    var api: KubeAPI { cluster.api }

    /// Runs a test, of which nothing is left afterwards.
    ///
    /// - Parameter nodes: how many Nodes the mirror selects; there is always one more that it does not.
    static func run(nodes: Int = 3, _ body: (SpegelTrial) async throws -> Void) async throws {
        let cluster = try await TestCluster.shared()
        let namespace = "spegel-\(StableHash.short(UUID().uuidString))"
        let kubelet = TestKubelet(cluster.api, namespace: namespace)
        try await cluster.api.createBare(namespaceObject(namespace), manager: "test")
        let accounts = try await cluster.accounts(.withSpegel, spegelIn: namespace)
        let trial = SpegelTrial(
            cluster: cluster,
            namespace: namespace,
            nodes: (1...nodes).map { "\(namespace)-\($0)" },
            kubelet: kubelet,
            recorder: RecordingTransport(accounts.operatorTransport)
        )
        let helpers = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await kubelet.run() }
                if !cluster.hasControllerManager {
                    group.addTask { await TestDaemonSets(api: cluster.api, namespace: namespace).run() }
                }
            }
        }
        var failure: (any Error)?
        do {
            try await trial.prepare()
            try await body(trial)
        } catch {
            failure = error
        }
        let complaints = kubelet.complaints
        do {
            try await trial.takeAway()
        } catch {
            failure = failure ?? error
        }
        helpers.cancel()
        await helpers.value
        if let failure { throw failure }
        #expect(complaints == [])
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
        let mirrorOperator = try MirrorOperator(recorder, options: options, logger: logger)
        let running = Task { await mirrorOperator.run() }
        var failure: (any Error)?
        do { try await body() } catch { failure = error }
        running.cancel()
        await running.value
        if let failure { throw failure }
    }

    private static func namespaceObject(_ name: String) -> JSONValue {
        ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]]
    }

    private func prepare() async throws {
        for (number, name) in nodes.enumerated() { try await createNode(name, number, labels: selected) }
        try await createNode("\(namespace)-other", nodes.count, labels: [:])
    }

    /// The labels by which the mirror selects its Nodes.
    private var selected: [String: JSONValue] { ["p2pmirror.io/test": .string(namespace)] }

    private func createNode(_ name: String, _ number: Int, labels: [String: JSONValue]) async throws {
        let now = JSONValue.string(WallClock.now().timestamp.description)
        let own: [String: JSONValue] = ["kubernetes.io/os": "linux", "kubernetes.io/hostname": .string(name)]
        let node: JSONValue = [
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(name), "labels": .object(own.merging(labels) { $1 })],
            "status": [
                "addresses": [["type": "InternalIP", "address": .string("10.0.1.\(number + 1)")]],
                "allocatable": ["cpu": "2", "memory": "4Gi", "pods": "110"],
                "capacity": ["cpu": "2", "memory": "4Gi", "pods": "110"],
                "conditions": [
                    [
                        "type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now,
                        "lastTransitionTime": now,
                    ]
                ],
                "nodeInfo": [
                    "kubeletVersion": "v1.32.4", "operatingSystem": "linux", "architecture": "amd64",
                    "containerRuntimeVersion": "containerd://2.0.5", "bootID": "", "kernelVersion": "",
                    "kubeProxyVersion": "", "machineID": "", "osImage": "", "systemUUID": "",
                ],
            ],
        ]
        try await api.createBare(node, manager: "kubelet")
    }

    /// Takes everything away, also where the operator has not.
    private func takeAway() async throws {
        let mirror = ObjectKey(name: Self.mirror)
        try await api.delete(P2PMirror.self, mirror)
        if try await api.bare(P2PMirror.resource, mirror) != nil {
            try await api.meddle(P2PMirror.resource, mirror, ["metadata": ["finalizers": nil]])
        }
        for resource in [BareKind.daemonSets, BareKind.services] {
            for object in try await api.allBare(resource, namespace) {
                try await api.deleteBare(resource, ObjectKey(namespace: namespace, name: object.name))
            }
        }
        for name in nodes + ["\(namespace)-other"] { try await api.deleteBare(BareKind.nodes, ObjectKey(name: name)) }
        try await until("the pods are gone") { try await pods().isEmpty ? nil : "there are some" }
        for node in try await api.list(MirrorNode.self) where node.spec.mirrorName == Self.mirror {
            try await api.delete(MirrorNode.self, node.key)
        }
        try await api.deleteBare(BareKind.namespaces, ObjectKey(name: namespace))
    }
}
