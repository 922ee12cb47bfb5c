import Foundation
import KubeClient
import KubeTestSupport
import Synchronization

/// One request that a server gets in its turn, and what it does with it.
struct Step: Sendable {
    /// What becomes of the connection after an answer.
    enum End: Sendable {
        case keep, close, reset
    }

    /// As the table says it: what the server did.
    var name: String
    /// Whether the request's body is read before anything is done.
    var readsBody = true
    /// Body of an answer 200, for a connection of HTTP/2; nil sends GOAWAY there, which says that nothing was done.
    var body: String?
    var act: @Sendable (Peer) -> End

    init(_ name: String, body: String? = nil, _ act: @escaping @Sendable (Peer) -> End) {
        self.name = name
        self.body = body
        self.act = act
    }

    /// An answer to a request whose body is not read, as servers give it: the connection stays open for a while, so
    /// that a client that is still sending gets to read the answer.
    static func early(_ status: Int, _ body: String) -> Step {
        var step = Step("\(status)") { peer in
            peer.answer(body, status: "\(status) Status", headers: ["Connection: close"])
            peer.finishWriting()
            peer.waitForClose()
            return .close
        }
        step.readsBody = false
        return step
    }

    /// A whole answer.
    static func answer(_ status: Int, _ body: String, headers: [String] = [], name: String? = nil) -> Step {
        Step(name ?? "\(status)", body: body) { peer in
            peer.answer(body, status: "\(status) Status", headers: ["Content-Type: application/json"] + headers)
            return .keep
        }
    }

    static func list(_ things: [Thing], _ version: Int, continuation: String? = nil) -> Step {
        answer(200, Wire.list(things, version, continuation: continuation))
    }

    /// A stream of pieces, each a chunk, and then its end.
    static func stream(_ pieces: [String], _ name: String = "200", then end: StreamEnd = .silence) -> Step {
        stream(pieces.map { Array($0.utf8) }, name, headers: "", then: end)
    }

    static func stream(
        _ pieces: [[UInt8]],
        _ name: String = "200",
        headers: String,
        then end: StreamEnd
    ) -> Step {
        Step(name) { peer in
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\(headers)\r\n")
            for piece in pieces { peer.chunk(piece) }
            switch end {
            case .silence: peer.waitForClose()
            case .clean: peer.end()
            case .cut: break
            case .reset: return .reset
            case .endLater(let delay):
                Foundation.Thread.sleep(forTimeInterval: delay)
                peer.end()
            case .later(let delay, let piece):
                Foundation.Thread.sleep(forTimeInterval: delay)
                peer.chunk(Array(piece.utf8))
                peer.waitForClose()
            }
            return .close
        }
    }

    enum StreamEnd: Sendable {
        /// Nothing more comes, and the connection stays: as when the other end is gone without a word.
        case silence
        case clean
        /// The connection ends in the middle of the body.
        case cut
        case reset
        /// After some seconds one more piece, and then silence.
        case later(Double, String)
        /// After some seconds the clean end.
        case endLater(Double)
    }
}

/// A server that does with the requests what a script says, in its order, over TCP or over TLS.
final class FaultServer: Sendable {
    let configuration: ClusterConfiguration
    private let server: RawServer
    private let script: Script

    /// - Parameter observe: asked when a request comes; its word stands in the log after the request's.
    init(
        _ steps: [Step],
        isSecure: Bool,
        version: TLSFront.Version = .http1,
        observe: @escaping @Sendable () -> String? = { nil }
    ) throws {
        let script = Script(steps)
        self.script = script
        server = try RawServer { peer, _ in
            while let request = peer.request(withBody: script.next?.readsBody ?? true) {
                guard !request.line.hasPrefix("PRI ") else {
                    return HTTP2Peer(peer).serve { script.take("list over HTTP/2", observe)?.body }
                }
                guard let step = script.take(request, observe) else {
                    // Past the script nobody looks any more.
                    peer.waitForClose()
                    return
                }
                switch step.act(peer) {
                case .keep: continue
                case .close: return
                case .reset:
                    peer.reset()
                    return
                }
            }
        }
        configuration =
            isSecure
            ? try TLSFront.shared.get().configuration(before: server.port, speaking: version)
            : ClusterConfiguration(server: server.url)
    }

    func stop() { server.stop() }

    /// What was asked and answered, in order.
    var log: [String] { script.log }
    var isDone: Bool { script.isDone }
    /// Time between the requests at these places of the log.
    func pause(before index: Int) -> Duration { script.pause(before: index) }
}

private final class Script: Sendable {
    private struct State {
        var steps: ArraySlice<Step>
        var log: [String] = []
        var times: [ContinuousClock.Instant] = []
    }

    private let state: Mutex<State>

    init(_ steps: [Step]) {
        state = Mutex(State(steps: steps[...]))
    }

    var log: [String] { state.withLock(\.log) }
    var isDone: Bool { state.withLock { $0.steps.isEmpty } }
    var next: Step? { state.withLock(\.steps.first) }

    func pause(before index: Int) -> Duration {
        state.withLock { state in
            guard index > 0, index < state.times.count else { return .zero }
            return state.times[index - 1].duration(to: state.times[index])
        }
    }

    func take(_ request: Peer.Request, _ observe: () -> String?) -> Step? {
        take(RequestName.of(request.line), observe)
    }

    func take(_ name: String, _ observe: () -> String?) -> Step? {
        let word = observe().map { " (\($0))" } ?? ""
        return state.withLock { state in
            guard let step = state.steps.popFirst() else { return nil }
            state.log.append("\(name)\(word): \(step.name)")
            state.times.append(.now)
            return step
        }
    }
}

/// A request in few words, for the table.
private enum RequestName {
    static func of(_ line: String) -> String {
        let parts = line.split(separator: " ")
        guard parts.count > 1, let url = URLComponents(string: String(parts[1])) else { return line }
        let query = Dictionary((url.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
        let names = url.path.split(separator: "/").drop { $0 != "things" }.dropFirst()
        if query["sendInitialEvents"] != nil { return "stream" }
        if query["watch"] != nil { return "watch from \(query["resourceVersion"] ?? "now")" }
        if parts[0] == "GET", names.isEmpty {
            if query["limit"] == "1" || query["fieldSelector"] != nil { return "live read" }
            return query["continue"] == nil ? "list" : "next page"
        }
        let what = names.dropFirst().first.map { " \($0)" } ?? ""
        return (query["force"] == nil ? String(parts[0]) : "APPLY") + what
    }
}
