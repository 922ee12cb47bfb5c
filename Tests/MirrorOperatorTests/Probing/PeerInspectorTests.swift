import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorOperator
import MirrorPlanner
import Synchronization
import Testing

@Suite("Peers that have found nobody are asked why")
struct PeerInspectorTests {
    /// A peer's server, of which is counted how often it is asked.
    private final class Pages: Transport {
        let asked = Mutex<[String]>([])
        private let answer: @Sendable () throws(KubeError) -> String

        init(_ answer: @escaping @Sendable () throws(KubeError) -> String) {
            self.answer = answer
        }

        func client(_ url: String) -> any Transport {
            asked.withLock { $0.append(url) }
            return self
        }

        func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
            KubeResponse(status: 200, body: Array(try answer().utf8))
        }

        func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
            throw KubeError(.configuration, "no page is a stream")
        }
    }

    private static let now = Timestamp(seconds: 1_800_000_000)

    /// Pods of four nodes, none of which is ready though each is ten minutes old but the last one.
    private static func fleet() -> SpegelFleet {
        let mirror = P2PMirror(
            metadata: ObjectMeta(name: "peers", uid: "uid"),
            spec: P2PMirrorSpec(provider: .spegel, spegel: .init(install: .init()))
        )
        let nodes = (1...5).map { number in
            Node(metadata: ObjectMeta(name: "node-\(number)", uid: "\(number)", labels: ["kubernetes.io/os": "linux"]))
        }
        let names = SpegelNames(mirror)
        let pods = (1...5).map { number in
            Pod(
                metadata: ObjectMeta(
                    name: "pod-\(number)",
                    namespace: names.namespace,
                    uid: "pod-\(number)",
                    creationTimestamp: now + (number == 5 ? -10 : -600),
                    labels: names.selector
                ),
                spec: Pod.Spec(nodeName: "node-\(number)"),
                status: Pod.Status(podIP: "10.1.0.\(number)")
            )
        }
        var snapshot = Snapshot(now: now, mirrors: [mirror], nodes: nodes)
        snapshot.evidence["peers"] = .spegel(SpegelEvidence(pods: pods))
        return SpegelFleet(mirror, snapshot)
    }

    @Test("A few of them, once in a while, and none that has just begun")
    func fewAreAsked() async {
        let pages = Pages { "libp2p_swarm_connections_opened_total 0" }
        let inspector = PeerInspector({ pages.client($0) }, time: MonotonicTime(ContinuousClock()))
        let readings = await inspector.readings(of: Self.fleet())
        #expect(readings.keys.sorted() == ["node-1", "node-2", "node-3"])
        #expect(readings["node-1"]?.connections == 0)
        _ = await inspector.readings(of: Self.fleet())
        #expect(
            pages.asked.withLock { $0.sorted() } == (1...3).map { "http://10.1.0.\($0):9090" },
            "what was answered is good for a while"
        )
    }

    @Test("One that does not answer is told in the same words each time")
    func silence() async {
        let texts = Mutex(["timed out after 1000 milliseconds", "timed out after 1001 milliseconds"])
        let answer: @Sendable () throws(KubeError) -> String = { () throws(KubeError) in
            throw KubeError(.timeout, texts.withLock { $0.popLast() } ?? "")
        }
        var faults: Set<String> = []
        for _ in 0..<2 {
            let pages = Pages(answer)
            let inspector = PeerInspector({ pages.client($0) }, time: MonotonicTime(ContinuousClock()))
            faults.formUnion(await inspector.readings(of: Self.fleet()).values.compactMap(\.fault))
        }
        #expect(faults == ["no answer within 1 s"])
    }
}
