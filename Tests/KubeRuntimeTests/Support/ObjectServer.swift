import KubeCore
import Synchronization

/// Keeps objects by path with versions and preconditions, and fails where a test wants it to.
final class ObjectServer: Transport {
    enum Fault: Sendable {
        /// The request does not arrive.
        case refused
        /// The request is carried out and not answered.
        case answerLost
        /// Nothing comes back until the caller gives up.
        case silent
    }

    fileprivate struct State {
        var version = 100
        var objects: [String: JSONValue] = [:]
        var requests: [KubeRequest] = []
        var fault: Fault?
    }

    private let state = Mutex(State())

    var requests: [KubeRequest] { state.withLock(\.requests) }
    var objects: [String: JSONValue] { state.withLock(\.objects) }
    var writes: [KubeRequest] { requests.filter { !$0.method.isRead } }

    func set(fault: Fault?) { state.withLock { $0.fault = fault } }
    func remove(_ path: String) { state.withLock { $0.objects[path] = nil } }

    func edit(_ path: String, _ body: (inout JSONValue) -> Void) {
        state.withLock { state in
            guard var object = state.objects[path] else { return }
            body(&object)
            state.version += 1
            object["metadata"]?["resourceVersion"] = .string(String(state.version))
            state.objects[path] = object
        }
    }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let fault = state.withLock { state in
            state.requests.append(request)
            return state.fault
        }
        switch fault {
        case .refused:
            throw KubeError(.connection, "refused")
        case .silent:
            try? await Task.sleep(for: .seconds(60))
            throw KubeError(.cancelled, "given up")
        case .answerLost:
            _ = state.withLock { $0.handle(request) }
            throw KubeError(request.method.isRead ? .timeout : .outcomeUnknown, "no answer")
        case nil:
            let (status, body) = state.withLock { $0.handle(request) }
            return KubeResponse(status: status, body: (try? JSONCoding.encode(body)) ?? [])
        }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        throw KubeError(.protocolViolation, "no watches here")
    }
}

extension ObjectServer.State {
    mutating func handle(_ request: KubeRequest) -> (Int, JSONValue) {
        let body = request.body.flatMap { try? JSONCoding.decode(JSONValue.self, from: $0) } ?? .null
        switch request.method {
        case .get:
            guard let object = objects[request.path] else { return (404, ["reason": "NotFound"]) }
            return (200, object)
        case .post:
            let path = "\(request.path)/\(body[path: "metadata", "name"]?.stringValue ?? "")"
            guard objects[path] == nil else { return (409, ["reason": "AlreadyExists"]) }
            return (201, store(path, body))
        case .put:
            guard let known = objects[request.path] else { return (404, ["reason": "NotFound"]) }
            let wanted = body[path: "metadata", "resourceVersion"]
            guard wanted == nil || wanted == known[path: "metadata", "resourceVersion"] else {
                return (409, ["reason": "Conflict"])
            }
            return (200, store(request.path, body))
        case .patch:
            // The rule of apply and merge that the tests need: members replace members; no change, no new version.
            let isApply = request.contentType == "application/apply-patch+yaml"
            guard let known = objects[request.path] else {
                return isApply ? (201, store(request.path, body)) : (404, ["reason": "NotFound"])
            }
            let merged = merge(known, body)
            return merged == known ? (200, known) : (200, store(request.path, merged))
        case .delete:
            return objects.removeValue(forKey: request.path).map { (200, $0) } ?? (404, ["reason": "NotFound"])
        }
    }

    private mutating func store(_ path: String, _ object: JSONValue) -> JSONValue {
        version += 1
        var object = object
        var metadata = object["metadata"] ?? [:]
        metadata["resourceVersion"] = .string(String(version))
        metadata["uid"] = metadata["uid"] ?? .string("uid-\(version)")
        object["metadata"] = metadata
        objects[path] = object
        return object
    }

    private func merge(_ known: JSONValue, _ change: JSONValue) -> JSONValue {
        guard case .object(let members) = change, case .object(var result) = known else { return change }
        for (name, value) in members { result[name] = merge(result[name] ?? .null, value) }
        return .object(result)
    }
}
