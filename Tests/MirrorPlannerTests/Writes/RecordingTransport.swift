import KubeCore
import MirrorAPI
import MirrorPlanner
import Synchronization

/// An API server that has no objections: it answers to everything, and keeps what changes something.
final class RecordingTransport: Transport {
    private let published: [ObjectMeta]
    private let mirror: P2PMirror
    private let requests = Mutex<[KubeRequest]>([])

    /// - Parameters:
    ///   - snapshot: what the plan was made from; all that it has is published.
    ///   - plan: its status is what the mirror has from then on.
    ///   - others: what else is published.
    init(_ snapshot: Snapshot, _ plan: Plan, others: [ObjectMeta]) {
        let pods: [Pod] =
            switch snapshot.evidence[plan.mirror] {
            case .spegel(let evidence)?: evidence.pods
            case .dragonfly?, nil: []
            }
        published = snapshot.nodes.map(\.metadata) + pods.map(\.metadata) + others
        mirror = P2PMirror(
            metadata: snapshot.mirrors[0].metadata,
            spec: snapshot.mirrors[0].spec,
            status: plan.status
        )
    }

    /// What was sent, in order.
    var sent: [KubeRequest] { requests.withLock { $0 } }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        if request.method.isRead {
            let items = try published.map { metadata throws(KubeError) -> JSONValue in
                ["metadata": try JSONCoding.value(of: metadata)]
            }
            let list: JSONValue = ["metadata": [:], "items": .array(items)]
            return KubeResponse(status: 200, body: try JSONCoding.encode(list))
        }
        requests.withLock { $0.append(request) }
        if request.path.contains("/p2pmirrors/") {
            return KubeResponse(status: 200, body: try JSONCoding.encode(try mirror.wireValue()))
        }
        let object: JSONValue = ["metadata": ["name": "any", "resourceVersion": "9"]]
        return KubeResponse(status: 200, body: try JSONCoding.encode(object))
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        throw KubeError(.connection, "nothing is watched here")
    }
}
