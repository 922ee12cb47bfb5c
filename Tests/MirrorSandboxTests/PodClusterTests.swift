import KubeCore
import MirrorSandbox
import Testing

@Suite("Controllers of a simulated cluster")
struct PodClusterTests {
    private static func node(_ name: String, _ labels: JSONValue = ["os": "linux"], taints: JSONValue = []) -> JSONValue
    {
        ["metadata": ["name": .string(name), "labels": labels], "spec": ["taints": taints]]
    }

    private static func daemonSet(_ spec: JSONValue = ["nodeSelector": ["os": "linux"]]) -> JSONValue {
        [
            "metadata": ["name": "d", "namespace": "n", "uid": "d-uid", "generation": 3],
            "spec": ["template": ["metadata": ["labels": ["app": "x"], "annotations": ["a": "b"]], "spec": spec]],
        ]
    }

    /// The Pods that a plan creates, as if they had been.
    private static func made(_ plan: DaemonSetPlan, ready: Bool = true) -> [JSONValue] {
        plan.creations.enumerated().map { index, pod in
            var pod = pod
            pod["metadata"]?["name"] = .string("p\(index)")
            pod["status"] = ["conditions": [["type": "Ready", "status": ready ? "True" : "False"]]]
            return pod
        }
    }

    @Test("one Pod comes to each node that matches, with its owner and the template's labels and annotations")
    func creations() throws {
        let nodes = [Self.node("b"), Self.node("a"), Self.node("w", ["os": "windows"])]
        let plan = DaemonSetPlan(Self.daemonSet(), nodes: nodes, pods: [])
        #expect(plan.creations.compactMap { $0[path: "spec", "nodeName"]?.stringValue } == ["a", "b"])
        let pod = try #require(plan.creations.first)
        #expect(pod[path: "metadata", "labels", "app"] == "x")
        #expect(pod[path: "metadata", "labels", "pod-template-generation"] == "1")
        #expect(pod[path: "metadata", "annotations", "a"] == "b")
        #expect(PodView.controller(of: pod) == "d-uid")
        #expect(plan.status["desiredNumberScheduled"] == 2)
        #expect(plan.status["observedGeneration"] == 3)
    }

    @Test("what is there stays, also with an old template; what is deleted comes back from the present one")
    func replacement() throws {
        let nodes = [Self.node("a"), Self.node("b")]
        let pods = Self.made(DaemonSetPlan(Self.daemonSet(), nodes: nodes, pods: []))
        let same = DaemonSetPlan(Self.daemonSet(), nodes: nodes, pods: pods)
        #expect(same.creations.isEmpty && same.deletions.isEmpty)
        #expect(same.status["numberReady"] == 2)
        #expect(same.status["updatedNumberScheduled"] == 2)
        let newer = Self.daemonSet(["nodeSelector": ["os": "linux"], "more": true])
        let outdated = DaemonSetPlan(newer, nodes: nodes, pods: pods)
        #expect(outdated.creations.isEmpty && outdated.deletions.isEmpty)
        #expect(outdated.status["updatedNumberScheduled"] == 0)
        let refilled = DaemonSetPlan(newer, nodes: nodes, pods: Array(pods.dropFirst()))
        #expect(refilled.creations.count == 1)
        #expect(refilled.creations[0][path: "spec", "more"] == true)
        var ending = pods
        ending[0]["metadata"]?["deletionTimestamp"] = "2027-01-15T08:00:00Z"
        #expect(DaemonSetPlan(newer, nodes: nodes, pods: ending).creations.isEmpty)
    }

    @Test("Pods of nodes that match no longer, or are gone, go")
    func deletions() {
        let pods = Self.made(DaemonSetPlan(Self.daemonSet(), nodes: [Self.node("a"), Self.node("b")], pods: []))
        let plan = DaemonSetPlan(Self.daemonSet(), nodes: [Self.node("a", ["os": "windows"])], pods: pods)
        #expect(plan.deletions == ["p0", "p1"])
        #expect(plan.status["numberMisscheduled"] == 1)
    }

    @Test("node affinity, taints and tolerations decide")
    func matching() {
        func affinity(_ requirement: JSONValue) -> JSONValue {
            let term: JSONValue = ["matchExpressions": [requirement]]
            let rule: JSONValue = ["nodeSelectorTerms": [term]]
            return ["affinity": ["nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": rule]]]
        }
        let node = Self.node("a", ["os": "linux", "cores": "8"])
        #expect(NodeMatch.matches(node, affinity(["key": "os", "operator": "In", "values": ["linux"]])))
        #expect(!NodeMatch.matches(node, affinity(["key": "os", "operator": "NotIn", "values": ["linux"]])))
        #expect(NodeMatch.matches(node, affinity(["key": "gone", "operator": "DoesNotExist"])))
        #expect(!NodeMatch.matches(node, affinity(["key": "gone", "operator": "Exists"])))
        #expect(NodeMatch.matches(node, affinity(["key": "cores", "operator": "Gt", "values": ["4"]])))
        let tainted = Self.node("a", taints: [["key": "k", "value": "v", "effect": "NoSchedule"]])
        #expect(!NodeMatch.matches(tainted, [:]))
        #expect(NodeMatch.matches(tainted, ["tolerations": [["operator": "Exists"]]]))
        #expect(NodeMatch.matches(tainted, ["tolerations": [["key": "k", "operator": "Equal", "value": "v"]]]))
        #expect(!NodeMatch.matches(tainted, ["tolerations": [["key": "k", "value": "w"]]]))
    }

    private static let container: JSONValue = [
        "name": "c", "ports": [["name": "registry", "containerPort": 5_000]],
        "startupProbe": ["httpGet": ["path": "/readyz", "port": "registry"], "failureThreshold": 2],
        "readinessProbe": ["httpGet": ["path": "/readyz", "port": 5_000]],
    ]

    @Test("probes run as the kubelet runs them: startup first, then readiness by its thresholds")
    func probes() {
        var probe = ContainerProbe(Self.container)
        #expect(probe.due.map(\.kind) == [.startup])
        #expect(probe.startup?.port == 5_000)
        #expect(probe.readiness?.periodSeconds == 10)
        let isFatal = [probe.take(.startup, succeeded: false), probe.take(.startup, succeeded: false)]
        #expect(isFatal == [false, true])
        probe = probe.restarted()
        _ = probe.take(.startup, succeeded: true)
        #expect(probe.isStarted && !probe.isReady)
        #expect(probe.due.map(\.kind) == [.readiness])
        _ = probe.take(.readiness, succeeded: true)
        #expect(probe.isReady)
        for _ in 0..<2 { _ = probe.take(.readiness, succeeded: false) }
        #expect(probe.isReady)
        let ends = probe.take(.readiness, succeeded: false)
        #expect(!ends && !probe.isReady)
        #expect(ContainerProbe(["name": "c"]).isReady)
    }

    @Test("a Pod's status keeps the times of what has not changed, and tells of restarts")
    func status() {
        var pod: JSONValue = ["spec": ["containers": [["name": "c"]], "initContainers": [["name": "i"]]]]
        var report = PodReport(
            ip: "127.0.0.2",
            hostIP: "127.0.0.1",
            isRunning: true,
            isStarted: true,
            isReady: false,
            restarts: 0
        )
        pod["status"] = report.status(of: pod, now: Timestamp(seconds: 1_000))
        #expect(!PodView.isReady(pod))
        #expect(pod[path: "status", "initContainerStatuses"]?.arrayValue?.first?["ready"] == true)
        #expect(report.status(of: pod, now: Timestamp(seconds: 1_100)) == pod["status"])
        report.isReady = true
        pod["status"] = report.status(of: pod, now: Timestamp(seconds: 1_200))
        #expect(PodView.isReady(pod))
        let ready = pod[path: "status", "conditions"]?.arrayValue?.last
        #expect(ready?["lastTransitionTime"]?.stringValue == Timestamp(seconds: 1_200).description)
        report.restarts = 1
        let after = report.status(of: pod, now: Timestamp(seconds: 1_300))
        let container = after["containerStatuses"]?.arrayValue?.first
        #expect(container?["restartCount"] == 1)
        #expect(container?[path: "lastState", "terminated", "exitCode"] == 137)
    }
}
