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
    let record: Mutex<ReflectorRecord>

    /// Creates a reflector with a store of its own.
    ///
    /// - Parameters:
    ///   - options: what to follow; its `limit` is replaced by the configuration's page size.
    ///   - transform: applied to each object before it is stored, to drop what is not needed.
    ///   - indexes: kept by the store beside its objects.
    ///   - generator: source of jitter and of the watches' length.
    public init(
        _ api: KubeAPI,
        _ options: ListOptions = ListOptions(),
        configuration: WatcherConfiguration = WatcherConfiguration(),
        clock: any Clock<Duration> = ContinuousClock(),
        generator: @escaping @Sendable () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() },
        logger: Logger,
        transform: @escaping @Sendable (Object) -> Object = { $0 },
        indexes: [StoreIndex<Object>] = []
    ) {
        self.api = api
        self.options = options
        self.configuration = configuration
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
        var watcher = Watcher<Object>(configuration: configuration)
        var generator = makeGenerator()
        var connection: WatchConnection<Object>?
        var step = watcher.start(using: &generator)
        while true {
            report(step.note)
            for update in step.updates { writer.apply(update) }
            record.withLock { $0.freshness = watcher.freshness }
            if !step.next.isRead { connection?.close() }
            if Task.isCancelled { break }
            step = await take(step.next, &watcher, &connection, &generator)
        }
        connection?.close()
    }

    private func take(
        _ action: WatcherAction,
        _ watcher: inout Watcher<Object>,
        _ connection: inout WatchConnection<Object>?,
        _ generator: inout any RandomNumberGenerator
    ) async -> WatcherStep<Object> {
        do throws(KubeError) {
            switch action {
            case .list(let continuation):
                let page = try await list(continuation)
                return watcher.listed(page, at: time.now, using: &generator)
            case .streamList(let timeout):
                connection = try await open(streamingList(timeout))
                return watcher.watchOpened(at: time.now)
            case .watch(let version, let timeout):
                // That the server accepts a watch is no word about the collection: it may never say another one.
                connection = try await open(watch(version, timeout))
                return watcher.watchOpened(at: time.now)
            case .read(let limit):
                return try await read(limit, &watcher, &connection, &generator)
            case .check:
                let version = try await presentVersion()
                let step = watcher.checked(version, at: time.now, using: &generator)
                if watcher.freshness == .proven { heard() }
                return step
            case .wait(let delay):
                try? await time.sleep(for: delay)
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

    private func read(
        _ limit: Duration?,
        _ watcher: inout Watcher<Object>,
        _ connection: inout WatchConnection<Object>?,
        _ generator: inout any RandomNumberGenerator
    ) async throws(KubeError) -> WatcherStep<Object> {
        switch try await connection?.next(within: limit, on: time) ?? .end {
        case .end:
            return watcher.watchEnded(at: time.now, using: &generator)
        case .event(let event):
            if event.isWord { heard() }
            return watcher.received(event, at: time.now, using: &generator)
        case .unreadable(let event, let error):
            heard()
            let metadata = event.object.metadata
            unreadable([metadata.key], "\(error)")
            return watcher.receivedUnreadable(
                metadata.key,
                resourceVersion: metadata.resourceVersion,
                isDeletion: event.type == "DELETED"
            )
        }
    }

    private func list(_ continuation: String?) async throws(KubeError) -> ObjectPage<Object> {
        var options = options
        options.limit = configuration.pageSize
        let page: ObjectPage<Object> = try await api.send(
            .list(Object.resource, options, continuation: continuation)
        )
        heard()
        if !page.unreadable.isEmpty { unreadable(page.unreadable, "the object does not fit its type") }
        return page
    }

    /// The version that the collection has now, read from the server and from no cache.
    private func presentVersion() async throws(KubeError) -> String? {
        var options = options
        options.limit = 1
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
            idleTimeout: configuration.idleTimeout
        )
    }

    private func streamingList(_ timeout: Duration) -> KubeRequest {
        .streamingList(Object.resource, options, timeout: timeout, idleTimeout: configuration.idleTimeout)
    }

    private func open(_ request: KubeRequest) async throws(KubeError) -> WatchConnection<Object> {
        let stream = try await api.transport.open(request)
        guard (200..<300).contains(stream.status) else {
            let body = try await stream.collect(upTo: 1 << 20)
            throw KubeResponse(status: stream.status, headers: stream.headers, body: body).asError(of: request)
        }
        return WatchConnection(stream)
    }
}

/// The head of a list, whatever its items are.
private struct ListHead: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String?
    }

    var metadata: Metadata
}

extension WatcherAction {
    fileprivate var isRead: Bool {
        if case .read = self { true } else { false }
    }
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
