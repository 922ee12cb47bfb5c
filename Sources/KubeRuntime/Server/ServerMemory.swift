public import KubeCore
import Synchronization

/// What an API server can do, of what not every one can.
public struct ServerTraits: Hashable, Sendable {
    /// Whether it serves lists as streams.
    public var streamingLists = true
    /// Whether a watch in which nothing happens gets a bookmark after a live read of its collection.
    public var bookmarksOnRequest = true

    /// A server that can do all of it.
    public init() {}
}

/// What those who talk to one API server have found out about it, so that each thing is found out once and not once
/// for each collection.
///
/// What a server can't do is forgotten after `lifetime`, since another release may answer at the same address by then,
/// and at once when the server comes back from an outage (`ReportingTransport`).
public final class ServerMemory: Sendable {
    /// How long it is remembered that a server can't do something.
    public static let lifetime = Duration.seconds(3600)

    private struct State {
        /// When it was found out; nil where nothing speaks against it.
        var absentSince: [Trait: Duration] = [:]
        var announced: Set<Trait> = []
        /// How many objects are kept of it, by who keeps them.
        var kept: [UInt64: Int] = [:]
        var keepers: UInt64 = 0
    }

    enum Trait: Hashable, Sendable {
        case streamingLists, bookmarksOnRequest
    }

    private let time: MonotonicTime
    private let state = Mutex(State())
    /// Notified by every sign of the server's.
    let signs = Broadcast()

    /// The most objects that are kept of the server, all collections together.
    public let objectLimit: Int

    /// Creates a memory that knows nothing.
    ///
    /// - Parameter objectLimit: the most objects that are kept of the server, all collections together; about 1.3 kB of
    ///   memory each.
    public init(clock: any Clock<Duration> = ContinuousClock(), objectLimit: Int = ListBounds.objects) {
        time = MonotonicTime(clock)
        self.objectLimit = objectLimit
    }

    /// What is known now.
    public var traits: ServerTraits {
        let now = time.now
        return state.withLock { state in
            func has(_ trait: Trait) -> Bool { state.absentSince[trait].map { now - $0 >= Self.lifetime } ?? true }
            var traits = ServerTraits()
            traits.streamingLists = has(.streamingLists)
            traits.bookmarksOnRequest = has(.bookmarksOnRequest)
            return traits
        }
    }

    /// Begins anew, as with a server of which nothing is known.
    public func forget() {
        state.withLock { state in
            (state.absentSince, state.announced) = ([:], [])
        }
    }

    /// A number for somebody who keeps objects of the server.
    func keeper() -> UInt64 {
        state.withLock { state in
            state.keepers += 1
            return state.keepers
        }
    }

    /// Whoever keeps objects wants to keep so many from now on; zero gives all of them back.
    ///
    /// - Throws: `KubeError` with code `tooLarge` where all together would be more than there is memory for; nothing
    ///   has changed then.
    func keep(_ count: Int, by keeper: UInt64) throws(KubeError) {
        let others = state.withLock { state in
            let others = state.kept.reduce(0) { $0 + ($1.key == keeper ? 0 : $1.value) }
            if count == 0 {
                state.kept[keeper] = nil
            } else if others + count <= objectLimit {
                state.kept[keeper] = count
            }
            return others
        }
        guard count > 0, others + count > objectLimit else { return }
        throw KubeError(
            .tooLarge,
            "\(count) objects of the kind, and \(others) of others: more than the \(objectLimit) that are kept "
                + "in memory"
        )
    }

    /// The server has answered somebody, or sent something: whoever waits because it could not be reached may try
    /// again.
    func heard() { signs.notify() }

    /// The server has shown that it can't do this.
    func lacks(_ trait: Trait) {
        let now = time.now
        state.withLock { $0.absentSince[trait] = now }
    }

    /// Whether it has not been said yet that the server can't do this; it counts as said from now on.
    func isNews(_ trait: Trait) -> Bool {
        state.withLock { $0.announced.insert(trait).inserted }
    }
}
