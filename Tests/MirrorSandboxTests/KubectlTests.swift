import Foundation
import KubeCore
import KubectlTesting
import MirrorSandbox
import Testing

/// An unmodified kubectl against the HTTP front, compared with what it said when it was recorded
/// (`RECORD_TRANSCRIPTS=1`).
@Suite("kubectl", .enabled(if: Kubectl.isThere))
struct KubectlTests {
    @Test("kubectl applies, reads, waits, patches, labels, describes and deletes")
    func transcript() async throws {
        var session = try await KubectlSession()
        defer { session.kubectl.close() }
        try await session.play()
        let (said, recorded) = try await session.kubectl.comparison(in: Fixture.path("Transcripts"), else: "1.32")
        #expect(said == recorded)
    }
}

/// A server, a kubeconfig, and the commands that a person would type.
struct KubectlSession {
    let bench: Bench
    private let front: APIServerFront
    private(set) var kubectl: Kubectl

    init() async throws {
        bench = Bench()
        front = try await bench.server.serve()
        let gadget = Bench.gadget("one", ["mode": "Observe", "holds": ["a", "b"]])
        kubectl = try Kubectl(
            kubeconfig: SandboxCluster.kubeconfig(server: front.url),
            files: [
                "gadget.json": gadget.text, "crd.json": try Fixture.value("gadgets.crd.json").text,
                "other.json": Bench.gadget("two", ["mode": "Observe", "holds": ["a", "b"], "size": 1]).text,
                "changed.json": Bench.gadget("two", ["mode": "Enforce", "holds": ["b"]]).text,
                "wrong.json": Bench.gadget("two", ["mood": "Enforce"]).text,
                "editor": "#!/bin/sh\nsed -i 's/mode: Enforce/mode: Observe/' \"$1\"\n",
            ]
        )
    }

    mutating func play() async throws {
        try await kubectl.type("apply --server-side -f crd.json", "apply --server-side -f gadget.json")
        try await kubectl.type(
            "apply --server-side -f gadget.json",
            "api-resources",
            "get gadgets",
            "get gd one -o wide"
        )
        _ = try await bench.post("/api/v1/nodes", Bench.node("n1", labels: ["node-role.kubernetes.io/etcd": "true"]))
        try await watchNodes()
        try await kubectl.type(
            "cordon n1",
            "get nodes",
            "uncordon n1",
            "label node n1 zone=a",
            "annotate node n1 note=b"
        )
        try await kubectl.type("get nodes -l zone=a", "wait --for=condition=Ready node/n1 --timeout=5s")
        let ready: JSONValue = ["conditions": [["type": "Ready", "status": "True", "reason": "Fine"]]]
        _ = try await bench.merge("\(Bench.gadgets)/one/status", ["status": ready], ["fieldManager": "operator"])
        try await kubectl.type("wait --for=condition=Ready gadgets/one --timeout=5s", "get all")
        try await kubectl.type("label gd one team=red", "annotate gd one note=why")
        try await kubectl.type(#"patch gd one --type merge -p {"spec":{"mode":"Enforce"}}"#)
        try await kubectl.type(#"patch gd one --type merge -p {"spec":{"mode":"Off"}}"#)
        try await kubectl.type(#"patch gd one --type json -p [{"op":"replace","path":"/spec/size","value":5}]"#)
        try await kubectl.type(#"patch gd one --type json -p [{"op":"test","path":"/spec/size","value":6}]"#)
        try await kubectl.type("get gd one -o yaml", "get crd")
        try await recordEvent()
        try await kubectl.type("describe gd one", "describe node n1", "get events", "get ns")
        try await applyFromTheClient()
        try await kubectl.type("explain gadgets.spec.mode", "delete gd one --timeout=5s", "get gadgets", "get gd one")
        try await kubectl.type("delete -f crd.json --timeout=5s", "get gadgets")
    }

    private func recordEvent() async throws {
        let gadget = try await bench.get("\(Bench.gadgets)/one")
        let event = Event(
            metadata: ObjectMeta(name: "one.1", namespace: "default"),
            eventTime: bench.clock.now,
            reportingController: "example.com/operator",
            reportingInstance: "operator-0",
            action: "Look",
            reason: "Looked",
            note: "all is well",
            type: "Normal",
            regarding: Event.Reference(
                apiVersion: "example.com/v1alpha1",
                kind: "Gadget",
                name: "one",
                uid: gadget["metadata", "uid"]?.stringValue
            )
        )
        try await bench.api.create(event, manager: "operator")
    }

    /// Apply as it was before the server did it: three-way merge patches that kubectl makes, checked by the documents.
    private mutating func applyFromTheClient() async throws {
        try await kubectl.type("explain gadgets --recursive", "apply -f other.json", "apply -f other.json")
        try await kubectl.typeForStatus("diff -f other.json", "diff -f changed.json")
        try await kubectl.type("apply -f changed.json", "get gd two -o jsonpath={.spec}", "apply -f wrong.json")
        try await kubectl.type("edit gd two", "get gd two -o jsonpath={.spec.mode}", "replace -f changed.json")
        try await kubectl.type("get gd -o custom-columns=NAME:.metadata.name,MODE:.spec.mode --sort-by=.metadata.name")
        try await kubectl.type("get gd --chunk-size=1 -o name", "get gd --field-selector metadata.name=two -o name")
        try await kubectl.type("scale gd two --replicas=2", "auth can-i get gd", "get --raw /apis/example.com/v2")
        try await kubectl.type("patch gd two --type strategic -p {}", "delete gd two --cascade=foreground")
        try await kubectl.type("api-versions", "get nodes -o wide", "get events -o wide")
    }

    /// `get nodes -w` while a node is cordoned; the server then ends the watch.
    private mutating func watchNodes() async throws {
        let running = Task { [kubectl] in try await kubectl.run("get nodes -w") }
        for _ in 0..<500 where bench.server.openWatches == 0 { try await Task.sleep(for: .milliseconds(10)) }
        _ = try await bench.merge("/api/v1/nodes/n1", ["spec": ["unschedulable": true]])
        bench.server.endWatches()
        kubectl.note("get nodes -w", try await running.value)
    }
}
