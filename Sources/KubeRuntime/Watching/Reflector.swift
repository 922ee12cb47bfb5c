public import KubeCore
public import Logging
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Keeps a store like a collection of the API: the shell that does what a `Watcher` decides.
///
/// # Guarantees
/// - `run` ends by cancellation only, whatever the server does.
/// - The store is complete from the first list on, and old objects stay in it until a new list has ended.
///
/// # Caveats
/// A store is as old as `health.age`, and `health.freshness` says how that is known: whoever decides by absence looks
/// at both first.
public final class Reflector<Object: KubeObject>: Sendable {
    /// The store that this reflector fills.
    public let store: Store<Object>.Reader
    private let writer: Store<Object>.Writer
    private let api: KubeAPI
    private let options: ListOptions
    private let configuration: WatcherConfiguration
    let time: MonotonicTime
    private let makeGenerator: @Sendable () -> any RandomNumberGenerator
    let logger: Logger
    let server: ServerMemory
    private let keeper: UInt64
    /// Notified by what comes from the watch and by a demand.
    private let wake = Broadcast()
    private let isProofDemanded = Mutex(false)
    let record: Mutex<ReflectorRecord>

    /// Creates a reflector with a store of its own.
    ///
    /// - Parameters:
    ///   - options: what to follow; its `limit` is replaced by the configuration's page size.
    ///   - server: what is known of the server, to be shared by all who talk to it.
    ///   - transform: applied to each object before it is stored, to drop what is not needed.
    ///   - indexes: kept by the store beside its objects.
    ///   - generator: source of jitter and of the watches' length.
    public init(
        _ api: KubeAPI,
        _ options: ListOptions = ListOptions(),
        configuration: WatcherConfiguration = WatcherConfiguration(),
        server: ServerMemory = ServerMemory(),
        clock: any Clock<Duration> = ContinuousClock(),
        generator: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() },
        logger: Logger,
        transform: @escaping @Sendable (Object) -> Object = { $0 },
        indexes: [StoreIndex<Object>] = []
    ) {
        self.api = api
        self.options = options
        self.configuration = configuration
        self.server = server
        keeper = server.keeper()
        time = MonotonicTime(clock)
        makeGenerator = generator
        var logger = logger
        logger[metadataKey: "resource"] = "\(Object.resource.plural)"
        self.logger = logger
        (writer, store) = Store.make(transform: transform, indexes: indexes)
        record = Mutex(ReflectorRecord(startedAt: time.now))
    }

    /// How fresh the store is and what has gone wrong since the start.
    public var health: ReflectorHealth {
        let now = time.now
        return record.withLock { $0.health(at: now, isSynced: store.isSynced) }
    }

    /// Follows the collection until the task is cancelled. To be called by one task at a time.
    public func run() async {
        var watcher = Watcher<Object>(configuration: configuration, server: server)
        var generator = makeGenerator()
        var connection: WatchConnection<Object>?
        var returning = EarlyReturn()
        var step = watcher.start(using: &generator)
        while true {
            report(step.note)
            take(step.updates, &watcher)
            if !watcher.keepsWatch {
                connection?.close()
                connection = nil
            }
            if Task.isCancelled { break }
            if case .failure(let error, _) = step.note { returning.failed(error) }
            step = await take(step.next, &watcher, &connection, &returning, &generator)
        }
        connection?.close()
        try? server.keep(0, by: keeper)
    }

    private func take(_ updates: [StoreUpdate<Object>], _ watcher: inout Watcher<Object>) {
        let freshness = watcher.freshness
        var endsList = false
        for case .relistEnded in updates { endsList = true }
        // Before the store tells its readers.
        record.withLock { record in
            record.freshness = freshness
            if endsList { record.lists += 1 }
        }
        var changes = 0
        for update in updates { changes += writer.apply(update) }
        report(watcher.stored(changes: changes))
    }

    private func take(
        _ action: WatcherAction,
        _ watcher: inout Watcher<Object>,
        _ connection: inout WatchConnection<Object>?,
        _ returning: inout EarlyReturn,
        _ generator: inout any RandomNumberGenerator
    ) async -> WatcherStep<Object> {
        do throws(KubeError) {
            switch action {
            case .list(let continuation):
                let page = try await list(continuation, limit: watcher.pageSize)
                returning.succeeded()
                return watcher.listed(page, at: time.now, using: &generator)
            case .streamList(let timeout):
                connection = try await open(streamingList(timeout))
                return watcher.watchOpened(at: time.now)
            case .watch(let version, let timeout):
                // That the server accepts a watch is no word about the collection: it may never say another one.
                connection = try await open(watch(version, timeout))
                return watcher.watchOpened(at: time.now)
            case .read(let limit):
                let openedAt = time.now
                defer { if time.now - openedAt >= configuration.shortestWatch { returning.succeeded() } }
                return try await read(limit ?? configuration.idleTimeout, &watcher, &connection, &generator)
            case .check:
                let version = try await presentVersion()
                let step = watcher.checked(version, at: time.now, using: &generator)
                if watcher.freshness == .proven { heard() }
                return step
            case .wait(let delay):
                await wait(delay, &returning)
                return watcher.waited(using: &generator)
            }
        } catch {
            switch action {
            case .list: return watcher.listFailed(error, at: time.now, using: &generator)
            case .check: return watcher.checkFailed(error, at: time.now, using: &generator)
            case .streamList, .watch, .read, .wait:
                return watcher.watchFailed(error, at: time.now, using: &generator)
            }
        }
    }

    /// Waits for as long, or until others hear of the server.
    private func wait(_ delay: Duration, _ returning: inout EarlyReturn) async {
        guard let least = returning.least(of: delay) else {
            try? await time.sleep(for: delay)
            return
        }
        let (seen, until) = (server.signs.generation, time.now + delay)
        try? await time.sleep(for: least)
        await server.signs.wait(past: seen, upTo: until - time.now, on: time)
        if server.signs.generation != seen { returning.returned() }
    }

    private func read(
        _ limit: Duration,
        _ watcher: inout Watcher<Object>,
        _ connection: inout WatchConnection<Object>?,
        _ generator: inout any RandomNumberGenerator
    ) async throws(KubeError) -> WatcherStep<Object> {
        let item = try await connection?.next(within: limit, on: time) { isProofDemanded.withLock { $0 } }
        switch item ?? .end {
        case .end:
            return watcher.watchEnded(at: time.now, using: &generator)
        case .silence:
            return watcher.heardNothing(at: time.now, using: &generator)
        case .interrupted:
            isProofDemanded.withLock { $0 = false }
            return watcher.proofDemanded(using: &generator) ?? WatcherStep(next: .read(within: limit))
        case .event(let event):
            if event.isWord { heard() }
            if case .added = event { try server.keep(store.count + 1, by: keeper) }
            return watcher.received(event, at: time.now, using: &generator)
        case .unreadable(let event, let error):
            heard()
            let metadata = event.object.metadata
            unreadable([metadata.key], "\(error)")
            return watcher.receivedUnreadable(
                metadata.key,
                resourceVersion: metadata.resourceVersion,
                isDeletion: event.type == "DELETED",
                at: time.now
            )
        }
    }

    private func list(_ continuation: String?, limit: Int) async throws(KubeError) -> ObjectPage<Object> {
        var options = options
        options.limit = limit
        let page: ObjectPage<Object> = try await api.send(
            .list(Object.resource, options, continuation: continuation)
        )
        heard()
        try server.keep(store.count + page.objects.count, by: keeper)
        if !page.unreadable.isEmpty { unreadable(page.unreadable, "the object does not fit its type") }
        return page
    }

    /// The version that the collection has now: a read that must be current, of one name at most.
    ///
    /// Where the key of a name is known the server reads that alone, from its cache once that is current, which brings
    /// the cache as far as the database is (kubernetes/apiserver, `ListPredicate` of pkg/registry/generic/registry and
    /// pkg/storage/cacher, from 1.31 on). Elsewhere it is the first object, which goes past the cache before 1.34.
    /// Without the selectors: a server would look through the whole collection for an object that fits.
    private func presentVersion() async throws(KubeError) -> String? {
        var options = ListOptions(namespace: options.namespace)
        if Object.resource.namespaced, options.namespace == nil {
            options.limit = 1
        } else {
            options.fieldSelector = "metadata.name=any"
        }
        var request = KubeRequest.list(Object.resource, options)
        request.timeout = configuration.checkTimeout
        let head: ListHead = try await api.send(request)
        return head.metadata.resourceVersion
    }

    private func watch(_ version: String, _ timeout: Duration) -> KubeRequest {
        .watch(
            Object.resource,
            options,
            resourceVersion: version,
            timeout: timeout,
            idleTimeout: timeout + configuration.endTimeout
        )
    }

    private func streamingList(_ timeout: Duration) -> KubeRequest {
        let limit = timeout + configuration.endTimeout
        return .streamingList(Object.resource, options, timeout: timeout, idleTimeout: limit)
    }

    private func open(_ request: KubeRequest) async throws(KubeError) -> WatchConnection<Object> {
        let stream = try await api.transport.open(request)
        guard (200..<300).contains(stream.status) else {
            let body = try await stream.collect(upTo: 1 << 20)
            throw KubeResponse(status: stream.status, headers: stream.headers, body: body).asError(of: request)
        }
        return WatchConnection(stream, wake: wake)
    }
}

extension Reflector {
    /// Whether the store is only known not to be wrong: its watch has been silent for longer than `longestSilence`, on
    /// a server where silence is no sign of anything.
    public var needsProof: Bool {
        let health = health
        return health.freshness == .quiet && health.age > ReflectorHealth.longestSilence
    }

    /// Lists the collection anew where `needsProof`, and returns when the list has ended or `limit` has passed.
    ///
    /// A list is what a proof costs on such a server, so it is for decisions that can't be taken back, and not for a
    /// timer.
    public func prove(within limit: Duration) async {
        guard needsProof else { return }
        let before = record.withLock(\.lists)
        isProofDemanded.withLock { $0 = true }
        wake.notify()
        _ = await withDeadline(limit, on: time) {
            while !Task.isCancelled {
                let seen = self.store.generation
                if self.record.withLock(\.lists) != before { return }
                await self.store.waitForUpdate(after: seen)
            }
        }
    }
}

/// The head of a list, whatever its items are.
private struct ListHead: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String?
    }

    var metadata: Metadata
}

extension WatchEvent {
    /// Whether it says something of the collection; an error and a type that nobody knows do not.
    fileprivate var isWord: Bool {
        switch self {
        case .added, .modified, .deleted, .bookmark: true
        case .error, .unknown: false
        }
    }
}
