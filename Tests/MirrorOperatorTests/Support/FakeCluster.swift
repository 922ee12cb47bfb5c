import KubeCore
import Synchronization

/// A few kinds of objects behind a transport: versions, preconditions, merge patch, apply, watch. Enough for the operator's own
/// requests; anything else is answered 400, so that a test can't pass by accident.
final class FakeCluster: Transport {
    /// What goes wrong with one request.
    enum Fault: Sendable {
        /// Answered with an error, without effect.
        case refused(Int, String)
        /// Carried out, and the answer is lost.
        case unanswered
        /// Carried out after something else was.
        case preceded(@Sendable (FakeCluster) -> Void)
    }

    struct Logged: Sendable {
        var request: KubeRequest
        var isWrite: Bool { request.method != .get }
        var line: String {
            let manager = request.query("fieldManager").map { " by \($0)" } ?? ""
            return "\(request.method.rawValue) \(request.path)\(manager)"
        }
    }

    struct State {
        var objects: [String: JSONValue] = [:]
        var applied: [String: JSONValue] = [:]
        var version: Int64 = 100
        var log: [Logged] = []
        var events: [(version: Int64, plural: String, line: [UInt8])] = []
        var fault: (@Sendable (KubeRequest) -> Fault?)?
    }

    let state = Mutex(State())

    var log: [Logged] { state.withLock { $0.log } }
    var writes: [String] { log.filter(\.isWrite).map(\.line) }

    func clearLog() { state.withLock { $0.log = [] } }

    func onRequest(_ fault: (@Sendable (KubeRequest) -> Fault?)?) { state.withLock { $0.fault = fault } }

    /// Puts an object there as somebody else would.
    func put(_ object: some KubeObject) throws {
        let value = try object.wireValue()
        let path = type(of: object).resource.path(of: object.key)
        state.withLock { state in
            let old = state.objects[path]
            state.store(path, value, old: old, raisesGeneration: value["spec"] != old?["spec"])
        }
    }

    func put(path: String, _ value: JSONValue) {
        state.withLock { $0.store(path, value, old: $0.objects[path], raisesGeneration: true) }
    }

    func remove<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) {
        state.withLock { $0.remove(Object.resource.path(of: key)) }
    }

    func object<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) throws -> Object? {
        let value = state.withLock { $0.objects[Object.resource.path(of: key)] }
        return try value.map { try JSONCoding.decode(Object.self, from: $0) }
    }

    /// Every object without what changes by itself.
    var contents: [String: JSONValue] { state.withLock { $0.objects } }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let fault = state.withLock { state in
            state.log.append(Logged(request: request))
            return state.fault?(request)
        }
        switch fault {
        case .refused(let code, let reason): return FakeAnswer.failure(code, reason, "refused by the test")
        case .unanswered:
            _ = state.withLock { $0.answer(request) }
            throw KubeError(.outcomeUnknown, "no answer came")
        case .preceded(let other):
            other(self)
        case nil: break
        }
        return state.withLock { $0.answer(request) }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        let plural = request.path.split(separator: "/").last.map(String.init) ?? ""
        let cursor = Mutex(Int64(request.query("resourceVersion") ?? "") ?? 0)
        return KubeResponseStream(
            status: 200,
            next: { () async throws(KubeError) -> [UInt8]? in
                while !Task.isCancelled {
                    let from = cursor.withLock { $0 }
                    let news = self.state.withLock { state in
                        state.events.filter { $0.plural == plural && $0.version > from }
                    }
                    if let last = news.last {
                        cursor.withLock { $0 = last.version }
                        return news.flatMap(\.line)
                    }
                    try? await Task.sleep(for: .milliseconds(2))
                }
                throw KubeError(.cancelled, "cancelled")
            },
            cancel: {}
        )
    }
}

enum FakeAnswer {
    static func failure(_ code: Int, _ reason: String, _ message: String) -> KubeResponse {
        let status = Status(code: code, reason: reason, message: message)
        return KubeResponse(status: code, body: (try? JSONCoding.encode(status)) ?? [])
    }

    static func success(_ value: JSONValue, _ code: Int = 200) -> KubeResponse {
        KubeResponse(status: code, body: (try? JSONCoding.encode(value)) ?? [])
    }
}
