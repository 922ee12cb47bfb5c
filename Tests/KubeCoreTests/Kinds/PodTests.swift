import KubeCore
import Testing

@Suite("Pods")
struct PodTests {
    private func pod(_ json: String) throws -> Pod {
        try JSONCoding.decode(Pod.self, from: Array(json.utf8))
    }

    @Test("A pod that crashes again and again is known by it")
    func crashLoop() throws {
        let pod = try pod(
            """
            {"apiVersion":"v1","kind":"Pod",
             "metadata":{"name":"etcd-server-1","namespace":"kube-system","labels":{"component":"etcd"}},
             "spec":{"nodeName":"server-1","containers":[{"name":"etcd","image":"etcd"}],"hostNetwork":true},
             "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],
              "conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-01-31T12:00:00Z",
                             "reason":"ContainersNotReady","lastProbeTime":null}],
              "initContainerStatuses":[{"name":"prepare","ready":true,"restartCount":1,
                                        "state":{"terminated":{"reason":"Completed","exitCode":0}}}],
              "containerStatuses":[{"name":"etcd","ready":false,"restartCount":7,
                "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s"}},
                "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}}}]}}
            """
        )
        #expect(pod.spec.nodeName == "server-1")
        #expect(!pod.isReady)
        #expect(!pod.isDeleting)
        #expect(pod.crashLooping.map(\.name) == ["etcd"])
        #expect(pod.crashLooping.first?.lastState?.terminated?.reason == "OOMKilled")
        #expect(pod.restarts == 8)
        #expect(pod.addresses == ["10.0.0.1", "fd00::1"])
    }

    @Test("A pod that is well or going is known by it")
    func readyAndGoing() throws {
        let pod = try pod(
            """
            {"metadata":{"name":"a","deletionTimestamp":"2026-01-31T12:00:00Z"},
             "status":{"podIP":"10.0.0.1","conditions":[{"type":"Ready","status":"True"}]}}
            """
        )
        #expect(pod.isReady)
        #expect(pod.isDeleting)
        #expect(pod.crashLooping.isEmpty)
        #expect(pod.addresses == ["10.0.0.1"])
    }

    @Test(
        "What is odd about a pod does not hide it",
        arguments: [
            #"{"metadata":{"name":"a"}}"#, #"{"metadata":{"name":"a"},"spec":null,"status":null}"#,
            #"{"metadata":{"name":"a"},"spec":[],"status":"well"}"#,
            #"{"metadata":{"name":"a"},"status":{"conditions":{},"containerStatuses":[1,{"ready":true}],"podIP":7}}"#,
            #"{"metadata":{"name":"a"},"status":{"conditions":[{"type":"Ready"},null]}}"#,
        ]
    )
    func odd(json: String) throws {
        let pod = try pod(json)
        #expect(pod.metadata.name == "a")
        #expect(!pod.isReady)
        #expect(pod.status.containers.isEmpty)
    }

    @Test("One odd element does not hide the others")
    func oddElement() throws {
        let pod = try pod(
            """
            {"metadata":{"name":"a"},"status":{
             "conditions":[7,{"type":"Ready","status":"True","lastTransitionTime":null}],
             "containerStatuses":[{"name":"a","restartCount":"many","ready":true,"state":5},null]}}
            """
        )
        #expect(pod.isReady)
        #expect(pod.status.containers == [Pod.ContainerStatus(name: "a", ready: true)])
    }

    @Test("A pod survives its own JSON")
    func roundTrip() throws {
        let pod = Pod(
            metadata: ObjectMeta(name: "a", namespace: "b"),
            spec: Pod.Spec(nodeName: "n"),
            status: Pod.Status(
                phase: "Running",
                podIP: "10.0.0.1",
                podIPs: [Pod.Address("10.0.0.1")],
                conditions: [Pod.Condition(type: "Ready", status: "True")],
                containers: [
                    Pod.ContainerStatus(
                        name: "c",
                        restartCount: 2,
                        state: Pod.ContainerStatus.State(
                            waiting: Pod.ContainerStatus.Detail(reason: "CrashLoopBackOff")
                        )
                    )
                ]
            )
        )
        #expect(try JSONCoding.decode(Pod.self, from: JSONCoding.encode(pod)) == pod)
    }
}
