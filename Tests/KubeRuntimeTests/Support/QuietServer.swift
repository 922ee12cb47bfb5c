import KubeCore
import KubeTestSupport
import Synchronization

/// An API server with one quiet collection in a cluster in which other things happen, as the watch cache of Kubernetes
/// has it (kubernetes/apiserver, pkg/storage/cacher): a watch that was opened at a version gets a bookmark about every
/// minute and two seconds before its end, but only once the cache of its kind has come further than that version. In a
/// kind without events nothing brings the cache further but a read that must be current.
final class QuietServer: Transport {
    /// What a read that must be current does to the cache.
    enum Reads: Sendable {
        /// The cache asks the database how far it is, as from 1.31 on with etcd 3.5.
        case moveTheCache
        /// The read goes past the cache.
        case passTheCache
    }

    private struct State {
        var requests: [KubeRequest] = []
        var cache: Int
        var objects: [(widget: Widget, version: Int)] = []
        /// Streams opened before this moment are dead: their connection leads nowhere, and nobody says so.
        var deadBefore: Swift.Duration = .zero
        var isAway = false
    }

    private let clock: TestClock
    private let reads: Reads
    /// How a streaming list is refused: by this ERROR event in a stream of status 200.
    private let refusal: String?
    private let state: Mutex<State>

    init(_ clock: TestClock, reads: Reads = .moveTheCache, refusal: String? = nil) {
        self.clock = clock
        self.reads = reads
        self.refusal = refusal
        state = Mutex(State(cache: 1000))
    }

    var requests: [KubeRequest] { state.withLock(\.requests) }
    /// Whole lists, by pages and as streams.
    var lists: Int { requests.count { $0.query("limit") == "500" || $0.query("sendInitialEvents") != nil } }

    func forgetRequests() { state.withLock { $0.requests = [] } }
    func set(isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// Cuts all open watches off without a word.
    func cut() {
        let now = clock.now.offset
        state.withLock { $0.deadBefore = now + .milliseconds(1) }
    }

    func add(_ name: String) {
        let version = revision
        state.withLock { state in
            state.cache = version
            state.objects.append((Widget(name, version: "\(version)"), version))
        }
    }

    /// Something happens in the cluster each second.
    private var revision: Int { 1000 + Int(clock.now.offset.components.seconds) }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        let now = revision
        let body: String? = state.withLock { state in
            state.requests.append(request)
            if state.isAway { return nil }
            if reads == .moveTheCache { state.cache = now }
            let isWhole = request.query("limit") == "500"
            return listBody(isWhole ? state.objects.map(\.widget) : [], version: "\(now)")
        }
        guard let body else { throw refused }
        return KubeResponse(status: 200, body: Array(body.utf8))
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        let now = revision
        let isList = request.query("sendInitialEvents") != nil
        let stream: Stream? = state.withLock { state in
            state.requests.append(request)
            if state.isAway { return nil }
            var stream = Stream(
                openedAt: clock.now.offset,
                length: .seconds(request.query("timeoutSeconds").flatMap(Int.init) ?? 1800),
                idle: request.idleTimeout ?? .seconds(3600),
                version: request.query("resourceVersion").flatMap(Int.init) ?? now
            )
            if isList {
                if let refusal {
                    stream.pending = [refusal]
                    stream.isOver = true
                    return stream
                }
                if reads == .moveTheCache { state.cache = now }
                stream.pending = state.objects.map { eventLine("ADDED", $0.widget) } + [endLine("\(now)")]
            }
            stream.seen = stream.version
            return stream
        }
        guard let stream else { throw refused }
        let box = Mutex(stream)
        return KubeResponseStream(
            status: 200,
            next: { () async throws(KubeError) -> [UInt8]? in try await self.next(box) },
            cancel: {}
        )
    }

    private struct Stream {
        var openedAt: Swift.Duration
        var length: Swift.Duration
        var idle: Swift.Duration
        /// Bookmarks come for what is newer.
        var version: Int
        var seen = 0
        var pending: [String] = []
        var isOver = false
        var bookmarks = 0
        var saidLast = false
    }

    private func next(_ box: borrowing Mutex<Stream>) async throws(KubeError) -> [UInt8]? {
        let since = clock.now.offset
        while true {
            let now = clock.now.offset
            let (cache, objects, deadBefore) = state.withLock { ($0.cache, $0.objects, $0.deadBefore) }
            let (text, isEnd): (String?, Bool) = box.withLock { stream in
                if !stream.pending.isEmpty { return (stream.pending.removeFirst(), false) }
                if stream.isOver { return (nil, true) }
                guard stream.openedAt >= deadBefore else { return (nil, false) }
                if let new = objects.first(where: { $0.version > stream.seen }) {
                    stream.seen = new.version
                    return (eventLine("ADDED", new.widget), false)
                }
                let age = now - stream.openedAt
                let isLast = age >= stream.length - .seconds(2) && !stream.saidLast
                if age >= .seconds(60) * (stream.bookmarks + 1) || isLast {
                    stream.bookmarks = Int(age / .seconds(60))
                    stream.saidLast = stream.saidLast || isLast
                    if cache > stream.version { return (bookmarkLine("\(cache)"), false) }
                }
                return (nil, age >= stream.length)
            }
            if let text { return Array(text.utf8) }
            if isEnd { return nil }
            let idle = box.withLock { $0.idle }
            guard now - since < idle else { throw KubeError(.timeout, "no data for \(idle)") }
            do {
                try await clock.sleep(until: clock.now.advanced(by: .seconds(1)), tolerance: nil)
            } catch {
                throw KubeError(.cancelled, "the task was cancelled")
            }
        }
    }
}
