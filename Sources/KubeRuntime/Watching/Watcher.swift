public import KubeCore

/// Follows one collection of the API: what to do next, decided from what happened. It does no I/O.
///
/// # Expected flow
/// 1. `start` asks for a list: a streaming one, or one by pages from a server that has no streaming lists.
/// 2. `watchOpened`, then `received` for each event: each advances the version from which a new watch goes on.
/// 3. Whatever ends the watch resumes it from that version. Only a version that the server no longer has, or does not
///    have yet, and a watch that is shown to have missed something lead to a new list.
///
/// # Guarantees
/// - No event is lost: the version advances only by an event or bookmark that was handed to the store.
/// - A list counts only when its end was seen: the last page, or the bookmark that ends the initial events.
/// - Failures are spaced by `Configuration.backoff`, which is forgotten after `healthyAfter` without one. That includes
///   watches that the server ends at once and versions that it refuses again and again.
///
/// All errors are taken as passing: whoever wants to give up looks at the health of the reflector.
public struct Watcher<Object: KubeObject>: Sendable {
    enum State {
        case idle
        /// A page of a list is asked for.
        case listing(continuation: String?)
        /// A streaming list is asked for.
        case openingList
        /// A streaming list has begun and not ended.
        case streaming(events: Int)
        case openingWatch
        case watching(OpenWatch)
        /// A live read is asked for, because the watch is silent; how often it has failed.
        case checking(OpenWatch, failures: Int)
        case waiting(then: Resume)
    }

    enum Resume {
        case list(WatcherNote.Relist)
        case page(continuation: String?)
        case streamingList
        case watch
        case check(OpenWatch, failures: Int)
    }

    /// A watch that was accepted.
    struct OpenWatch {
        var since: Duration
        var events = 0
    }

    /// A version that a live read has shown and the watch has not.
    enum Debt {
        /// The watch has until then to bring it.
        case expected(String, until: Duration)
        /// It did not, and is opened anew: until that brings the version, or a list, something may have been missed.
        case overdue(String)
    }

    let configuration: WatcherConfiguration
    var state = State.idle
    private var backoff: Backoff
    /// Since when nothing has failed.
    private var healthySince: Duration?
    /// Versions refused by the server since the backoff was reset.
    private var refusals = 0
    /// Watches in a row that were accepted and brought nothing but their end or an error.
    private var wordless = 0
    /// Failures in a row of one page.
    var pageFailures = 0
    /// Streaming lists in a row that ended before their end.
    var brokenStreams = 0
    /// Objects to ask for in one page: fewer than configured, once a page was too large.
    public internal(set) var pageSize: Int
    /// How far the present list has gone.
    var bounds = ListBounds()
    /// What is known of the server, shared with its other watchers.
    let server: ServerMemory
    var debt: Debt?
    /// Whether the watch is silent on a server where silence is no sign of anything.
    var isQuiet = false
    /// What a list changed that was asked for because a watch had not brought a version; nil outside of such a list.
    var missed: Int?
    var wasProven = false
    var hasListed = false
    /// The version from which a watch loses nothing; nil before the first complete list.
    public private(set) var resourceVersion: String?

    /// Creates a watcher that has not started.
    ///
    /// - Parameter server: what is known of the server, shared with its other watchers.
    public init(configuration: WatcherConfiguration = WatcherConfiguration(), server: ServerMemory = ServerMemory()) {
        self.configuration = configuration
        self.server = server
        backoff = configuration.backoff
        pageSize = configuration.pageSize
    }

    /// Whether streaming lists are asked for: not while the server is known to have none.
    public var usesStreamingLists: Bool { configuration.streamingLists && server.traits.streamingLists }

    /// Whether the watch that is open stays so for the next action.
    public var keepsWatch: Bool {
        switch state {
        case .streaming, .watching, .checking, .waiting(then: .check): true
        default: false
        }
    }

    /// Begins with a list.
    public mutating func start(using generator: inout some RandomNumberGenerator) -> WatcherStep<Object> {
        relist(.initial, using: &generator)
    }

    /// The server accepted the watch, or the streaming list.
    public mutating func watchOpened(at now: Duration) -> WatcherStep<Object> {
        if case .openingList = state {
            state = .streaming(events: 0)
            return WatcherStep(next: .read(within: configuration.catchUpTimeout))
        }
        state = .watching(OpenWatch(since: now))
        if healthySince == nil { healthySince = now }
        return WatcherStep(next: nextRead(at: now))
    }

    /// An event of the watch came.
    public mutating func received(
        _ event: WatchEvent<Object>,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if case .streaming(let events) = state {
            state = .streaming(events: events + 1)
            return receivedInitial(event, isFirst: events == 0, at: now, using: &generator)
        }
        noteEvent()
        switch event {
        case .added(let object), .modified(let object):
            advance(to: object.metadata.resourceVersion)
            return WatcherStep(updates: [.applied(object)], next: nextRead(at: now))
        case .deleted(let object):
            advance(to: object.metadata.resourceVersion)
            return WatcherStep(updates: [.deleted(object)], next: nextRead(at: now))
        case .bookmark(let version, _):
            advance(to: version)
            return WatcherStep(updates: [.observed(resourceVersion: version)], next: nextRead(at: now))
        case .unknown:
            return WatcherStep(next: nextRead(at: now))
        case .error(let status):
            wordless += 1
            return watchFailed(Self.error(status), at: now, using: &generator)
        }
    }

    /// An event came whose object this release cannot read. It is passed over, unless the object is gone: asked again,
    /// the server would say the same.
    ///
    /// - Parameter isDeletion: whether the event says that the object is gone.
    public mutating func receivedUnreadable(
        _ key: ObjectKey,
        resourceVersion: String?,
        isDeletion: Bool,
        at now: Duration
    ) -> WatcherStep<Object> {
        if case .streaming(let events) = state {
            state = .streaming(events: events + 1)
            let update = isDeletion ? StoreUpdate<Object>.gone(key, resourceVersion: nil) : .page([], unreadable: [key])
            return WatcherStep(updates: [update], next: .read(within: configuration.catchUpTimeout))
        }
        noteEvent()
        advance(to: resourceVersion)
        let next = nextRead(at: now)
        guard isDeletion else { return WatcherStep(next: next) }
        return WatcherStep(updates: [.gone(key, resourceVersion: resourceVersion)], next: next)
    }

    /// The server ended the watch in good order, as it does after the timeout that it was given.
    public mutating func watchEnded(
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if case .streaming = state {
            let error = KubeError(.protocolViolation, "the streaming list ended before its last object")
            return streamBroke(error, at: now, using: &generator)
        }
        if case .watching(let watch) = state, watch.events == 0, now - watch.since < configuration.shortestWatch {
            // Without this, a proxy that ends every watch at once would be asked without end.
            wordless += 1
            let error = KubeError(.protocolViolation, "the watch ended at once and without an event")
            return watchBroke(error, at: now, using: &generator)
        }
        if case .overdue = debt { return judge(using: &generator) }
        return WatcherStep(note: .restart(.ended), next: openWatch(using: &generator))
    }

    /// The watch could not be opened, or broke.
    public mutating func watchFailed(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        switch state {
        case .openingList: return streamRefused(error, at: now, using: &generator)
        case .streaming: return streamBroke(error, at: now, using: &generator)
        default: break
        }
        if error.isGone { return versionRefused(.expired, error, at: now, using: &generator) }
        if error.isVersionTooLarge { return versionRefused(.tooLarge, error, at: now, using: &generator) }
        return watchBroke(error, at: now, using: &generator)
    }

    /// The wait that the last step asked for is over.
    public mutating func waited(using generator: inout some RandomNumberGenerator) -> WatcherStep<Object> {
        guard case .waiting(let resume) = state else { return relist(.initial, using: &generator) }
        switch resume {
        case .list(let reason):
            return relist(reason, using: &generator)
        case .page(let continuation):
            state = .listing(continuation: continuation)
            return WatcherStep(next: .list(continuation: continuation))
        case .streamingList:
            return WatcherStep(next: openList(using: &generator))
        case .watch:
            return WatcherStep(next: openWatch(using: &generator))
        case .check(let watch, let failures):
            state = .checking(watch, failures: failures)
            return WatcherStep(next: .check)
        }
    }
}

extension Watcher {
    static func error(_ status: Status) -> KubeError {
        KubeError(.status, "the watch ended: \(status.message ?? "no description")", status: status)
    }

    /// While a version is owed the server has less time to be silent.
    func nextRead(at now: Duration) -> WatcherAction {
        switch debt {
        case nil: .read(within: nil)
        case .expected(_, let until): .read(within: max(until - now, .zero))
        case .overdue: .read(within: configuration.catchUpTimeout)
        }
    }

    private mutating func noteEvent() {
        guard case .watching(var watch) = state else { return }
        watch.events += 1
        state = .watching(watch)
    }

    private mutating func advance(to version: String?) {
        guard let version, !version.isEmpty else { return }
        wordless = 0
        (wasProven, isQuiet) = (false, false)
        resourceVersion = version
        switch debt {
        case .expected(let owed, _)?, .overdue(let owed)?:
            if ResourceVersion.isAtLeast(version, owed) == true { debt = nil }
        case nil: break
        }
    }

    /// The list is complete: nothing is owed any more, and a watch goes on from its version.
    mutating func listEnded(_ version: String, at now: Duration) {
        resourceVersion = version
        (hasListed, debt, wasProven, isQuiet) = (true, nil, false, false)
        (wordless, pageFailures, brokenStreams) = (0, 0, 0)
        if healthySince == nil { healthySince = now }
    }

    mutating func openWatch(using generator: inout some RandomNumberGenerator) -> WatcherAction {
        guard let resourceVersion else {
            state = .waiting(then: .list(.initial))
            return .wait(.zero)
        }
        state = .openingWatch
        if case .overdue = debt {
            return .watch(resourceVersion: resourceVersion, timeout: .seconds(configuration.proofSeconds))
        }
        return .watch(resourceVersion: resourceVersion, timeout: watchLength(using: &generator))
    }

    func watchLength(using generator: inout some RandomNumberGenerator) -> Duration {
        .seconds(Int.random(in: configuration.watchSeconds, using: &generator))
    }

    private mutating func watchBroke(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard wordless > 1 else { return fail(error, .watch, now, &generator) }
        // Watches that are accepted and say nothing are no proof that nothing happened: only a list is.
        wordless = 0
        return fail(error, .list(.silent), now, &generator)
    }

    /// The first refusal is answered by a list at once; a server that refuses fresh versions too is asked ever more
    /// slowly.
    mutating func versionRefused(
        _ reason: WatcherNote.Relist,
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        recover(at: now)
        refusals += 1
        guard refusals > 1 else { return relist(reason, using: &generator) }
        return fail(error, .list(reason), now, &generator)
    }

    mutating func fail(
        _ error: KubeError,
        _ resume: Resume,
        _ now: Duration,
        _ generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        recover(at: now)
        healthySince = nil
        state = .waiting(then: resume)
        let delay = max(backoff.next(using: &generator), error.retryAfter ?? .zero)
        return WatcherStep(note: .failure(error, delay: delay), next: .wait(delay))
    }

    private mutating func recover(at now: Duration) {
        guard let healthySince, now - healthySince >= configuration.healthyAfter else { return }
        backoff.reset()
        refusals = 0
    }
}
