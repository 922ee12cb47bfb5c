package import KubeCore
import Synchronization

/// A small API server that speaks the protocol of the real one: in the process, or over HTTP.
///
/// It keeps everything in memory. What it does not implement it refuses with 404, 405 or 415 and never pretends.
package final class APIServer: Sendable {
    let configuration: APIServerConfiguration
    private let state: Mutex<APIServerState>
    private let watches = Mutex(Watches())
    private let faults = Mutex(Faults())
    private let observer = Mutex<(@Sendable (APIUser, APIAccess, Bool) -> Void)?>(nil)

    private struct Watches {
        var next = 0
        var sessions: [Int: WatchSession] = [:]
    }

    private struct Faults {
        var count = 0
        var plan: FaultPlan?
    }

    /// Creates a server with its built-in kinds and the namespaces `default` and `kube-system`.
    package init(_ configuration: APIServerConfiguration = APIServerConfiguration()) {
        self.configuration = configuration
        state = Mutex(APIServerState(configuration))
    }

    /// A transport that carries requests into this server without a socket.
    ///
    /// - Parameter token: of the service account that asks; without one it is the administrator.
    package func transport(agent: String = "in-process", token: String? = nil) -> any Transport {
        InProcessTransport(server: self, agent: agent, token: token)
    }

    /// The revision of the newest change.
    package var revision: UInt64 { state.withLock { $0.revision } }

    /// Watches that are open now.
    package var openWatches: Int { watches.withLock { $0.sessions.count } }

    /// Forgets the history: versions from before now get 410, also those of watches that lag behind.
    package func compact() { state.withLock { $0.compact() } }

    /// Sends a bookmark to every watch that allows them, now rather than after the interval.
    package func sendBookmarks() {
        for session in watches.withLock({ Array($0.sessions.values) }) { session.requestBookmark() }
    }

    /// Ends every watch after what it has not sent yet, as a server does that goes away.
    package func endWatches() {
        for session in watches.withLock({ Array($0.sessions.values) }) { session.finish() }
    }

    /// Lets requests over HTTP go wrong as a plan says, counted from now; nil stops that.
    package func setFaults(_ plan: FaultPlan?) { faults.withLock { $0 = Faults(plan: plan) } }

    /// Tells from now on what service accounts ask to do, and whether they may.
    package func observe(_ observer: @escaping @Sendable (APIUser, APIAccess, Bool) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    func nextFault(_ request: KubeRequest) -> Fault {
        let (number, plan) = faults.withLock { faults in
            faults.count += 1
            return (faults.count, faults.plan)
        }
        return plan?(number, request) ?? .none
    }

    /// Carries a request out and wakes the watches that it concerns.
    func handle(_ request: KubeRequest, agent: String, token: String? = nil) -> APIServerState.Reply {
        let now = configuration.now()
        let (reply, touched, accesses, served) = state.withLock { state in
            let reply = state.handle(request, agent: agent, token: token, now: now)
            defer {
                state.store.touched = []
                state.accesses = []
            }
            let isAboutKinds = state.store.touched.contains(APIResource.definitions.storage)
            let served = isAboutKinds ? Set(state.resources.values.map(\.storage)) : nil
            return (reply, state.store.touched, state.accesses, served)
        }
        if !accesses.isEmpty, let observer = observer.withLock({ $0 }) {
            for (user, access, isAllowed) in accesses { observer(user, access, isAllowed) }
        }
        if !touched.isEmpty {
            for session in watches.withLock({ Array($0.sessions.values) }) where touched.contains(session.storage) {
                session.wake()
            }
        }
        // The storage of a deleted definition goes, and its watches end.
        if let served {
            for session in watches.withLock({ Array($0.sessions.values) }) where !served.contains(session.storage) {
                session.finish()
            }
        }
        return reply
    }

    /// Starts following the changes that a watch is about.
    func session(_ watch: APIWatch) -> WatchSession {
        let id = watches.withLock { watches in
            watches.next += 1
            return watches.next
        }
        let session = WatchSession(watch, self) { [weak self] in
            _ = self?.watches.withLock { $0.sessions.removeValue(forKey: id) }
        }
        watches.withLock { $0.sessions[id] = session }
        session.start()
        return session
    }

    func advance(_ watch: inout APIWatch) -> [[UInt8]] {
        let now = configuration.now()
        return state.withLock { $0.advance(&watch, now: now) }
    }

    func bookmark(_ watch: APIWatch) -> [UInt8]? { state.withLock { $0.bookmark(watch) } }
}
