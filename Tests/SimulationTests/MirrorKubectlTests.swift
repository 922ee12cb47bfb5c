import Foundation
import KubeCore
import KubeRuntime
import KubectlTesting
import MirrorAPI
import MirrorSandbox
import Testing

/// kubectl as an administrator of mirrors uses it, while operator and agents are at work on a ring, compared with what
/// it said when it was recorded (`RECORD_TRANSCRIPTS=1`).
@Suite(.enabled(if: Kubectl.isThere))
struct MirrorKubectlTests {
    private static let transcripts = Definitions.checkout.appending(path: "Tests/SimulationTests/Transcripts")

    @Test func `kubectl installs, watches, changes and deletes mirrors at work`() async throws {
        var session = try await MirrorSession()
        defer { session.close() }
        try await session.play()
        let (said, recorded) = try await session.kubectl.comparison(in: Self.transcripts, else: "1.32")
        #expect(said == recorded)
    }
}

/// A simulated cluster served over HTTP, and the commands that a person would type.
struct MirrorSession {
    private let cluster: SimulatedCluster
    private let front: APIServerFront
    private(set) var kubectl: Kubectl

    init() async throws {
        cluster = try await SimulatedCluster(.ring(agents: 1, network: "10.0.0"), strictness: .absent)
        front = try await cluster.server.serve()
        kubectl = try Kubectl(kubeconfig: SandboxCluster.kubeconfig(server: front.url))
    }

    func close() { kubectl.close() }

    mutating func play() async throws {
        try await kubectl.type("apply --server-side -f crds/", "get crd", "get p2pm")
        try await observe()
        try await heal()
        try await look()
        try await change()
        try await refuse()
        try await delete()
    }

    /// First a mirror that only looks.
    private mutating func observe() async throws {
        let samples = "manifests/samples"
        try await kubectl.type(
            "get nodes",
            "apply --server-side -f \(samples)/rke2-observe.yaml",
            "apply --server-side -f \(samples)/rke2-observe.yaml",
            "get p2pm"
        )
        try await pass(2)
        try await kubectl.type(
            "wait --for=condition=Ready p2pmirror/rke2 --timeout=5s",
            "get p2pm",
            "get p2pm -o wide",
            "get mn",
            "describe p2pm rke2"
        )
    }

    /// Then it acts, and kubectl follows it.
    private mutating func heal() async throws {
        try await kubectl.type(
            "apply --server-side -f manifests/samples/rke2-enforce.yaml",
            "apply --server-side -f manifests/samples/k3s-enforce.yaml",
            #"patch p2pm rke2 --type merge -p {"spec":{"rollout":{"minReadySeconds":1}}}"#
        )
        try await pass(2)
        try await kubectl.type("get p2pm -o wide", "wait --for=condition=Ready p2pm/rke2 --timeout=100ms")
        let (kubectl, server) = (kubectl, cluster.server)
        async let nodes = kubectl.run("get nodes -w")
        async let ready = kubectl.run("wait --for=condition=Ready p2pmirror/rke2 --timeout=60s")
        for _ in 0..<1_000 where server.openWatches < 2 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try await cluster.run(limit: 100, mirror: "rke2") != nil)
        self.kubectl.note("wait --for=condition=Ready p2pmirror/rke2 --timeout=60s", try await ready)
        server.endWatches()
        self.kubectl.note("get nodes -w", try await nodes)
    }

    private mutating func look() async throws {
        try await writeEvents()
        try await kubectl.type(
            "get p2pm",
            "get p2pm -o wide",
            "get mn",
            "get mn -o wide",
            "get p2p",
            "get p2pmirror rke2",
            "describe p2pmirror rke2",
            "describe mn rke2.server-1",
            "get nodes -o wide",
            "explain p2pm.spec.selector --recursive",
            "explain p2pm.spec.topology.rewrite"
        )
    }

    private mutating func change() async throws {
        try await kubectl.type(
            #"patch p2pm rke2 --type merge -p {"spec":{"pauseRequests":["upgrade"]}}"#,
            #"patch p2pm rke2 --type json -p [{"op":"test","path":"/spec/mode","value":"Enforce"},"#
                + #"{"op":"replace","path":"/spec/mode","value":"Observe"}]"#,
            "label p2pmirror rke2 team=red",
            "get p2pm -l team=red",
            "annotate mn rke2.server-1 p2pmirror.io/approve=1-0a1b2c3d4e5f6",
            "annotate mn rke2.server-1 p2pmirror.io/approve-",
            "annotate node server-1 p2pmirror.io/exclude=disk"
        )
        try await pass(1)
        try await kubectl.type("get p2pm rke2 -o wide")
    }

    /// What the rules of the definitions refuse, by the message that a person reads.
    private mutating func refuse() async throws {
        try await kubectl.type(
            #"patch p2pm rke2 --type merge -p {"spec":{"provider":"K3s"}}"#,
            #"patch p2pm rke2 --type merge -p {"spec":{"k3s":{}}}"#,
            #"patch p2pm rke2 --type merge -p {"spec":{"mode":"DryRun"}}"#,
            #"patch p2pm rke2 --type merge -p {"spec":{"rollout":{"minReadySeconds":600}}}"#,
            #"patch p2pm rke2 --type merge -p {"spec":{"topology":{"preferredRoots":["Server_1"]}}}"#,
            #"patch p2pm rke2 --type merge -p {"spec":{"topologie":{}}}"#,
            #"patch mn rke2.server-1 --type merge -p {"spec":{"nodeName":"server-2"}}"#
        )
    }

    private mutating func delete() async throws {
        try await kubectl.type(
            "delete p2pmirror k3s --timeout=5s",
            "delete -f manifests/samples/rke2-enforce.yaml --timeout=5s",
            "get p2pm",
            "get mn",
            "get p2pm rke2",
            "delete -f crds/ --timeout=5s",
            "get p2pm"
        )
    }

    /// Seconds in which operator and agents work.
    private func pass(_ seconds: Int) async throws {
        var processes = ProcessTable(cluster)
        for _ in 0..<seconds { try await cluster.runSecond(&processes) }
    }

    /// Puts down what the operator reported, as its recorder does beside its work.
    private func writeEvents() async throws {
        var correlator = EventCorrelator(controller: "p2pmirror-operator", instance: "operator-0")
        for (index, occurrence) in cluster.reported.all.enumerated() {
            // kubectl puts them in the order of their times.
            let wall = MicroTimestamp(cluster.now + index)
            let decision = correlator.decide(occurrence, at: .zero, wall: wall)
            guard case .create(let event) = decision else { continue }
            try await cluster.api.create(event, manager: "p2pmirror-operator")
        }
    }
}
