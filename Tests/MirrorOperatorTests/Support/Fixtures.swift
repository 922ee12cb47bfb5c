import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Synchronization

/// Objects and helpers that the tests share.
enum Fixture {
    static let namespace = "p2pmirror-system"
    static let lease = ObjectKey(namespace: namespace, name: DisruptionLease.name)
    static let start = MicroTimestamp(microseconds: 1_767_225_600_000_000)
    /// Of a Lease that is made at the start: the seconds since 2025, of which it is the end.
    static let firstEpoch = 365 * 24 * 3600
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func mirror(_ name: String = "m", mode: Mode = .enforce, pause: [String] = []) -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: name),
            spec: P2PMirrorSpec(provider: .rke2, mode: mode, pauseRequests: pause)
        )
    }

    static func mirrorNode(_ node: String, mirror: String = "m", revision: String? = nil) -> MirrorNode {
        MirrorNode(
            metadata: ObjectMeta(name: Names.mirrorNode(mirror: mirror, node: node)),
            spec: MirrorNodeSpec(
                mirrorName: mirror,
                nodeName: node,
                nodeUID: "uid-\(node)",
                provider: .rke2,
                role: .server,
                desired: revision == nil ? nil : .init(server: ServerSetting(action: .clear)),
                revision: revision
            )
        )
    }

    static func intent(
        _ node: String,
        mirror: String = "m",
        uid: String? = nil,
        revision: String? = nil
    ) -> MirrorNodeIntent {
        let object = mirrorNode(node, mirror: mirror, revision: revision)
        return MirrorNodeIntent(
            name: object.metadata.name,
            labels: [LabelKey.mirror: mirror],
            owner: OwnerReference(
                apiVersion: "p2pmirror.io/v1alpha1",
                kind: "P2PMirror",
                name: mirror,
                uid: uid ?? "u"
            ),
            spec: object.spec
        )
    }

    /// What a server with the embedded registry on publishes of its arguments.
    static func arguments(_ server: String?) -> String {
        let url = server.map { #","--server","\#($0)""# } ?? ""
        return #"["server","--embedded-registry=true"\#(url)]"#
    }

    static func server(_ name: String, number: Int, server: String? = nil, ready: Bool = true) -> Node {
        Node(
            metadata: ObjectMeta(
                name: name,
                uid: "uid-\(name)",
                creationTimestamp: Timestamp(seconds: 1_760_000_000 + Int64(number)),
                labels: [
                    "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/etcd": "true",
                    "kubernetes.io/os": "linux", "p2p.rke2.cattle.io/enabled": "true",
                ],
                annotations: [
                    "rke2.io/node-args": arguments(server), "rke2.io/node-env": "{}",
                    "rke2.io/node-config-hash": "H====",
                    "rke2.io/hostname": name,
                ]
            ),
            status: Node.Status(
                conditions: [
                    Node.Condition(type: "Ready", status: ready ? "True" : "False"),
                    Node.Condition(type: "EtcdIsVoter", status: "True"),
                ],
                addresses: [Node.Address(type: "InternalIP", address: "10.0.0.\(number)")],
                nodeInfo: Node.Info(kubeletVersion: "v1.32.3+rke2r1")
            )
        )
    }

    static func approval(_ revision: String, epoch: Int = 1) -> MirrorNodeSpec.Approval {
        MirrorNodeSpec.Approval(
            revision: revision,
            epoch: epoch,
            expires: start.timestamp + 120,
            deadlineSeconds: 600,
            reason: "test"
        )
    }

    static func status(_ message: String = "well") -> P2PMirrorStatus {
        P2PMirrorStatus(
            observedGeneration: 1,
            conditions: [
                Condition(type: "Ready", status: .true, observedGeneration: 1, reason: "Healthy", message: message),
                Condition(type: "Stalled", status: .false, observedGeneration: 1, reason: "NotStalled", message: "No."),
            ]
        )
    }

    static func executor(_ cluster: TestCluster, now: MicroTimestamp = start) -> PlanExecutor {
        let api = KubeAPI(cluster)
        let writes = OwnWrites(logger: logger)
        return PlanExecutor(
            api,
            applier: Applier(api, ownWrites: writes, logger: logger),
            ownWrites: writes,
            statuses: StatusWriter(api, writes),
            leaseNamespace: namespace,
            now: { now }
        )
    }

    static func recorder(_ transport: any Transport, inFlight: Int = 4, share: Int = 100) -> MirrorNodeWriter {
        let api = KubeAPI(transport)
        let writes = OwnWrites(logger: logger)
        return MirrorNodeWriter(
            api,
            applier: Applier(api, ownWrites: writes, logger: logger),
            ownWrites: writes,
            inFlight: inFlight,
            share: share
        )
    }
}

/// A wall clock that a test moves.
final class TestTime: Sendable {
    private let present = Mutex(Fixture.start)

    var now: MicroTimestamp { present.withLock { $0 } }

    func advance(seconds: Int64) {
        present.withLock { $0 = MicroTimestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
    }
}

/// What a test's callbacks were called with.
final class Collected<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])

    var all: [Value] { values.withLock { $0 } }

    func add(_ value: Value) { values.withLock { $0.append(value) } }

    func clear() { values.withLock { $0 = [] } }
}
