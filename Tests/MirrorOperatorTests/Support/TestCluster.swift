import KubeCore
import MirrorAPI
import MirrorSandbox
import Synchronization
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox's API server with our definitions, seen through a transport that remembers requests and can fail on
/// purpose.
final class TestCluster: Transport {
    /// What goes wrong with one request.
    enum Fault: Sendable {
        /// Answered with an error, without effect.
        case refused(Int, String)
        /// Carried out, and the answer is lost.
        case unanswered
        /// Lost before it is carried out.
        case lost
    }

    private struct State {
        var log: [KubeRequest] = []
        var fault: (@Sendable (KubeRequest, Int) -> Fault?)?
    }

    let server: APIServer
    private let inner: any Transport
    private let state = Mutex(State())

    /// - Parameter definitions: whether our kinds are known to the server.
    init(_ time: TestTime = TestTime(), definitions: Bool = true) async throws {
        server = APIServer(APIServerConfiguration(now: { time.now }))
        inner = server.transport()
        for namespace in [Fixture.namespace, Announcements.namespace] {
            try await create(
                "/api/v1/namespaces",
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]]
            )
        }
        if definitions { try await define() }
    }

    /// Makes our kinds known to the server.
    func define() async throws {
        for definition in try Self.definitions.get() {
            try await create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        }
    }

    private static let definitions = Result { () throws -> [JSONValue] in
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return try ["p2pmirrors", "mirrornodes"].map { plural in
            let path = "/\(root)/crds/without-cel/p2pmirror.io_\(plural).yaml"
            let bytes = try Data(contentsOf: URL(filePath: path))
            return try #require(try YAMLCoding.documents(Array(bytes)).first)
        }
    }

    var log: [KubeRequest] { state.withLock { $0.log } }

    /// Requests with an effect, as method, path and manager.
    var writes: [String] {
        log.filter { $0.method != .get }.map { request in
            let manager = request.query("fieldManager").map { " by \($0)" } ?? ""
            return "\(request.method.rawValue) \(request.path)\(manager)"
        }
    }

    func clearLog() { state.withLock { $0.log = [] } }

    /// Asked for each request, with its number since the log was cleared, from 0.
    func onRequest(_ fault: (@Sendable (KubeRequest, Int) -> Fault?)?) { state.withLock { $0.fault = fault } }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let fault = state.withLock { state in
            state.log.append(request)
            return state.fault?(request, state.log.count - 1)
        }
        switch fault {
        case nil: return try await inner.send(request)
        case .lost:
            guard request.method == .get else { throw KubeError(.outcomeUnknown, "no answer came") }
            throw KubeError(.connection, "no connection")
        case .unanswered:
            let response = try await inner.send(request)
            guard request.method != .get else { return response }
            throw KubeError(.outcomeUnknown, "no answer came")
        case .refused(let code, let reason):
            let status = Status(code: code, reason: reason, message: "refused by the test")
            return KubeResponse(status: code, body: try JSONCoding.encode(status))
        }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        let fault = state.withLock { state in
            state.log.append(request)
            return state.fault?(request, state.log.count - 1)
        }
        switch fault {
        case nil, .unanswered: return try await inner.open(request)
        case .lost: throw KubeError(.connection, "no connection")
        case .refused(let code, let reason):
            let status = Status(code: code, reason: reason, message: "refused by the test")
            throw KubeResponse(status: code, body: try JSONCoding.encode(status)).asError(of: request)
        }
    }
}

/// What tests do as somebody else: not in the log, and never failing on purpose.
extension TestCluster {
    var api: KubeAPI { KubeAPI(inner) }

    private func create(_ path: String, _ value: JSONValue) async throws {
        let body = try JSONCoding.encode(value)
        let request = KubeRequest(.post, path, contentType: "application/json", body: body)
        _ = try await api.answer(to: request)
    }

    /// Makes the object so, its status included.
    @discardableResult
    func put<Object: KubeObject>(_ object: Object, status: Bool = false) async throws -> Object {
        var object = object
        var stored: Object
        if let old = try await api.find(Object.self, object.key) {
            object.metadata.resourceVersion = old.metadata.resourceVersion
            object.metadata.uid = old.metadata.uid
            stored = try await api.replace(object, manager: "test")
        } else {
            stored = try await api.create(object, manager: "test")
        }
        if status {
            object.metadata = stored.metadata
            stored = try await api.replace(object, subresource: "status", manager: "test")
        }
        return stored
    }

    func object<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) async throws -> Object? {
        try await api.find(type, key)
    }

    func mirrorNode(_ name: String) async throws -> MirrorNode? {
        try await object(MirrorNode.self, ObjectKey(name: name))
    }

    func mirror(_ name: String = "m") async throws -> P2PMirror {
        try await api.get(P2PMirror.self, ObjectKey(name: name))
    }

    func disruption() async throws -> Lease? { try await object(Lease.self, Fixture.lease) }
}
