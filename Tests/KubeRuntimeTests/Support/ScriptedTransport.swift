import KubeCore
import Synchronization
import Testing

/// Answers requests by a script, in its order, and reports each one that the script does not expect.
final class ScriptedTransport: Transport {
    enum Answer: Sendable {
        case response(Int, String, headers: [String: String] = [:])
        case stream([Piece], status: Int = 200)
        case failure(KubeError)
    }

    enum Piece: Sendable {
        case text(String)
        case bytes([UInt8])
        case failure(KubeError)
        /// Nothing more until the stream is closed or the reader cancelled.
        case silence
    }

    struct Exchange: Sendable {
        var expected: String
        var answer: Answer
    }

    private struct State {
        var script: [Exchange]
        var requests: [KubeRequest] = []
    }

    private let state: Mutex<State>

    /// Each entry is `METHOD path?name=value&…` (of the query only what is named) and the answer.
    init(_ script: [(String, Answer)]) {
        state = Mutex(State(script: script.map { Exchange(expected: $0.0, answer: $0.1) }))
    }

    var requests: [KubeRequest] { state.withLock(\.requests) }
    var isDone: Bool { state.withLock { $0.script.isEmpty } }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        switch take(request) {
        case .response(let status, let body, let headers):
            return KubeResponse(status: status, headers: headers, body: Array(body.utf8))
        case .failure(let error):
            throw error
        case .stream:
            Issue.record("\(request.path) was sent, but the script has a stream")
            throw refused
        case nil:
            try await hang()
            throw KubeError(.cancelled, "hung")
        }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        switch take(request) {
        case .stream(let pieces, let status):
            return Self.stream(pieces, status)
        case .response(let status, let body, let headers):
            let chunks = Mutex([Array(body.utf8)])
            return KubeResponseStream(
                status: status,
                headers: headers,
                next: { () async throws(KubeError) in chunks.withLock { $0.popLast() } },
                cancel: {}
            )
        case .failure(let error):
            throw error
        case nil:
            try await hang()
            throw KubeError(.cancelled, "hung")
        }
    }

    private static func stream(_ pieces: [Piece], _ status: Int) -> KubeResponseStream {
        let rest = Mutex(Array(pieces.reversed()))
        return KubeResponseStream(
            status: status,
            next: { () async throws(KubeError) -> [UInt8]? in
                switch rest.withLock({ $0.popLast() }) {
                case .text(let text): return Array(text.utf8)
                case .bytes(let bytes): return bytes
                case .failure(let error): throw error
                case .silence:
                    try await hang()
                    return nil
                case nil: return nil
                }
            },
            cancel: {}
        )
    }

    private func take(_ request: KubeRequest) -> Answer? {
        let exchange = state.withLock { state -> Exchange? in
            state.requests.append(request)
            return state.script.isEmpty ? nil : state.script.removeFirst()
        }
        // Past the script's end a test looks at no more: the request hangs until its task is cancelled.
        guard let exchange else { return nil }
        #expect(matches(request, exchange.expected), "got \(describe(request)), script has \(exchange.expected)")
        return exchange.answer
    }

    private func matches(_ request: KubeRequest, _ expected: String) -> Bool {
        let parts = expected.split(separator: "?", maxSplits: 1)
        guard parts[0] == "\(request.method.rawValue) \(request.path)" else { return false }
        guard parts.count > 1 else { return true }
        return parts[1].split(separator: "&").allSatisfy { item in
            let pair = item.split(separator: "=", maxSplits: 1).map(String.init)
            return request.query(pair[0]) == (pair.count > 1 ? pair[1] : nil)
        }
    }

    private func describe(_ request: KubeRequest) -> String {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return "\(request.method.rawValue) \(request.path)?\(query)"
    }
}

private func hang() async throws(KubeError) {
    do {
        try await Task.sleep(for: .seconds(60))
    } catch {
        throw KubeError(.cancelled, "the task was cancelled")
    }
}
