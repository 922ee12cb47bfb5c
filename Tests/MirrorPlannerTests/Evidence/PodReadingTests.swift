import KubeCore
import MirrorAPI
import MirrorPlanner
import Testing

@Suite("What pods say about a seed")
struct PodReadingTests {
    private func pod(
        _ name: String,
        node: String? = "server-1",
        ready: Bool = true,
        waiting: String? = nil,
        deleting: Bool = false,
        phase: String = "Running"
    ) -> Pod {
        let state = waiting.map { Pod.ContainerStatus.State(waiting: Pod.ContainerStatus.Detail(reason: $0)) }
        let killed = Pod.ContainerStatus.State(terminated: Pod.ContainerStatus.Detail(reason: "OOMKilled"))
        return Pod(
            metadata: ObjectMeta(
                name: name,
                namespace: "kube-system",
                deletionTimestamp: deleting ? Timestamp(seconds: 100) : nil,
                labels: ["component": "kube-apiserver", "tier": "control-plane"]
            ),
            spec: Pod.Spec(nodeName: node),
            status: Pod.Status(
                phase: phase,
                conditions: [
                    Pod.Condition(
                        type: "Ready",
                        status: ready ? "True" : "False",
                        lastTransitionTime: Timestamp(seconds: 50),
                        reason: ready ? nil : "ContainersNotReady"
                    )
                ],
                containers: [
                    Pod.ContainerStatus(name: "kube-apiserver", ready: ready, state: state, lastState: killed)
                ]
            )
        )
    }

    @Test("A pod is ready, not ready, crashing or going, and says since when")
    func states() {
        #expect(PodReading([pod("a")])?.state == .ready)
        let notReady = PodReading([pod("a", ready: false)])
        #expect(notReady?.state == .notReady)
        #expect(notReady?.since == Timestamp(seconds: 50))
        #expect(notReady?.message == "Pod a is not ready (ContainersNotReady).")
        let crashing = PodReading([pod("a", ready: false, waiting: "CrashLoopBackOff")])
        #expect(crashing?.state == .crashLooping)
        #expect(crashing?.message == "Container kube-apiserver of pod a ends again and again (OOMKilled).")
        let going = PodReading([pod("a", deleting: true)])
        #expect(going?.state == .deleting)
        #expect(going?.since == Timestamp(seconds: 100))
        #expect(PodReading([]) == nil)
    }

    @Test("A pod that is being replaced is not the end of its seed")
    func replaced() {
        #expect(PodReading([pod("old", deleting: true), pod("new")])?.state == .ready)
        #expect(PodReading([pod("old", ready: false, phase: "Failed"), pod("new")])?.pod == "new")
    }

    @Test("A static pod that goes is replaced by itself")
    func staticPod() {
        var going = pod("a", deleting: true)
        going.metadata.annotations["kubernetes.io/config.mirror"] = "hash"
        #expect(PodReading([going])?.state == .notReady)
    }

    @Test("Of several the worst counts, and it is the same in any order")
    func worst() {
        let pods = [pod("a", ready: false), pod("b"), pod("c", ready: false)]
        #expect(PodReading(pods)?.pod == "a")
        #expect(PodReading(pods.reversed()) == PodReading(pods))
    }

    @Test("Each node has its own")
    func nodes() {
        let evidence = PodReading.byNode([pod("a"), pod("b", node: "server-2", ready: false), pod("c", node: nil)])
        #expect(evidence.mapValues(\.state) == ["server-1": .ready, "server-2": .notReady])
    }

    @Test("Pods are watched by their labels, where the provider has any")
    func selection() {
        let watched = WatchedPods(of: .rke2)
        #expect(watched?.query == "component=kube-apiserver,tier=control-plane")
        #expect(watched?.contains(pod("a")) == true)
        var stranger = pod("a")
        stranger.metadata.namespace = "default"
        #expect(watched?.contains(stranger) == false)
        #expect(WatchedPods(of: .k3s) == nil)
    }
}
