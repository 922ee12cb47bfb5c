import KubeCore
import Testing

@testable import MirrorSandbox

@Suite struct StatefulPodTests {
    private static func set(_ spec: JSONValue = [:], template: String = "x") -> JSONValue {
        let base: JSONValue = [
            "replicas": 3, "updateStrategy": ["type": "RollingUpdate"],
            "template": ["metadata": ["labels": ["app": .string(template)]], "spec": ["containers": []]],
            "volumeClaimTemplates": [["metadata": ["name": "storage"]]],
        ]
        return [
            "metadata": ["name": "s", "namespace": "n", "uid": "s-uid"],
            "spec": .object((base.objectValue ?? [:]).merging(spec.objectValue ?? [:]) { $1 }),
        ]
    }

    private static let nodes: [JSONValue] = ["b", "a"].map { ["metadata": ["name": .string($0)]] }

    private static func made(_ plan: StatefulSetPlan, ready: Bool = true) -> [JSONValue] {
        plan.creations.map { pod in
            var pod = pod
            pod["status"] = ["conditions": [["type": "Ready", "status": ready ? "True" : "False"]]]
            return pod
        }
    }

    @Test func `pods have numbers, names of their own in a label, nodes by their number, and claims`() throws {
        let plan = StatefulSetPlan(Self.set(["podManagementPolicy": "Parallel"]), nodes: Self.nodes, pods: [])
        #expect(plan.creations.map(\.objectName) == ["s-0", "s-1", "s-2"])
        #expect(plan.creations.compactMap(PodView.node) == ["a", "b", "a"])
        let labels = plan.creations[1].stringMap(["metadata", "labels"])
        #expect(labels["statefulset.kubernetes.io/pod-name"] == "s-1")
        #expect(labels["apps.kubernetes.io/pod-index"] == "1")
        let volume = try #require(plan.creations[1].at(["spec", "volumes"])?.arrayValue?.first)
        #expect(volume.at(["persistentVolumeClaim", "claimName"]) == "storage-s-1")
    }

    @Test func `in order, the next pod comes when the one before is ready`() {
        let first = StatefulSetPlan(Self.set(), nodes: Self.nodes, pods: [])
        #expect(first.creations.map(\.objectName) == ["s-0"])
        let unready = StatefulSetPlan(Self.set(), nodes: Self.nodes, pods: Self.made(first, ready: false))
        #expect(unready.creations.isEmpty)
        let second = StatefulSetPlan(Self.set(), nodes: Self.nodes, pods: Self.made(first))
        #expect(second.creations.map(\.objectName) == ["s-1"])
        #expect(second.status["readyReplicas"] == 1)
    }

    @Test func `fewer replicas take the highest numbers, and a new template replaces one pod at a time`() {
        let parallel: JSONValue = ["podManagementPolicy": "Parallel"]
        let pods = Self.made(StatefulSetPlan(Self.set(parallel), nodes: Self.nodes, pods: []))
        #expect(StatefulSetPlan(Self.set(["replicas": 2]), nodes: Self.nodes, pods: pods).deletions == ["s-2"])
        let newer = Self.set(parallel, template: "y")
        #expect(StatefulSetPlan(newer, nodes: Self.nodes, pods: pods).deletions == ["s-2"])
        #expect(StatefulSetPlan(newer, nodes: Self.nodes, pods: Array(pods.prefix(2))).deletions.isEmpty)
        let held = Self.set(["updateStrategy": ["type": "OnDelete"]], template: "y")
        #expect(StatefulSetPlan(held, nodes: Self.nodes, pods: pods).deletions.isEmpty)
    }

    private static func pod(_ name: String, host: Bool = false) -> JSONValue {
        [
            "metadata": [
                "name": .string(name), "namespace": "n",
                "labels": ["statefulset.kubernetes.io/pod-name": .string(name), "app": "d"],
            ], "spec": ["hostNetwork": .bool(host), "nodeName": "node-1"],
        ]
    }

    private static func policy(_ spec: JSONValue, namespace: String = "n") -> JSONValue {
        ["metadata": ["name": "p", "namespace": .string(namespace)], "spec": spec]
    }

    private static let quarantine = policy([
        "podSelector": ["matchLabels": ["statefulset.kubernetes.io/pod-name": "s-0"]], "policyTypes": ["Ingress"],
        "ingress": [["ports": [["port": 4_002, "endPort": 4_004]]]],
    ])

    @Test func `a policy that selects a pod leaves it the ports that it allows, and other pods all`() {
        let ports: [UInt16] = [4_000, 4_002, 4_003, 4_005]
        #expect(NetworkPolicyView.denied(ports, of: Self.pod("s-0"), by: [Self.quarantine]) == [4_000, 4_005])
        #expect(NetworkPolicyView.denied(ports, of: Self.pod("s-1"), by: [Self.quarantine]).isEmpty)
        #expect(NetworkPolicyView.denied(ports, of: Self.pod("s-0", host: true), by: [Self.quarantine]).isEmpty)
    }

    @Test func `policies add up: another one that allows a port opens it`() {
        let other = Self.policy([
            "podSelector": ["matchLabels": ["app": "d"]], "ingress": [["ports": [["port": 4_000]]]],
        ])
        let both = [Self.quarantine, other]
        #expect(NetworkPolicyView.denied([4_000, 4_005], of: Self.pod("s-0"), by: both) == [4_005])
        let all = Self.policy(["podSelector": [:], "ingress": [[:]]])
        #expect(NetworkPolicyView.denied([4_000], of: Self.pod("s-0"), by: [Self.quarantine, all]).isEmpty)
        let egress = Self.policy(["podSelector": [:], "policyTypes": ["Egress"]])
        #expect(NetworkPolicyView.denied([4_000], of: Self.pod("s-1"), by: [egress]).isEmpty)
        let elsewhere = Self.policy(["podSelector": [:]], namespace: "m")
        #expect(NetworkPolicyView.denied([4_000], of: Self.pod("s-1"), by: [elsewhere]).isEmpty)
        let udp = Self.policy(["podSelector": [:], "ingress": [["ports": [["port": 4_000, "protocol": "UDP"]]]]])
        #expect(NetworkPolicyView.denied([4_000], of: Self.pod("s-1"), by: [udp]) == [4_000])
    }

    @Test func `mounts lead to ConfigMaps, the node, claims and scratch, and variables have their fields`() {
        var pod = Self.pod("s-0")
        pod["spec"] = [
            "nodeName": "node-1",
            "containers": [
                [
                    "volumeMounts": [
                        ["name": "config", "mountPath": "/etc/d"], ["name": "data", "mountPath": "/var/d/"],
                        ["name": "run", "mountPath": "/run"], ["name": "tmp", "mountPath": "/tmp"],
                    ],
                    "env": [
                        ["name": "A", "value": "1"],
                        ["name": "POD", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
                    ],
                ]
            ],
            "volumes": [
                [
                    "name": "config",
                    "projected": ["sources": [["configMap": ["name": "a"]], ["configMap": ["name": "b"]]]],
                ], ["name": "data", "persistentVolumeClaim": ["claimName": "c"]],
                ["name": "run", "hostPath": ["path": "/var/run"]], ["name": "tmp", "emptyDir": [:]],
            ],
        ]
        let mounts = PodMounts(pod)
        #expect(mounts.sources["/etc/d"] == .configMaps(["a", "b"]))
        #expect(mounts.sources["/var/d"] == .claim("c"))
        #expect(mounts.sources["/run"] == .host("/var/run"))
        #expect(mounts.sources["/tmp"] == .scratch("tmp"))
        #expect(mounts.environment == ["A": "1", "POD": "s-0", "HOSTNAME": "s-0"])
        #expect(mounts.configMaps == ["a", "b"])
    }
}
