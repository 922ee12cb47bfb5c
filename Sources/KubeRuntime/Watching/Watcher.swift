public import KubeCore

/// Follows one collection of the API: what to do next, decided from what happened. It does no I/O.
///
/// # Expected flow
/// 1. `start` asks for a list; `listed` takes its pages; after the last one it asks for a watch from
///    the list's version.
/// 2. `watchOpened`, then `received` for each event: each advances the version from which a new watch goes on.
/// 3. Whatever ends the watch resumes it from that version. Only a version that the server no longer has, or does not
///    have yet, leads to a new list.
///
/// # Guarantees
/// - No event is lost: the version advances only by an event or bookmark that was handed to the store.
/// - Failures are spaced by `Configuration.backoff`, which is forgotten after `healthyAfter` without one. That includes
///   watches that the server ends at once and versions that it refuses again and again.
///
/// All errors are taken as passing: whoever wants to give up looks at the health of the reflector.
public struct Watcher<Object: KubeObject>: Sendable {
    private enum State {
        case idle
        case listing(continuation: String?)
        case opening
        case watching(since: Duration, events: Int)
        case waiting(then: Resume)
    }

    private enum Resume {
        case list(WatcherNote.Relist)
        case page(continuation: String?)
        case watch
    }

    private let configuration: WatcherConfiguration
    private var state = State.idle
    private var backoff: Backoff
    /// Since when nothing has failed.
    private var healthySince: Duration?
    /// Versions refused by the server since the backoff was reset.
    private var refusals = 0
    /// Watches in a row that were accepted and brought nothing but silence or an error.
    private var wordless = 0
    /// Failures in a row of one page.
    private var pageFailures = 0
    /// The version from which a watch loses nothing; nil before the first complete list.
    public private(set) var resourceVersion: String?

    /// Creates a watcher that has not started.
    public init(configuration: WatcherConfiguration = WatcherConfiguration()) {
        self.configuration = configuration
        backoff = configuration.backoff
    }

    /// Begins with a list.
    public mutating func start() -> WatcherStep<Object> {
        relist(.initial)
    }

    /// A page of the list came.
    public mutating func listed(
        _ page: ObjectPage<Object>,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        guard let version = page.resourceVersion, !version.isEmpty else {
            let error = KubeError(.protocolViolation, "metadata.resourceVersion of the list is missing; need a version")
            return listFailed(error, at: now, using: &generator)
        }
        pageFailures = 0
        wordless = 0
        let update = StoreUpdate<Object>.page(page.objects, unreadable: page.unreadable)
        if let continuation = page.continuation, !continuation.isEmpty {
            state = .listing(continuation: continuation)
            return WatcherStep(updates: [update], next: .list(continuation: continuation))
        }
        resourceVersion = version
        if healthySince == nil { healthySince = now }
        return WatcherStep(
            updates: [update, .relistEnded(resourceVersion: version)],
            next: openWatch(using: &generator)
        )
    }

    /// A page of the list could not be had.
    public mutating func listFailed(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if error.isGone { return versionRefused(.expired, error, at: now, using: &generator) }
        guard case .listing(let continuation) = state else { return fail(error, .list(.initial), now, &generator) }
        pageFailures += 1
        if continuation != nil, !error.isTransient || pageFailures >= 3 {
            pageFailures = 0
            return fail(error, .list(.pageRefused), now, &generator)
        }
        // The same page again: its token holds for minutes, and the pages before it are in the store.
        return fail(error, .page(continuation: continuation), now, &generator)
    }

    /// The server accepted the watch.
    public mutating func watchOpened(at now: Duration) -> WatcherStep<Object> {
        state = .watching(since: now, events: 0)
        if healthySince == nil { healthySince = now }
        return WatcherStep(next: .read)
    }

    /// An event of the watch came.
    public mutating func received(
        _ event: WatchEvent<Object>,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        noteEvent()
        switch event {
        case .added(let object), .modified(let object):
            advance(to: object.metadata.resourceVersion)
            return WatcherStep(updates: [.applied(object)], next: .read)
        case .deleted(let object):
            advance(to: object.metadata.resourceVersion)
            return WatcherStep(updates: [.deleted(object)], next: .read)
        case .bookmark(let version):
            advance(to: version)
            return WatcherStep(updates: [.observed(resourceVersion: version)], next: .read)
        case .unknown:
            return WatcherStep(next: .read)
        case .error(let status):
            let error = KubeError(.status, "the watch ended: \(status.message ?? "no description")", status: status)
            wordless += 1
            return watchFailed(error, at: now, using: &generator)
        }
    }

    /// An event came whose object this release cannot read. It is passed over, unless the object is gone: asked again,
    /// the server would say the same.
    ///
    /// - Parameter isDeletion: whether the event says that the object is gone.
    public mutating func receivedUnreadable(
        _ key: ObjectKey,
        resourceVersion: String?,
        isDeletion: Bool
    ) -> WatcherStep<Object> {
        noteEvent()
        wordless = 0
        advance(to: resourceVersion)
        guard isDeletion else { return WatcherStep(next: .read) }
        return WatcherStep(updates: [.gone(key, resourceVersion: resourceVersion)], next: .read)
    }

    /// The server ended the watch in good order, as it does after the timeout that it was given.
    public mutating func watchEnded(
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if case .watching(let since, let events) = state, events == 0, now - since < configuration.shortestWatch {
            // Without this, a proxy that ends every watch at once would be asked without end.
            let error = KubeError(.protocolViolation, "the watch ended at once and without an event")
            return fail(error, .watch, now, &generator)
        }
        return WatcherStep(note: .restart(.ended), next: openWatch(using: &generator))
    }

    /// The watch could not be opened, or broke.
    public mutating func watchFailed(
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        if error.isGone { return versionRefused(.expired, error, at: now, using: &generator) }
        if error.isVersionTooLarge { return versionRefused(.tooLarge, error, at: now, using: &generator) }
        if case .watching = state, error.code == .timeout {
            // Silent for longer than the bookmarks' interval: the connection is dead. Nothing was missed by waiting.
            wordless += 1
            guard wordless > 1 else {
                return WatcherStep(note: .restart(.idle), next: openWatch(using: &generator))
            }
        }
        guard wordless > 1 else { return fail(error, .watch, now, &generator) }
        // A watch that is accepted and says nothing is no proof that nothing happened: only a list is.
        wordless = 0
        return fail(error, .list(.silent), now, &generator)
    }

    /// The wait that the last step asked for is over.
    public mutating func waited(using generator: inout some RandomNumberGenerator) -> WatcherStep<Object> {
        guard case .waiting(let resume) = state else { return relist(.initial) }
        switch resume {
        case .list(let reason):
            return relist(reason)
        case .page(let continuation):
            state = .listing(continuation: continuation)
            return WatcherStep(next: .list(continuation: continuation))
        case .watch:
            return WatcherStep(next: openWatch(using: &generator))
        }
    }
}

extension Watcher {
    private mutating func noteEvent() {
        if case .watching(let since, let events) = state { state = .watching(since: since, events: events + 1) }
    }

    private mutating func advance(to version: String?) {
        guard let version, !version.isEmpty else { return }
        wordless = 0
        resourceVersion = version
    }

    private mutating func relist(_ reason: WatcherNote.Relist) -> WatcherStep<Object> {
        state = .listing(continuation: nil)
        return WatcherStep(updates: [.relistBegan], note: .relist(reason), next: .list(continuation: nil))
    }

    private mutating func openWatch(using generator: inout some RandomNumberGenerator) -> WatcherAction {
        guard let resourceVersion else {
            state = .waiting(then: .list(.initial))
            return .wait(.zero)
        }
        state = .opening
        let seconds = Int.random(in: configuration.watchSeconds, using: &generator)
        return .watch(resourceVersion: resourceVersion, timeout: .seconds(seconds))
    }

    /// The first refusal is answered by a list at once; a server that refuses fresh versions too is asked ever more
    /// slowly.
    private mutating func versionRefused(
        _ reason: WatcherNote.Relist,
        _ error: KubeError,
        at now: Duration,
        using generator: inout some RandomNumberGenerator
    ) -> WatcherStep<Object> {
        recover(at: now)
        refusals += 1
        guard refusals > 1 else { return relist(reason) }
        return fail(error, .list(reason), now, &generator)
    }

    private mutating func fail(
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
